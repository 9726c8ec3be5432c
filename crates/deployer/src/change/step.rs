//! The decision for one resource, and the observation that it is based on.

use super::{action::Action, diff::FieldDiff};

/// The decision for one resource, with what it was based on.
#[derive(Debug, Clone, PartialEq)]
pub enum Step<A> {
    /// Not part of this run.
    Skip(Option<A>),
    /// It does not exist.
    Create,
    /// It is as it should be.
    Keep(A),
    /// Some fields differ.
    Update(A, Vec<FieldDiff>),
    /// It exists and has no owner. Some fields may differ.
    Adopt(A, Vec<FieldDiff>),
    /// A field differs that AWS cannot change.
    Replace(A, Vec<FieldDiff>),
}

impl<A> Step<A> {
    /// What exists before the step.
    pub fn actual(&self) -> Option<&A> {
        match self {
            Self::Skip(actual) => actual.as_ref(),
            Self::Create => None,
            Self::Keep(actual) | Self::Update(actual, _) | Self::Adopt(actual, _) | Self::Replace(actual, _) => {
                Some(actual)
            }
        }
    }

    /// The action that the plan shows. `None` if the resource is not part of this run.
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
