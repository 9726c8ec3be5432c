//! What was found where a resource should be, and whose it is.

use crate::names::{STACK_TAG, STAGE_TAG, StackKey};

/// What was found under a resource's name or tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Observed<T> {
    /// Nothing.
    #[default]
    Absent,
    /// This stack's.
    Owned(T),
    /// Somebody else's, or nobody's.
    Unowned {
        /// What it is.
        actual: T,
        /// The stack and stage that its tags name, if they name one: `stack digits/dev`.
        owner: Option<String>,
    },
}

impl<T> Observed<T> {
    /// Sorts what was found by its tags.
    pub fn by_tags<'t>(id: &StackKey, actual: T, tag: impl Fn(&str) -> Option<&'t str>) -> Self {
        if id.owns(&tag) {
            return Self::Owned(actual);
        }
        let owner = tag(STACK_TAG).map(|stack| format!("stack {stack}/{}", tag(STAGE_TAG).unwrap_or("?")));
        Self::Unowned { actual, owner }
    }

    /// What hangs on an owned parent, or is not there.
    pub fn child(found: Option<T>) -> Self {
        found.map_or(Self::Absent, Self::Owned)
    }

    /// What is there, whoever's it is.
    pub fn there(&self) -> Option<&T> {
        match self {
            Self::Absent => None,
            Self::Owned(actual) | Self::Unowned { actual, .. } => Some(actual),
        }
    }

    /// The one that is this stack's.
    pub fn owned(&self) -> Option<&T> {
        match self {
            Self::Owned(actual) => Some(actual),
            _ => None,
        }
    }
}
