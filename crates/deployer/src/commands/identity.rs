//! How commands name a stack: by its outputs once it can be called, else by name, stage and account.

use std::fmt;

use serde::Serialize;

use super::context::Context;
use crate::{names::StackId, outputs::Outputs};

/// What `up` and `status` print about a stack.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Description {
    Up(Box<Outputs>),
    NotUp(Identity),
}

impl Description {
    pub(super) fn new(id: &StackId, outputs: Option<Outputs>) -> Self {
        outputs.map_or_else(|| Self::NotUp(Identity::of(id)), |outputs| Self::Up(Box::new(outputs)))
    }
}

/// Which stack it is, without outputs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Identity {
    stack: String,
    stage: String,
    region: Option<String>,
    account_id: Option<String>,
}

impl Identity {
    pub(super) fn of(id: &StackId) -> Self {
        Self {
            stack: id.name.clone(),
            stage: id.stage.clone(),
            region: Some(id.region.clone()),
            account_id: Some(id.account_id.clone()),
        }
    }

    /// A stack in a local cloud that was never started, so that neither Region nor account is known.
    pub(super) fn unknown(context: &Context) -> Self {
        let config = &context.target.config;
        Self { stack: config.name.clone(), stage: config.stage.clone(), region: None, account_id: None }
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stack {} in stage {}", self.stack, self.stage)?;
        match (&self.region, &self.account_id) {
            (Some(region), Some(account)) => write!(f, ", {region}, account {account}"),
            _ => Ok(()),
        }
    }
}
