//! deploy.toml: read, checked as a whole before anything is sent, and resolved into [`Config`].

mod raw;
mod rules;
mod validate;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use classifier::Preprocess;

use crate::{error::Failure, names};

/// A checked deploy.toml. Paths are absolute; every field has a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file it came from.
    pub path: PathBuf,
    /// The folder of that file; `.deployer/` lies in it.
    pub root: PathBuf,
    /// `name`: the stack's name. `[a-z][a-z0-9-]*`, at most 32 characters, because everything physical derives from it.
    pub name: String,
    /// `--stage`, letters, digits and hyphen.
    pub stage: String,
    /// `region`; none leaves it to the usual AWS sources.
    pub region: Option<String>,
    /// `[model]`
    pub model: ModelConfig,
    /// `[preprocess]`
    pub preprocess: Preprocess,
    /// `[function]`
    pub function: FunctionConfig,
    /// `[auth]`
    pub auth: AuthConfig,
    /// `[api]`
    pub api: ApiConfig,
}

impl Config {
    /// Reads and checks a deploy.toml for a stage and, where the command line gives one, a Region. Everything that is
    /// wrong with them is one usage failure, whose cause has one line for each problem.
    pub fn load(path: &Path, stage: &str, region: Option<&str>) -> anyhow::Result<Self> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(&shown, error))?;
        let absolute = std::path::absolute(path).with_context(|| Failure::usage(format!("locating {shown}")))?;
        let root = absolute.parent().unwrap_or(&absolute).to_owned();

        let report = raw::Report::new(shown.clone(), &text);
        if let Err(problem) = rules::stage(stage) {
            report.elsewhere(format_args!("--stage {stage:?} {problem}"));
        }
        let config = match toml_edit::Document::parse(text.as_str()) {
            Ok(document) => {
                let place = validate::Place { path: &absolute, root: &root, stage, region };
                Some(validate::config(&raw::Section::top(&report, document.as_table()), &place))
            }
            Err(error) => {
                report.at(report.line_of(error.span()), format_args!("not TOML: {}", one_line(error.message())));
                None
            }
        };
        if let Some(region) = region
            && let Err(problem) = self::region(config.as_ref().map_or("", |config| &config.name), stage, region)
        {
            report.elsewhere(format_args!("--region {region:?} {problem}"));
        }
        let problems = report.into_lines();
        match (config, problems.len()) {
            (Some(config), 0) => Ok(config),
            (_, count) => {
                let plural = if count == 1 { "" } else { "s" };
                let failure = Failure::usage(format!("checking {shown}: {count} problem{plural}"));
                Err(anyhow!("{}", problems.join("\n")).context(failure))
            }
        }
    }

    /// Checks a Region that the environment or a profile gives, as deploy.toml's own is.
    pub fn check_region(&self, region: &str) -> anyhow::Result<()> {
        self::region(&self.name, &self.stage, region)
            .map_err(|problem| Failure::usage(format!("Region \"{region}\" {problem}")).into())
    }
}

fn region(name: &str, stage: &str, region: &str) -> Result<(), String> {
    rules::region(region).and_then(|()| rules::role(&names::role(name, stage, region)))
}

/// A problem is one line, whatever its text was.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unreadable(shown: &str, error: std::io::Error) -> anyhow::Error {
    let failure = Failure::usage(format!("reading {shown}"));
    let failure = match error.kind() {
        std::io::ErrorKind::NotFound => {
            failure.hint("run in the folder that holds deploy.toml, or name it with --config")
        }
        _ => failure,
    };
    anyhow::Error::new(error).context(failure)
}

/// `[model]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelConfig {
    /// `path`: .onnx or .tflite.
    pub path: PathBuf,
    /// `labels`: one label a line; none makes the class index the label.
    pub labels: Option<PathBuf>,
    /// `top_k`: predictions in an answer, default 5.
    pub top_k: usize,
    /// What computes it; the command line says so.
    pub engine: classifier::Engine,
}

/// `[function]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionConfig {
    /// `memory_mb`, default 1024.
    pub memory_mb: u32,
    /// `timeout_s`, default 15; API Gateway waits 29 s at most.
    pub timeout_s: u32,
    /// `architecture`: `x86_64` (default) or `arm64`.
    pub architecture: Architecture,
    /// `log_retention_days`, default 14.
    pub log_retention_days: u32,
    /// `reserved_concurrency`; none leaves the function to the account's pool.
    pub reserved_concurrency: Option<u32>,
    /// `[function.environment]`
    pub environment: BTreeMap<String, String>,
    /// `bootstrap`: a prebuilt bootstrap instead of building one.
    pub bootstrap: Option<PathBuf>,
}

/// Instruction set of the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// `x86_64`
    X86_64,
    /// `arm64`
    Arm64,
}

impl Architecture {
    /// Lambda's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

/// `[auth]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthConfig {
    /// `domain`: prefix; none derives one from name, stage, account and Region.
    pub domain: Option<String>,
    /// `resource_server`: identifier, default `predict-api`.
    pub resource_server: String,
    /// `scopes`: names without the identifier, default `["predict"]`.
    pub scopes: Vec<String>,
    /// `token_minutes`: life of an access token, 5 to 1440, default 60.
    pub token_minutes: u32,
    /// `deletion_protection`, default false: guards the user pool.
    pub deletion_protection: bool,
}

impl AuthConfig {
    /// Full scopes as tokens and methods carry them: `<resource server>/<scope>`.
    pub fn full_scopes(&self) -> Vec<String> {
        self.scopes.iter().map(|scope| format!("{}/{scope}", self.resource_server)).collect()
    }
}

/// `[api]`
#[derive(Debug, Clone, PartialEq)]
pub struct ApiConfig {
    /// `binary_media_types`, default `["*/*"]`: what is passed to the function base64-encoded.
    pub binary_media_types: Vec<String>,
    /// `throttle_rate`: requests a second; none is the account's limit.
    pub throttle_rate: Option<f64>,
    /// `throttle_burst`: requests at once; none is the account's limit.
    pub throttle_burst: Option<u32>,
}
