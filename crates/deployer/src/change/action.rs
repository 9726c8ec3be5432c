//! The actions that a plan can take on a resource.

use serde::Serialize;

/// An action on one resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Create,
    Update,
    Adopt,
    Replace,
    Delete,
    NoOp,
}

impl Action {
    pub fn symbol(self) -> char {
        match self {
            Self::Create => '+',
            Self::Update => '~',
            Self::Adopt => '>',
            Self::Replace => '±',
            Self::Delete => '-',
            Self::NoOp => '•',
        }
    }
}
