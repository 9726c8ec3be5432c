//! What every command about a stack works with, built once from the flags and deploy.toml.

use crate::{
    cli::{self, Global},
    config::{Config, Flags, Target},
    ui::{Format, Ui},
};

#[derive(Debug)]
pub(super) struct Context {
    pub(super) target: Target,
    /// `deployer` with the flags that select the same stack.
    pub(super) invocation: String,
    pub(super) ui: Ui,
}

impl Context {
    pub(super) fn load(global: Global, ui: Ui) -> anyhow::Result<Self> {
        let flags = Flags { stage: &global.stage, region: global.region.as_deref(), engine: engine(global.engine) };
        let config = Config::load(&global.config, &flags)?;
        let invocation = invocation(&global);
        Ok(Self { target: Target { config, local: global.local, profile: global.profile }, invocation, ui })
    }
}

/// The user interface that the flags ask for. Sets the colours of the whole process.
pub fn ui(global: &Global) -> Ui {
    match global.color {
        cli::ColorChoice::Auto => anstream::ColorChoice::Auto,
        cli::ColorChoice::Always => anstream::ColorChoice::Always,
        cli::ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    let format = match global.output {
        cli::Format::Text => Format::Text,
        cli::Format::Json => Format::Json,
    };
    Ui::new(format, global.verbose, global.quiet)
}

pub(super) fn engine(engine: cli::Engine) -> classifier::Engine {
    match engine {
        cli::Engine::ChannelsLast => classifier::Engine::ChannelsLast,
        cli::Engine::Tract => classifier::Engine::Tract,
    }
}

fn invocation(global: &Global) -> String {
    let mut words = vec!["deployer".to_owned()];
    if global.local {
        words.push("--local".into());
    }
    if global.stage != "dev" {
        words.push(format!("--stage {}", quote(&global.stage)));
    }
    let config = global.config.to_string_lossy();
    if config != "deploy.toml" {
        words.push(format!("--config {}", quote(&config)));
    }
    for (option, value) in [("--profile", &global.profile), ("--region", &global.region)] {
        words.extend(value.as_ref().map(|value| format!("{option} {}", quote(value))));
    }
    words.join(" ")
}

/// Quotes a word for a shell; plain words stay as they are.
pub(super) fn quote(word: &str) -> String {
    // Only a NUL cannot be quoted, and no argument can hold one.
    shlex::try_quote(word).unwrap_or_default().into_owned()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn an_invocation_leads_to_the_same_stack() {
        let command = |args: &[&str]| invocation(&Cli::try_parse_from(args).unwrap().global);
        assert_eq!(command(&["deployer", "status", "--stage", "dev"]), "deployer");
        let full = ["deployer", "--local", "--stage", "a", "--config", "my stack.toml", "--region", "eu-west-1", "up"];
        assert_eq!(command(&full), "deployer --local --stage a --config 'my stack.toml' --region eu-west-1");
    }

    #[test]
    fn quotes_survive_a_shell() {
        assert_eq!(quote("it's"), r#""it's""#);
        assert_eq!(quote(""), "''");
        assert_eq!(quote("a/b.png"), "a/b.png");
        for word in ["it's", "", "a b", "$HOME", "`id`", "a\"b'c\\d", "!x", "größe"] {
            let script = format!("printf %s {}", quote(word));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
    }
}
