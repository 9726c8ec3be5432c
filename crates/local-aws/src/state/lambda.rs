//! Lambda: functions, their code and their resource policies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tags::Tags;

/// A function with its versions and resource policy.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Unique in the account and Region.
    pub name: String,
    /// The full ARN, without a version.
    pub arn: String,
    /// Configuration and code of `$LATEST`.
    pub latest: Version,
    /// The version that serves while an update of `latest` is in progress.
    pub previous: Option<Version>,
    /// The state is `Pending` before this time and `Active` afterwards, in milliseconds since the epoch.
    pub active_from_ms: u64,
    /// `LastUpdateStatus` is `InProgress` before this time and `Successful` afterwards.
    pub updated_from_ms: u64,
    /// Published versions by number. They never change.
    pub versions: BTreeMap<u64, Version>,
    /// Concurrent executions reserved for this function.
    pub reserved_concurrency: Option<u32>,
    /// The resource policy's statements, in order.
    pub policy: Vec<Statement>,
    /// At most 50.
    pub tags: Tags,
}

/// Configuration and code of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// The ARN of the execution role.
    pub role: String,
    /// The runtime, such as `provided.al2023`.
    pub runtime: String,
    /// The handler, such as `bootstrap`.
    pub handler: String,
    /// Free text.
    pub description: String,
    /// The timeout, 1 to 900 s.
    pub timeout_s: u32,
    /// The memory limit, 128 to 10,240 MB.
    pub memory_mb: u32,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// The function's own environment variables.
    pub environment: BTreeMap<String, String>,
    /// The log group, unless it is `/aws/lambda/<name>`.
    pub log_group: Option<String>,
    /// `Text` or `JSON`.
    pub log_format: String,
    /// The SHA-256 of the zip in hex, which is the name of its blob.
    pub code_sha256_hex: String,
    /// The SHA-256 of the zip in base64, as Lambda shows it.
    pub code_sha256: String,
    /// The size of the zip, in bytes.
    pub code_size: u64,
    /// A UUID that changes with every update.
    pub revision_id: String,
    /// Milliseconds since the epoch.
    pub last_modified_ms: u64,
}

/// One statement of a function's resource policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Unique in the policy.
    pub sid: String,
    /// The allowed action, such as `lambda:InvokeFunction`.
    pub action: String,
    /// Who may call, such as `apigateway.amazonaws.com`.
    pub principal: String,
    /// A pattern that the caller's ARN must match.
    pub source_arn: Option<String>,
    /// The account that the caller must belong to.
    pub source_account: Option<String>,
}

impl Function {
    /// The version that serves now: the previous one while an update is in progress.
    pub fn serving(&self, now_ms: u64) -> &Version {
        match &self.previous {
            Some(previous) if now_ms < self.updated_from_ms => previous,
            _ => &self.latest,
        }
    }
}
