//! The plan: one immutable value that text, JSON and apply all read.

use std::fmt;

use serde::Serialize;

use crate::{
    change::{Action, FieldDiff, ResourceKind, Step},
    error::Failure,
    resources::{
        app_client, authorizer, cors, deployment::Record, domain, function, integration, log_group, method, permission,
        resource_server, rest_api, role, stage, user_pool,
    },
};

/// What the command line asks for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Take over resources that have our names and no owner.
    pub adopt: bool,
    /// Restrict to these and what they need. Empty is all.
    pub only: Vec<ResourceKind>,
}

/// What will be done. Text and JSON read the changes, apply reads the steps; both come from the same decisions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// One for each resource of this run, in order, and one for each leftover.
    pub changes: Vec<Change>,
    /// Resources that are in the way. A plan with any is shown and never applied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unowned: Vec<Unowned>,
    /// Other stacks that a changed `name` may have left behind.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<LeftBehind>,
    #[serde(skip)]
    pub steps: Steps,
}

impl Plan {
    pub fn is_noop(&self) -> bool {
        self.changes.iter().all(|change| change.action == Action::NoOp)
    }

    /// The changes that replace or delete something, and so need consent.
    pub fn destructive(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| matches!(change.action, Action::Replace | Action::Delete))
    }

    /// Refuses a plan if something is in the way.
    pub fn check(&self) -> anyhow::Result<()> {
        match &self.unowned[..] {
            [] => Ok(()),
            [one] => Err(Failure::refused(one.to_string()).hint(&one.hint).into()),
            [first, ..] => {
                let all: Vec<String> = self.unowned.iter().map(ToString::to_string).collect();
                let failure = Failure::refused(format!("{} resources are not this stack's", all.len()));
                Err(anyhow::anyhow!(all.join("; ")).context(failure.hint(&first.hint)))
            }
        }
    }
}

/// What is done to each resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Steps {
    pub log_group: Step<log_group::Actual>,
    pub role: Step<role::Actual>,
    pub function: Step<function::Actual>,
    pub user_pool: Step<user_pool::Actual>,
    pub resource_server: Step<resource_server::Actual>,
    pub app_client: Step<app_client::Actual>,
    pub domain: Step<domain::Actual>,
    pub rest_api: Step<rest_api::Actual>,
    pub authorizer: Step<authorizer::Actual>,
    pub method: Step<method::Actual>,
    pub integration: Step<integration::Actual>,
    pub cors: Step<cors::Actual>,
    pub permission: Step<permission::Actual>,
    /// `Keep` holds the deployment that the stage should serve; it may serve another one now.
    pub deployment: Step<Record>,
    pub stage: Step<stage::Actual>,
    /// Id of the API's root path, where the API exists.
    pub root_id: Option<String>,
    pub leftovers: Leftovers,
}

/// What is removed besides the stack's own resources.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Leftovers {
    /// Foreign methods that open the API, or with which it cannot be deployed.
    pub methods: Vec<method::Foreign>,
    /// What a stack that no longer wants CORS has of it.
    pub cors: Option<cors::Actual>,
    /// Other stages of the API.
    pub stages: Vec<String>,
    /// Ids of foreign statements that let anyone invoke the function.
    pub statements: Vec<String>,
    /// Duplicates, left by create calls whose answers were lost.
    pub pools: Vec<user_pool::Actual>,
    pub apis: Vec<rest_api::Actual>,
    pub clients: Vec<String>,
}

/// What will be done to one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub resource: ResourceKind,
    pub action: Action,
    /// Physical name or AWS id, where known.
    pub id: Option<String>,
    /// Why, where the action alone does not say: `method changed since the last deployment`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// All fields of what is created, and the fields that differ of everything else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diff: Vec<FieldDiff>,
}

/// Something that has a resource's name and is not the stack's. It prevents the plan from being applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unowned {
    pub resource: ResourceKind,
    /// Physical name or AWS id.
    pub id: String,
    /// The owner, if known: `stack digits/dev`, `user pool eu-west-1_x`.
    pub owner: Option<String>,
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

/// Another stack of this stage, which is left unchanged. Reported when nothing of this stack exists: then `name` may
/// have been changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftBehind {
    pub stack: String,
    pub stage: String,
    /// Each with its physical name or id.
    pub resources: Vec<(ResourceKind, String)>,
}
