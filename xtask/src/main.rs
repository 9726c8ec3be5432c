//! Chores of the repository: `cargo xtask COMMAND`.

mod bench;
mod cycles;
mod imports;
mod layers;
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
    /// Check what the compiler does not: layers, import cycles, file length, names, module docs, where versions live
    Tidy,
    /// Run a benchmark
    #[command(subcommand)]
    Bench(Bench),
}

#[derive(Subcommand)]
enum Bench {
    /// Compare our engine with tract, onnxruntime and LiteRT, one thread each
    Engines {
        /// Options of bench/engines.py: --rounds N, --only MODEL, --isa avx2
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure the whole function on the local cloud: its overhead besides the model, and its memory over 10,000 requests
    Function {
        /// Options of bench/function.py: --requests N
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure `up`, `up` with nothing to do and `down`, on an emulator and on a local cloud as slow as AWS, compared with boto3
    Up {
        /// Options of bench/up.py: --rounds N, --only ministack
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Resize a 12-megapixel photo to a model's input, compared with Pillow
    Images {
        /// Options of bench/images.py: --rounds N
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

#[expect(clippy::print_stderr, reason = "errors are printed here")]
fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let result = match Arguments::parse().command {
        Command::Tidy => tidy::run(&root),
        Command::Bench(Bench::Engines { arguments }) => bench::engines(&root, &arguments),
        Command::Bench(Bench::Function { arguments }) => bench::function(&root, &arguments),
        Command::Bench(Bench::Up { arguments }) => bench::up(&root, &arguments),
        Command::Bench(Bench::Images { arguments }) => bench::images(&root, &arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
