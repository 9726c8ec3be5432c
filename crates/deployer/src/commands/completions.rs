//! `completions`: a script for the shell.

use std::fmt;

use anyhow::Context as _;
use clap::CommandFactory as _;
use serde::Serialize;

use crate::{
    cli::{Cli, CompletionsArgs},
    ui::Ui,
};

#[derive(Serialize)]
struct Completions {
    shell: String,
    script: String,
}

impl fmt::Display for Completions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.script)
    }
}

pub(super) fn run(ui: &Ui, args: &CompletionsArgs) -> anyhow::Result<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "deployer", &mut script);
    let script = String::from_utf8(script).context("encoding the script")?;
    ui.print(&Completions { shell: args.shell.to_string(), script })?;
    Ok(0)
}
