//! `deployer`: one command from a model file to a protected prediction endpoint.

#![expect(unreachable_pub, reason = "nothing imports a program: `pub` marks what a module offers to the others")]

mod aws;
mod backoff;
mod change;
mod cli;
mod commands;
mod config;
mod data_plane;
mod engine;
mod error;
mod export;
mod interrupt;
mod labels;
mod local;
mod names;
mod outputs;
mod package;
mod policy;
mod private_file;
mod probe;
mod resources;
mod rotating;
mod stack;
#[cfg(test)]
mod testing;
mod ui;
mod verify;

use std::{env, io, process::ExitCode, sync::Mutex};

use clap::{Parser as _, error::ErrorKind};
use tracing_subscriber::EnvFilter;

use crate::{
    cli::{Cli, Command, LocalCommand},
    error::{Failure, Kind, kind_of},
    rotating::Rotating,
    ui::{Format, Ui},
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let ui = commands::ui(&cli.global);
    trace(&cli);
    let code = match run(cli, ui.clone()) {
        Ok(code) => code,
        // The program that reads our output closed the pipe: it has seen enough.
        Err(error) if is_broken_pipe(&error) => 0,
        Err(error) => {
            ui.error(&error);
            kind_of(&error).exit_code()
        }
    };
    ExitCode::from(code)
}

/// Warning at the first interrupt while a command is changing something.
const FINISHING: &str = "finishing calls in flight; press Ctrl-C again to stop now";

fn run(cli: Cli, ui: Ui) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    // The local cloud handles signals itself.
    let serves = matches!(cli.command, Command::Local(LocalCommand::Serve(_)));
    let warning = ui.clone();
    let result = runtime.block_on(async {
        tokio::select! {
            result = commands::run(cli, ui) => result,
            () = interrupt::requested(|| warning.warn(FINISHING)), if !serves => Err(interrupt::failure().into()),
        }
    });
    // A thread that still waits for an answer on stdin would keep the process alive.
    runtime.shutdown_background();
    result
}

/// Answers a command line that asks for help or is invalid.
fn usage(error: &clap::Error) -> ExitCode {
    let help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    if help || !wants_json() {
        // A closed pipe cannot be reported anywhere.
        let _ = error.print();
    } else {
        let text = error.render().to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        let (message, rest) = text.split_once("\n\n").unwrap_or((text, ""));
        let hint = rest.split_once("tip: ").map_or("see --help", |(_, tip)| tip.lines().next().unwrap_or(tip));
        let failure = Failure::usage(message.trim()).hint(hint);
        Ui::new(Format::Json, 0, true).error(&failure.into());
    }
    ExitCode::from(if help { 0 } else { Kind::Usage.exit_code() })
}

/// Whether a command line that clap rejected asks for JSON.
fn wants_json() -> bool {
    let arguments: Vec<String> = env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let one = |argument: &String| ["-ojson", "-o=json", "--output=json"].contains(&argument.as_str());
    let two = |pair: &[String]| ["-o", "--output"].contains(&pair[0].as_str()) && pair[1] == "json";
    arguments.iter().any(one) || arguments.windows(2).any(two)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let broken = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.to_string() == ui::WRITING && error.chain().any(|cause| cause.downcast_ref().is_some_and(broken))
}

/// Traces our own events on stderr, never the SDK's: at its lowest level it prints request bodies.
fn trace(cli: &Cli) {
    let subscriber = tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(false);
    if let Command::Local(LocalCommand::Serve(args)) = &cli.command {
        // The local cloud logs every request. It runs for days, so the log rotates.
        let subscriber = subscriber.with_env_filter(EnvFilter::new("request=info"));
        return match Rotating::open(&args.dir.join(local::LOG), rotating::LIMIT) {
            Ok(log) => subscriber.with_writer(Mutex::new(log)).init(),
            // The folder is missing or not ours, which the command itself reports.
            Err(_) => subscriber.init(),
        };
    }
    let level = match cli.global.verbose {
        0 => "off",
        1 => "deployer=debug",
        _ => "deployer=trace",
    };
    subscriber.with_env_filter(EnvFilter::new(level)).with_target(false).without_time().init();
}
