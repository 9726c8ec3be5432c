//! One failure type: what was being done to what, and a hint that solves it.
//!
//! Everything returns [`anyhow::Result`]. A [`Failure`] anywhere in the chain decides the exit code and carries the
//! hint; its message reads gerund + resource (id). The cause follows as the rest of the chain.

use std::fmt;

/// The kind of a failure decides the exit code and `error.kind` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Exit 1. An attempt did not work. What it created stays.
    Failed,
    /// Exit 1. Another run was changing the same stack, and this one stopped.
    Conflict,
    /// Exit 2. Wrong usage or configuration; nothing was sent.
    Usage,
    /// Exit 3. Refused for safety.
    Refused,
    /// Exit 130.
    Interrupted,
}

impl Kind {
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
    pub kind: Kind,
    /// `creating domain "x"`; without the cause, which is the rest of the chain.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// Another run of this tool was changing the same stack.
    pub fn conflict(message: impl Into<String>) -> Self {
        let hint = "wait until the other run has ended, then run the same command again";
        Self::new(Kind::Conflict, message).hint(hint)
    }

    /// Another run created it with different settings: `changed_meanwhile("creating method", "POST")`.
    pub fn changed_meanwhile(what: &str, id: &str) -> Self {
        Self::conflict(format!("{what} \"{id}\": another run created it with different settings at the same time"))
    }

    /// Another run deleted what it needs: `deleted("creating function", "mnist", "its role")`.
    pub fn deleted(what: &str, id: &str, needed: &str) -> Self {
        Self::conflict(format!("{what} \"{id}\": another run deleted {needed} at the same time"))
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

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
