//! One small file per command. Each returns the process's exit code: 0, or another one where a part failed but not the
//! whole command.

mod completions;
mod context;
mod down;
mod export;
mod identity;
mod inspect;
mod local;
mod operators;
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

use crate::{
    cli::{Cli, Command},
    ui::Ui,
};

use self::context::Context;
pub use self::context::ui;

/// Runs a command.
pub async fn run(cli: Cli, ui: Ui) -> anyhow::Result<u8> {
    let Cli { global, command } = cli;
    match command {
        // The first three work without a valid deploy.toml.
        Command::Completions(args) => completions::run(&ui, &args),
        Command::Inspect(args) => inspect::run(&global, &ui, &args),
        Command::Local(command) => local::run(&ui, &global.config, &command).await,
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
