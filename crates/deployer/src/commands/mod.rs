//! One small file a command. Each gives the process's exit code, 0 unless something failed that is no error of the
//! whole command.

mod completions;
mod down;
mod export;
mod inspect;
mod local;
mod outputs;
mod package;
mod plan;
mod policy;
mod predict;
mod prepare;
mod stack;
mod status;
mod token;
mod up;
mod verify;

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::Context as _;

use crate::{
    cli::{Cli, Command, Global},
    config::Config,
    error::Failure,
    ui::Ui,
};

/// What every command about a stack works with.
#[derive(Debug)]
pub struct Context {
    /// The options.
    pub global: Global,
    /// The checked deploy.toml.
    pub config: Config,
    /// Where things are said.
    pub ui: Ui,
}

impl Context {
    fn load(global: Global, ui: Ui) -> anyhow::Result<Self> {
        let mut config = Config::load(&global.config, &global.stage, global.region.as_deref())?;
        config.model.engine = global.engine.into();
        Ok(Self { global, config, ui })
    }
}

/// Runs a command.
pub async fn run(cli: Cli, ui: Ui) -> anyhow::Result<u8> {
    let Cli { global, command } = cli;
    match command {
        // The first three work without a valid deploy.toml.
        Command::Completions(args) => completions::run(&ui, &args),
        Command::Inspect(args) => inspect::run(&global, &ui, &args),
        Command::Local(command) => local::run(&ui, &root(&global)?, &command).await,
        Command::Export { format, args } => export::run(&Context::load(global, ui)?, format, &args).await,
        Command::Package(args) => package::run(&Context::load(global, ui)?, &args).await,
        Command::Token(args) => token::run(&Context::load(global, ui)?, &args).await,
        Command::Predict(args) => predict::run(&Context::load(global, ui)?, &args).await,
        Command::Up(args) => up::run(&Context::load(global, ui)?, &args).await,
        Command::Plan(args) => plan::run(&Context::load(global, ui)?, &args).await,
        Command::Status => status::run(&Context::load(global, ui)?).await,
        Command::Verify => verify::run(&Context::load(global, ui)?).await,
        Command::Outputs => outputs::run(&Context::load(global, ui)?).await,
        Command::Policy(args) => policy::run(&Context::load(global, ui)?, &args).await,
        Command::Down(args) => down::run(&Context::load(global, ui)?, &args).await,
    }
}

/// The folder of deploy.toml, whether or not that is there.
fn root(global: &Global) -> anyhow::Result<PathBuf> {
    let shown = global.config.display();
    let path = std::path::absolute(&global.config).with_context(|| Failure::usage(format!("locating {shown}")))?;
    Ok(path.parent().map_or_else(|| path.clone(), PathBuf::from))
}

/// `53 in channels-last; in tract: 2 Sigmoid`
fn operators(taken: &BTreeMap<String, usize>, left: &BTreeMap<String, usize>) -> String {
    let taken: usize = taken.values().sum();
    if left.is_empty() {
        return format!("all {taken} in channels-last");
    }
    let left: Vec<String> = left.iter().map(|(name, count)| format!("{count} {name}")).collect();
    format!("{taken} in channels-last; in tract: {}", left.join(", "))
}
