//! One run of a plan: what its steps work with, and the slots through which they wait for each other.

use anyhow::Result;

use crate::{
    change::Step,
    engine::{
        node::{Blocked, Nodes, Slot},
        plan::Plan,
    },
    resources::{Context, deployment::Record, function::Code, rest_api},
    stack::Desired,
};

/// What each step produces. An inner `None` is a resource that this run leaves out and that does not exist.
#[derive(Default)]
pub(super) struct Slots {
    pub(super) package: Slot<Option<Code>>,
    pub(super) log_group: Slot<()>,
    pub(super) role: Slot<()>,
    pub(super) function: Slot<()>,
    pub(super) function_ready: Slot<()>,
    pub(super) pool: Slot<Option<String>>,
    /// The pool, once it has the stack's domain.
    pub(super) claimed_pool: Slot<Option<String>>,
    pub(super) server: Slot<()>,
    pub(super) client: Slot<Option<String>>,
    pub(super) only_client: Slot<()>,
    pub(super) shrunk_scopes: Slot<()>,
    pub(super) domain: Slot<Option<String>>,
    pub(super) api: Slot<Option<rest_api::Ids>>,
    /// Id of the API's root path.
    pub(super) root_id: Slot<String>,
    pub(super) authorizer: Slot<Option<String>>,
    pub(super) foreign_methods: Slot<()>,
    pub(super) method: Slot<()>,
    pub(super) integration: Slot<()>,
    pub(super) cors: Slot<()>,
    pub(super) permission: Slot<()>,
    pub(super) deployment: Slot<Option<Record>>,
    pub(super) stage: Slot<()>,
    pub(super) other_stages: Slot<()>,
    pub(super) foreign_statements: Slot<()>,
    pub(super) duplicates: Slot<()>,
}

pub(super) struct Run<'a> {
    pub(super) cx: Context<'a>,
    pub(super) desired: &'a Desired,
    pub(super) plan: &'a Plan,
    pub(super) nodes: Nodes<'a>,
    pub(super) slots: Slots,
}

impl<'a> Run<'a> {
    pub(super) fn new(cx: Context<'a>, desired: &'a Desired, plan: &'a Plan) -> Self {
        Self { cx, desired, plan, nodes: Nodes::new(cx.events), slots: Slots::default() }
    }
}

/// Whether this run leaves the resource out and it does not exist, so that the step produces nothing.
pub(super) fn is_left_out<A>(step: &Step<A>) -> bool {
    matches!(step, Step::Skip(None))
}

/// The id of something that a step needs. If a restricted run does not have it, the step is left out as well.
pub(super) fn existing<T>(value: Result<Option<T>, Blocked>) -> Result<T, Blocked> {
    value?.ok_or(Blocked)
}
