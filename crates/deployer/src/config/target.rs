//! What a command works on: flags and deploy.toml, combined once.

use super::checked::Config;

/// A stack and how to reach it. Nothing changes it after it was built.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    pub config: Config,
    /// Whether the stack lives in the local cloud.
    pub local: bool,
    /// Profile of the AWS configuration. `None` leaves the choice to the usual AWS sources.
    pub profile: Option<String>,
}
