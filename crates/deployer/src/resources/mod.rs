//! The resources of a stack, one file each, all of one shape:
//! `Desired` (from deploy.toml) and `Actual` (what we manage of what is there), `observe`, `diff` (pure), `reconcile`
//! (serves create, update, adopt and replace), `delete` (not found is success).
//!
//! A resource never edits another one. Ownership is proven by the stack's tags; what cannot be tagged hangs on what can.

pub mod app_client;
pub mod authorizer;
pub mod deployment;
pub mod domain;
pub mod function;
pub mod log_group;
pub mod method;
pub mod permission;
pub mod resource_server;
pub mod rest_api;
pub mod role;
pub mod stage;
pub mod user_pool;

use serde::Serialize;
use serde_json::Value;

use crate::{
    aws::Clients,
    engine::{
        event::Events,
        plan::{Action, FieldDiff},
    },
    names::{STACK_TAG, STAGE_TAG, StackId, StackKey},
};

/// What a call that reads needs. It need not know the account, so nothing that is read waits for that.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// Clients.
    pub aws: &'a Clients,
    /// Which stack's resources.
    pub id: &'a StackKey,
}

/// What every other call needs.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Clients.
    pub aws: &'a Clients,
    /// Whose resources.
    pub id: &'a StackId,
    /// Who hears of it.
    pub events: &'a Events,
}

impl<'a> Context<'a> {
    /// For calls that read.
    pub fn reader(self) -> Reader<'a> {
        Reader { aws: self.aws, id: self.id }
    }
}

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

/// What the plan has decided for one resource, with what it was decided on.
#[derive(Debug, Clone, PartialEq)]
pub enum Step<A> {
    /// Not part of this run.
    Skip(Option<A>),
    /// It is not there.
    Create,
    /// It is as it should be.
    Keep(A),
    /// Some fields differ.
    Update(A, Vec<FieldDiff>),
    /// It is there, and nobody's; some fields may differ.
    Adopt(A, Vec<FieldDiff>),
    /// It differs in what cannot be changed.
    Replace(A, Vec<FieldDiff>),
}

impl<A> Step<A> {
    /// What is there before the step.
    pub fn actual(&self) -> Option<&A> {
        match self {
            Self::Skip(actual) => actual.as_ref(),
            Self::Create => None,
            Self::Keep(actual) | Self::Update(actual, _) | Self::Adopt(actual, _) | Self::Replace(actual, _) => {
                Some(actual)
            }
        }
    }

    /// The action as the plan shows it; none for what is not part of this run.
    pub fn action(&self) -> Option<Action> {
        Some(match self {
            Self::Skip(_) => return None,
            Self::Create => Action::Create,
            Self::Keep(_) => Action::NoOp,
            Self::Update(..) => Action::Update,
            Self::Adopt(..) => Action::Adopt,
            Self::Replace(..) => Action::Replace,
        })
    }

    /// The fields that differ.
    pub fn diff(&self) -> &[FieldDiff] {
        match self {
            Self::Update(_, diff) | Self::Adopt(_, diff) | Self::Replace(_, diff) => diff,
            Self::Skip(_) | Self::Create | Self::Keep(_) => &[],
        }
    }

    /// Whether one of these fields, or a field below one of them, differs.
    pub fn differs(&self, fields: &[&str]) -> bool {
        self.diff().iter().any(|diff| {
            fields.iter().any(|field| {
                diff.field.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            })
        })
    }
}

/// Collects the fields that differ. Of a resource that is not there every desired field does.
#[derive(Debug, Default)]
pub struct Diff(Vec<FieldDiff>);

impl Diff {
    /// Compares one field; `actual` is none where the resource is not there.
    #[must_use]
    pub fn field<T: PartialEq + Serialize>(self, field: &str, desired: T, actual: Option<T>) -> Self {
        match actual {
            Some(actual) if desired == actual => self,
            actual => self.with(field, value(desired), value(actual)),
        }
    }

    /// Compares one field in which order means nothing.
    #[must_use]
    pub fn set(self, field: &str, desired: &[String], actual: Option<&[String]>) -> Self {
        self.field(field, sorted(desired), actual.map(sorted))
    }

    /// Adds a field that differs, unless both sides have nothing.
    #[must_use]
    pub fn with(mut self, field: &str, desired: Value, actual: Value) -> Self {
        if !(desired.is_null() && actual.is_null()) {
            self.0.push(FieldDiff { field: field.to_owned(), desired, actual });
        }
        self
    }

    /// The result.
    pub fn done(self) -> Vec<FieldDiff> {
        self.0
    }
}

/// As JSON. What is compared are strings, numbers, lists and documents, which all have a form in it.
fn value(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// In order, without repetition: how sets are compared.
pub fn sorted(values: &[String]) -> Vec<String> {
    let mut values = values.to_vec();
    values.sort();
    values.dedup();
    values
}

/// What stands for an id in a plan when only apply will learn it.
pub const KNOWN_AFTER_APPLY: &str = "(known after apply)";
