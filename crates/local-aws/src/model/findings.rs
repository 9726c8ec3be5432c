//! What a check found.

use crate::{outcome::ApiError, protocol::Protocol};

/// A value that breaks a constraint of its shape.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// `scopes.1.member.scopeName`
    pub(super) path: String,
    /// `Value 'x'`, or without the value where that may be secret.
    pub(super) shown: String,
    /// `Member must have length greater than or equal to 1`
    pub(super) constraint: String,
}

/// What a request has that its operation's model does not admit.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Values of the wrong type, as `path must be a string`.
    pub(super) mistyped: Vec<String>,
    pub(super) broken: Vec<Broken>,
    /// What AWS ignores, or what cannot be decided.
    pub(super) noted: Vec<String>,
}

impl Findings {
    /// The refusal that AWS would answer with; `invalid` is the service's code for broken constraints.
    pub(crate) fn error(&self, protocol: Protocol, invalid: &str) -> Option<ApiError> {
        if let Some(first) = self.mistyped.first() {
            let code = if protocol == Protocol::Query { "MalformedInput" } else { "SerializationException" };
            return Some(ApiError::new(400, code, first.clone()));
        }
        let all = self
            .broken
            .iter()
            .map(|one| format!("{} at '{}' failed to satisfy constraint: {}", one.shown, one.path, one.constraint));
        let all: Vec<String> = all.collect();
        let errors = if all.len() == 1 { "error" } else { "errors" };
        let message = format!("{} validation {errors} detected: {}", all.len(), all.join("; "));
        (!all.is_empty()).then(|| ApiError::new(400, invalid, message))
    }

    /// Every finding, refused or not. Names and constraints alone: a value may be secret.
    pub(crate) fn all(&self) -> Vec<String> {
        let broken = self.broken.iter().map(|one| format!("{}: {}", one.path, one.constraint));
        self.mistyped.iter().cloned().chain(broken).chain(self.noted.iter().cloned()).collect()
    }
}
