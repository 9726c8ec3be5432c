//! The parts of a plan that text and JSON show.

use std::fmt;

use serde::Serialize;

use crate::change::{Action, FieldDiff, ResourceKind};

/// What will be done to one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which resource.
    pub resource: ResourceKind,
    /// What is done.
    pub action: Action,
    /// Physical name or AWS id, where known.
    pub id: Option<String>,
    /// Why, where the action alone does not tell: `method changed since the last deployment`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Field by field; every desired field of what is created, what differs of all else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diff: Vec<FieldDiff>,
}

/// Something of a resource's name that is not the stack's, and keeps the plan from being carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unowned {
    /// Which resource.
    pub resource: ResourceKind,
    /// Physical name or AWS id.
    pub id: String,
    /// Who owns it, where that is known: `stack digits/dev`, `user pool eu-west-1_x`.
    pub owner: Option<String>,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Unowned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \"{}\" ", self.resource.words(), self.id)?;
        match &self.owner {
            Some(owner) => write!(f, "belongs to {owner}"),
            None => f.write_str("exists and belongs to no stack"),
        }
    }
}

/// Another stack of this stage that stays as it is. Told when nothing of this one is there, for then `name` may have
/// been changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftBehind {
    /// Its name.
    pub stack: String,
    /// Its stage.
    pub stage: String,
    /// What it has, as resource and physical name or id.
    pub resources: Vec<(ResourceKind, String)>,
}
