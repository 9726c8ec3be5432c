//! CloudWatch Logs: groups and events.

use serde::{Deserialize, Serialize};

use super::tags::Tags;

/// A log group. Its events are not part of the state: they are in files under `logs/`, which may be lost without harm.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogGroup {
    /// For example `/aws/lambda/<function>`.
    pub name: String,
    /// One of the periods that AWS allows; `None` keeps events forever.
    pub retention_days: Option<u32>,
    /// At most 50.
    pub tags: Tags,
    /// Milliseconds since the epoch.
    pub created_ms: u64,
}

/// One line of a log.
#[derive(Debug, Clone)]
pub struct LogEvent {
    /// Milliseconds since the epoch.
    pub timestamp_ms: u64,
    /// The line, without its line end.
    pub message: String,
}
