//! A checked deploy.toml: plain data in which every field has a value.

use std::{collections::BTreeMap, path::PathBuf};

use classifier::{Activation, PreprocessFields, Preset};

use crate::names::CORS_VARIABLE;

/// A checked deploy.toml. Paths are absolute; every field has a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Absolute path of the file.
    pub path: PathBuf,
    /// The folder of the file; it also holds `.deployer/`.
    pub root: PathBuf,
    /// `name`: the stack's name. `[a-z][a-z0-9-]*`, at most 32 characters, because every physical name contains it.
    pub name: String,
    /// `--stage`, letters, digits and hyphen.
    pub stage: String,
    /// `--region`, else `region`. `None` leaves the choice to the usual AWS sources.
    pub region: Option<String>,
    /// `[model]`
    pub model: ModelConfig,
    /// `[preprocess]`
    pub preprocess: PreprocessConfig,
    /// `[function]`
    pub function: FunctionConfig,
    /// `[auth]`
    pub auth: AuthConfig,
    /// `[api]`
    pub api: ApiConfig,
}

/// `[model]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelConfig {
    /// `path`: an ONNX or TFLite file, whatever its extension.
    pub path: PathBuf,
    /// `labels`: a file with one label per line. `None` makes the class index the label.
    pub labels: Option<PathBuf>,
    /// `top_k`: predictions per answer, default 5.
    pub top_k: usize,
    /// `output`: the name of the model's output that holds the scores. `None` takes the only one that can.
    pub output: Option<String>,
    /// `activation`: what turns the output into scores. `None` leaves it to what the model file says.
    pub activation: Option<Activation>,
    /// `--engine`: what runs the model.
    pub engine: classifier::Engine,
}

/// `[preprocess]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PreprocessConfig {
    /// `preset`: named settings, which the written fields override.
    pub preset: Option<&'static Preset>,
    /// The fields that the file writes.
    pub written: PreprocessFields,
}

impl PreprocessConfig {
    /// What the file says: its own fields, then the preset's.
    pub fn fields(&self) -> PreprocessFields {
        let preset = self.preset.map(|preset| preset.fields.clone());
        self.written.clone().or(preset.unwrap_or_default())
    }
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
    /// `reserved_concurrency`. `None` lets the function use the account's unreserved concurrency.
    pub reserved_concurrency: Option<u32>,
    /// `[function.environment]`
    pub environment: BTreeMap<String, String>,
    /// `bootstrap`: a prebuilt bootstrap. `None` builds one.
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
    /// The name that Lambda uses.
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
    /// `domain`: the token domain's prefix. `None` derives one from name, stage, account and Region.
    pub domain: Option<String>,
    /// `resource_server`: identifier, default `predict-api`.
    pub resource_server: String,
    /// `scopes`: names without the identifier, default `["predict"]`.
    pub scopes: Vec<String>,
    /// `token_minutes`: lifetime of an access token, 5 to 1440, default 60.
    pub token_minutes: u32,
    /// `deletion_protection` of the user pool, default false.
    pub deletion_protection: bool,
}

impl AuthConfig {
    /// Full scopes, as tokens and methods name them: `<resource server>/<scope>`.
    pub fn full_scopes(&self) -> Vec<String> {
        self.scopes.iter().map(|scope| format!("{}/{scope}", self.resource_server)).collect()
    }
}

/// `[api]`
#[derive(Debug, Clone, PartialEq)]
pub struct ApiConfig {
    /// `binary_media_types`, default `["*/*"]`: bodies that API Gateway passes to the function in base64.
    pub binary_media_types: Vec<String>,
    /// `cors_origins`: web pages of these origins may read answers; `["*"]` means of any. Empty, the default, makes no
    /// difference to the API.
    pub cors_origins: Vec<String>,
    /// `throttle_rate`: requests per second. `None` means the account's limit.
    pub throttle_rate: Option<f64>,
    /// `throttle_burst`: size of a burst, in requests. `None` means the account's limit.
    pub throttle_burst: Option<u32>,
}

impl ApiConfig {
    /// The environment variable that tells the function the origins, unless there are none.
    pub fn cors_variable(&self) -> Option<(String, String)> {
        (!self.cors_origins.is_empty()).then(|| (CORS_VARIABLE.to_owned(), self.cors_origins.join(" ")))
    }
}
