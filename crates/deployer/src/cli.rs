//! The command line: clap types only. `main` and `commands` turn them into plain values.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

/// From a model file to an OAuth2-protected prediction endpoint on AWS, with one command.
#[derive(Debug, Parser)]
#[command(name = "deployer", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Flags of every command, accepted before and after its name.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Configuration file of the stack
    #[arg(long, global = true, value_name = "FILE", default_value = "deploy.toml")]
    pub config: PathBuf,
    /// Stage of the stack; every stage has its own resources
    #[arg(long, global = true, value_name = "NAME", default_value = "dev", env = "DEPLOYER_STAGE")]
    pub stage: String,
    /// Use the local cloud instead of AWS
    #[arg(long, global = true, env = "DEPLOYER_LOCAL", value_parser = clap::builder::FalseyValueParser::new())]
    pub local: bool,
    /// Profile of the AWS configuration files
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS Region
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// Engine that runs the model; tract alone is slower
    #[arg(long, global = true, value_enum, default_value_t = Engine::ChannelsLast, env = "DEPLOYER_ENGINE")]
    pub engine: Engine,
    /// Output format on stdout
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Text)]
    pub output: Format,
    /// Print more; give it twice to trace every step
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Print only results and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// When to colour the output
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// Channels-last kernels for the operators they support, tract for the rest
    ChannelsLast,
    /// tract for every operator
    Tract,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for people
    Text,
    /// One JSON document, errors included
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create or update the stack, and check that its endpoint answers
    Up(UpArgs),
    /// Show what `up` would change, without changing anything
    Plan(PlanArgs),
    /// Show what exists, how it differs from deploy.toml, and what it costs while idle
    Status,
    /// Show the stack's endpoint, ids and scopes
    Outputs,
    /// Print an access token
    Token(TokenArgs),
    /// Classify images through the deployed endpoint
    Predict(PredictArgs),
    /// Check from outside that the endpoint answers as documented and refuses everything else
    Verify,
    /// Print the smallest IAM policy that allows these commands
    Policy(PolicyArgs),
    /// Delete what the stack owns, and nothing else
    Down(DownArgs),
    /// Build the function's zip without deploying it
    Package(PackageArgs),
    /// Export the stack as a template that works without this tool
    Export {
        /// Template format
        #[arg(value_enum)]
        format: ExportFormat,
        #[command(flatten)]
        args: ExportArgs,
    },
    /// Show a model's input and classes, and which engine would run it
    Inspect(InspectArgs),
    /// Control the local cloud
    #[command(subcommand)]
    Local(LocalCommand),
    /// Print a shell completion script
    Completions(CompletionsArgs),
}

#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    /// Change only these resources and what they depend on
    #[arg(long, value_name = "RESOURCE", num_args = 1.., value_delimiter = ',')]
    pub only: Vec<String>,
    /// Take over resources that have this stack's names but no owner
    #[arg(long)]
    pub adopt: bool,
    /// Skip the check of the endpoint at the end
    #[arg(long)]
    pub no_probe: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// Exit with 0 if nothing would change, 2 if something would, 1 on an error
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Plan to take over resources that have this stack's names but no owner
    #[arg(long)]
    pub adopt: bool,
}

#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// Request only these scopes, each written `<resource server>/<scope>`
    #[arg(long, value_name = "SCOPE", num_args = 1.., value_delimiter = ',')]
    pub scope: Vec<String>,
    /// Ignore the cached token
    #[arg(long)]
    pub fresh: bool,
    /// Print the client's id and secret as a curl configuration instead, for `curl --config -`
    #[arg(long, conflicts_with_all = ["scope", "fresh"])]
    pub curl_config: bool,
}

#[derive(Debug, Clone, Args)]
pub struct PredictArgs {
    /// Image files, folders of images, or - for stdin
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    /// Predictions to show per image
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub top_k: u16,
    /// Concurrent requests
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
}

#[derive(Debug, Clone, Args)]
pub struct PolicyArgs {
    /// Allow only what `plan`, `status` and `outputs` need
    #[arg(long)]
    pub read_only: bool,
    /// Account id; without it, AWS is asked for the account of the credentials
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub account_id: Option<String>,
}

fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account id has 12 digits".to_owned())
    }
}

#[derive(Debug, Clone, Args)]
pub struct DownArgs {
    /// Do not ask for confirmation
    #[arg(short, long)]
    pub yes: bool,
    /// Delete the user pool even if it holds users
    #[arg(long)]
    pub delete_users: bool,
}

#[derive(Debug, Clone, Args)]
pub struct PackageArgs {
    /// Write the zip to this file
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct InspectArgs {
    /// Model file: ONNX or TFLite
    pub model: PathBuf,
    /// Size of the image in pixels, for a model that leaves it open
    #[arg(long, num_args = 2, value_names = ["WIDTH", "HEIGHT"])]
    pub size: Option<Vec<u32>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// main.tf and its siblings, for Terraform and the hashicorp/aws provider
    Terraform,
    /// template.yaml, for CloudFormation
    Cloudformation,
}

#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Write the template and the function's zip to this folder instead of printing the template
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Also write what imports the running stack's resources, so that none is created again
    #[arg(long)]
    pub import: bool,
    /// Do not build the function's zip
    #[arg(long, requires = "out")]
    pub no_zip: bool,
    /// Overwrite files that differ
    #[arg(long, requires = "out")]
    pub force: bool,
}

#[derive(Debug, Clone, Subcommand)]
pub enum LocalCommand {
    /// Start the local cloud in the background
    Start(StartArgs),
    /// Stop the local cloud and keep its state
    Stop,
    /// Show whether the local cloud is running, and where
    Status,
    /// Show the local cloud's log
    Logs,
    /// Run the local cloud in the foreground
    #[command(hide = true)]
    Serve(ServeArgs),
}

#[derive(Debug, Clone, Args)]
pub struct StartArgs {
    /// Restart the local cloud and enforce this IAM policy on callers until it is stopped
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Folder for its state
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// Port on 127.0.0.1; 0 picks a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// IAM policy to enforce on callers
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Imitate AWS's speed, for measurements: 100 ms per call, the documented rates, the waits
    #[arg(long)]
    pub like_aws: bool,
}

#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// Shell to write the script for
    pub shell: clap_complete::Shell,
}
