//! The error of a policy document that cannot be enforced.

/// A policy document that the local cloud cannot enforce, because it is invalid or uses unsupported features.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("reading the policy: {0}")]
pub struct PolicyError(pub(super) String);

impl PolicyError {
    pub(super) fn unsupported(what: impl std::fmt::Display) -> Self {
        Self(format!("the local cloud does not support {what}"))
    }
}
