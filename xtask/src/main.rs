//! Chores of the repository: `cargo xtask COMMAND`.

mod tidy;

use std::{path::Path, process::ExitCode};

use clap::{Parser, Subcommand};

/// Chores of the repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the layout: file length, names, module docs, where versions live and where a pause is allowed
    Tidy,
}

#[expect(clippy::print_stderr, reason = "the place where errors are shown")]
fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Tidy => tidy::run(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
