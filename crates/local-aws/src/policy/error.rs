//! Why a policy document cannot be enforced.

/// Why a document is not a policy that the local cloud can enforce.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("reading the policy: {0}")]
pub struct PolicyError(pub(super) String);

impl PolicyError {
    pub(super) fn unsupported(what: impl std::fmt::Display) -> Self {
        Self(format!("the local cloud does not know {what}"))
    }
}
