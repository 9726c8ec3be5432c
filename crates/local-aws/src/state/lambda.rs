//! Lambda: functions, their code and their resource policies.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tags::Tags;

/// A function.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Function {
    /// Unique in account and Region.
    pub name: String,
    /// Full ARN, unqualified.
    pub arn: String,
    /// What `$LATEST` is configured as and runs.
    pub latest: Version,
    /// What serves while an update of `latest` is in progress.
    pub previous: Option<Version>,
    /// `Pending` until then, `Active` from then on (milliseconds since the epoch).
    pub active_from_ms: u64,
    /// `LastUpdateStatus` is `InProgress` until then, `Successful` from then on.
    pub updated_from_ms: u64,
    /// Published versions by number, immutable.
    pub versions: BTreeMap<u64, Version>,
    /// Concurrent executions reserved for this function.
    pub reserved_concurrency: Option<u32>,
    /// The resource policy's statements, in order.
    pub policy: Vec<Statement>,
    /// Tags.
    pub tags: Tags,
}

/// Configuration and code of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Version {
    /// Execution role ARN.
    pub role: String,
    /// `provided.al2023`
    pub runtime: String,
    /// `bootstrap`
    pub handler: String,
    /// Free text.
    pub description: String,
    /// 1 to 900 s.
    pub timeout_s: u32,
    /// 128 to 10,240 MB.
    pub memory_mb: u32,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    /// Variables that the function sees.
    pub environment: BTreeMap<String, String>,
    /// The log group it writes to, when not `/aws/lambda/<name>`.
    pub log_group: Option<String>,
    /// `Text` or `JSON`.
    pub log_format: String,
    /// Hex SHA-256 of the zip, which names the blob.
    pub code_sha256_hex: String,
    /// Base64 SHA-256 of the zip, as Lambda shows it.
    pub code_sha256: String,
    /// Bytes of the zip.
    pub code_size: u64,
    /// Changes with every update.
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
    /// `lambda:InvokeFunction`
    pub action: String,
    /// `apigateway.amazonaws.com`
    pub principal: String,
    /// Pattern of the source's ARN.
    pub source_arn: Option<String>,
    /// Source's account.
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
