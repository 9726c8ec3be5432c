//! The findings of a request check.

use crate::{outcome::ApiError, protocol::Protocol};

/// A value that violates a constraint of its shape.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// For example `scopes.1.member.scopeName`.
    pub(super) path: String,
    /// `Value 'x'`, or `Value` alone where the value may be secret.
    pub(super) shown: String,
    /// For example `Member must have length greater than or equal to 1`.
    pub(super) constraint: String,
}

/// How a request violates its operation's model.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Values of the wrong type, as messages such as `path must be a string`.
    pub(super) mistyped: Vec<String>,
    pub(super) violations: Vec<Violation>,
    /// What AWS ignores, or what cannot be checked.
    pub(super) notes: Vec<String>,
}

impl Findings {
    /// The error that AWS would return; `invalid` is the service's code for violated constraints.
    pub(crate) fn error(&self, protocol: Protocol, invalid: &str) -> Option<ApiError> {
        if let Some(first) = self.mistyped.first() {
            let code = if protocol == Protocol::Query { "MalformedInput" } else { "SerializationException" };
            return Some(ApiError::new(400, code, first.clone()));
        }
        let all = self
            .violations
            .iter()
            .map(|one| format!("{} at '{}' failed to satisfy constraint: {}", one.shown, one.path, one.constraint));
        let all: Vec<String> = all.collect();
        let errors = if all.len() == 1 { "error" } else { "errors" };
        let message = format!("{} validation {errors} detected: {}", all.len(), all.join("; "));
        (!all.is_empty()).then(|| ApiError::new(400, invalid, message))
    }

    /// Every finding, refused or not. Without the values, which may be secret.
    pub(crate) fn all(&self) -> Vec<String> {
        let violations = self.violations.iter().map(|one| format!("{}: {}", one.path, one.constraint));
        self.mistyped.iter().cloned().chain(violations).chain(self.notes.iter().cloned()).collect()
    }
}
