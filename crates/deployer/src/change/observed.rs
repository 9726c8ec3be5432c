//! What was found in a resource's place, and who owns it.

use crate::names::{STACK_TAG, STAGE_TAG, StackKey};

/// What was found under a resource's name or tags.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Observed<T> {
    #[default]
    Absent,
    /// It belongs to this stack.
    Owned(T),
    /// It belongs to another stack, or to none.
    Unowned {
        actual: T,
        /// The stack and stage in its tags, if there are any: `stack digits/dev`.
        owner: Option<String>,
    },
}

impl<T> Observed<T> {
    /// Decides ownership by the tags.
    pub fn by_tags<'t>(id: &StackKey, actual: T, tag: impl Fn(&str) -> Option<&'t str>) -> Self {
        if id.owns(&tag) {
            return Self::Owned(actual);
        }
        let owner = tag(STACK_TAG).map(|stack| format!("stack {stack}/{}", tag(STAGE_TAG).unwrap_or("?")));
        Self::Unowned { actual, owner }
    }

    /// For the child of an owned parent.
    pub fn child(found: Option<T>) -> Self {
        found.map_or(Self::Absent, Self::Owned)
    }

    /// What exists, whoever owns it.
    pub fn existing(&self) -> Option<&T> {
        match self {
            Self::Absent => None,
            Self::Owned(actual) | Self::Unowned { actual, .. } => Some(actual),
        }
    }

    /// What exists and belongs to this stack.
    pub fn owned(&self) -> Option<&T> {
        match self {
            Self::Owned(actual) => Some(actual),
            _ => None,
        }
    }
}
