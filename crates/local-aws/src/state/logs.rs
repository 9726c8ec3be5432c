//! CloudWatch Logs: groups, streams and events.

use serde::{Deserialize, Serialize};

use super::tags::Tags;

/// A log group. Its events are not state: the fleet keeps them in files under `logs/`, which may be lost without harm.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogGroup {
    /// `/aws/lambda/<function>` for a function's own.
    pub name: String,
    /// One of the numbers that AWS allows, or none for ever.
    pub retention_days: Option<u32>,
    /// Tags.
    pub tags: Tags,
    /// Milliseconds since the epoch.
    pub created_ms: u64,
}

/// One line.
#[derive(Debug, Clone)]
pub struct LogEvent {
    /// Milliseconds since the epoch.
    pub timestamp_ms: u64,
    /// Without the line end.
    pub message: String,
}
