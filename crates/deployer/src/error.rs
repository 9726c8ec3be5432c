//! One failure type: what was being done to what, why it failed, and a hint that solves it.
//!
//! Everything returns [`anyhow::Result`]. A [`Failure`] anywhere in the chain decides the exit code and carries the
//! hint; its message reads gerund + resource (id). The cause follows as the rest of the chain.

use std::fmt;

/// What sort of failure it is; decides the exit code and `error.kind` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Exit 1. Something that was tried did not work; what was created stays.
    Failed,
    /// Exit 1. Another run was at work on the same stack, and this one gave way.
    Conflict,
    /// Exit 2. Wrong usage or configuration; nothing was sent.
    Usage,
    /// Exit 3. Refused for safety.
    Refused,
    /// Exit 130.
    Interrupted,
}

impl Kind {
    /// The process's exit code.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed | Self::Conflict => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Interrupted => 130,
        }
    }

    /// The word in `error.kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Conflict => "conflict",
            Self::Usage => "usage",
            Self::Refused => "refused",
            Self::Interrupted => "interrupted",
        }
    }
}

/// A failure that a user reads.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What sort.
    pub kind: Kind,
    /// `creating domain "x"`; without the cause, which is the rest of the chain.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// A failure of that kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// Something that was tried did not work.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// Another run of this tool was at work on the same stack.
    pub fn conflict(message: impl Into<String>) -> Self {
        let hint = "wait until the other run has ended, then run the same command again";
        Self::new(Kind::Conflict, message).hint(hint)
    }

    /// What was to be made is there meanwhile, and otherwise: `met("creating method", "POST")`.
    pub fn met(what: &str, id: &str) -> Self {
        Self::conflict(format!("{what} \"{id}\": another run has made it otherwise at the same time"))
    }

    /// What it needs is there no more: `deleted("creating function", "mnist", "its role")`.
    pub fn deleted(what: &str, id: &str, needed: &str) -> Self {
        Self::conflict(format!("{what} \"{id}\": another run has deleted {needed} at the same time"))
    }

    /// Wrong usage or configuration.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// Refused for safety.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// The kind of an error: the outermost [`Failure`]'s, else [`Kind::Failed`].
pub fn kind_of(error: &anyhow::Error) -> Kind {
    error.downcast_ref::<Failure>().map_or(Kind::Failed, |failure| failure.kind)
}
