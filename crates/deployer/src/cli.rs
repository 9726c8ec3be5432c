//! The command line: clap types only. What they do is in [`crate::commands`].

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

/// From a model file to an OAuth2-protected prediction endpoint on AWS, with one command.
#[derive(Debug, Parser)]
#[command(name = "deployer", version, propagate_version = true, max_term_width = 100)]
pub struct Cli {
    /// What every command takes.
    #[command(flatten)]
    pub global: Global,
    /// Which command.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command, before or after its name.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// The stack's configuration
    #[arg(long, global = true, value_name = "FILE", default_value = "deploy.toml")]
    pub config: PathBuf,
    /// Stage; each has its own resources
    #[arg(long, global = true, value_name = "NAME", default_value = "dev", env = "DEPLOYER_STAGE")]
    pub stage: String,
    /// Use the local cloud instead of AWS
    #[arg(long, global = true, env = "DEPLOYER_LOCAL", value_parser = clap::builder::FalseyValueParser::new())]
    pub local: bool,
    /// Profile of the AWS configuration
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// AWS Region
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// What computes the model; tract alone is slower
    #[arg(long, global = true, value_enum, default_value_t = Engine::ChannelsLast, env = "DEPLOYER_ENGINE")]
    pub engine: Engine,
    /// Form of what goes to stdout
    #[arg(short, long, global = true, value_enum, default_value_t = Format::Text)]
    pub output: Format,
    /// Say more; twice for everything that it traces
    #[arg(short, long, global = true, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Say nothing but results and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
}

/// What computes the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// Channels-last kernels as far as they take the model, tract for the rest
    ChannelsLast,
    /// tract alone
    Tract,
}

/// Form of what goes to stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON document, errors included.
    Json,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Provision or update the stack, and prove that its endpoint answers
    Up(UpArgs),
    /// Show what `up` would do, without a write
    Plan(PlanArgs),
    /// Show what exists, what differs from deploy.toml, and what it costs while idle
    Status,
    /// Show the stack's endpoint, ids and scopes
    Outputs,
    /// Print an access token
    Token(TokenArgs),
    /// Classify images through the deployed endpoint
    Predict(PredictArgs),
    /// Prove from outside that the endpoint keeps its contract and refuses all it must
    Verify,
    /// Print the IAM policy that whoever runs these commands needs
    Policy(PolicyArgs),
    /// Delete what the stack owns, and nothing else
    Down(DownArgs),
    /// Build the function's zip without deploying it
    Package(PackageArgs),
    /// Write the stack as a template that needs this tool no more
    Export {
        /// Which format
        #[arg(value_enum)]
        format: ExportFormat,
        /// The options.
        #[command(flatten)]
        args: ExportArgs,
    },
    /// Show what a model takes and gives, and what would compute it
    Inspect(InspectArgs),
    /// Control the local cloud
    #[command(subcommand)]
    Local(LocalCommand),
    /// Print a completion script
    Completions(CompletionsArgs),
}

/// `up`
#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    /// Restrict to these resources and what they need
    #[arg(long, value_name = "RESOURCE", num_args = 1.., value_delimiter = ',')]
    pub only: Vec<String>,
    /// Take over resources that have our names and no owner
    #[arg(long)]
    pub adopt: bool,
    /// Do not prove the endpoint at the end
    #[arg(long)]
    pub no_probe: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

/// `plan`
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// Exit with 0 for nothing to do, 2 for changes, 1 for an error
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// Plan to take over resources that have our names and no owner
    #[arg(long)]
    pub adopt: bool,
}

/// `token`
#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// Ask for these scopes only, `<resource server>/<scope>`
    #[arg(long, value_name = "SCOPE", num_args = 1.., value_delimiter = ',')]
    pub scope: Vec<String>,
    /// Ignore the cached token
    #[arg(long)]
    pub fresh: bool,
    /// Print the client's id and secret as a curl configuration instead, for `curl --config -`
    #[arg(long, conflicts_with_all = ["scope", "fresh"])]
    pub curl_config: bool,
}

/// `predict`
#[derive(Debug, Clone, Args)]
pub struct PredictArgs {
    /// Image files, folders of them, or - for standard input
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    /// Predictions shown per image
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub top_k: u16,
    /// Requests at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: u16,
}

/// `policy`
#[derive(Debug, Clone, Args)]
pub struct PolicyArgs {
    /// Only what `plan`, `status` and `outputs` need
    #[arg(long)]
    pub read_only: bool,
    /// Account, instead of asking AWS whose the credentials are
    #[arg(long, value_name = "ID", value_parser = account_id)]
    pub account_id: Option<String>,
}

fn account_id(text: &str) -> Result<String, String> {
    if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err("an account id has twelve digits".to_owned())
    }
}

/// `down`
#[derive(Debug, Clone, Args)]
pub struct DownArgs {
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// Delete the user pool even if it holds users
    #[arg(long)]
    pub delete_users: bool,
}

/// `package`
#[derive(Debug, Clone, Args)]
pub struct PackageArgs {
    /// Where to write the zip
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `inspect`
#[derive(Debug, Clone, Args)]
pub struct InspectArgs {
    /// .onnx or .tflite
    pub model: PathBuf,
    /// Width and height of the image, in pixels, where the model leaves them open
    #[arg(long, num_args = 2, value_names = ["WIDTH", "HEIGHT"])]
    pub size: Option<Vec<u32>>,
}

/// Format of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// main.tf and its siblings, for Terraform and the hashicorp/aws provider
    Terraform,
    /// template.yaml, for CloudFormation
    Cloudformation,
}

/// `export`
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// Write files there, with the function's zip, instead of printing the template
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Also write what takes over the resources of the running stack, so that nothing is made anew
    #[arg(long)]
    pub import: bool,
    /// Do not build the function's zip
    #[arg(long, requires = "out")]
    pub no_zip: bool,
    /// Overwrite files that differ
    #[arg(long, requires = "out")]
    pub force: bool,
}

/// `local`
#[derive(Debug, Clone, Subcommand)]
pub enum LocalCommand {
    /// Start the local cloud in the background
    Start(StartArgs),
    /// Stop it; its state stays
    Stop,
    /// Show whether it runs, and where
    Status,
    /// Show what it has logged
    Logs,
    /// Run it in the foreground
    #[command(hide = true)]
    Serve(ServeArgs),
}

/// `local start`
#[derive(Debug, Clone, Args)]
pub struct StartArgs {
    /// Start it anew so that it lets callers do only what this IAM policy allows, until it is stopped
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
}

/// `local serve`
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Where its state lives
    #[arg(long, value_name = "DIR")]
    pub dir: PathBuf,
    /// Port on 127.0.0.1; 0 chooses a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// What callers may do
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Be as slow as AWS: 100 ms a call, the documented rates, and its waits; for measurements
    #[arg(long)]
    pub like_aws: bool,
}

/// `completions`
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// For which shell
    pub shell: clap_complete::Shell,
}
