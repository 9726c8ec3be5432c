//! What a run removes besides the stack's own resources: whatever lets callers bypass the authorizer, and duplicates
//! that interrupted runs left behind.

use crate::{
    change::{Action, ResourceKind},
    engine::{
        observe::World,
        plan::{Change, Leftovers},
    },
    resources::{cors, user_pool},
};

/// The leftovers, and how the plan shows them.
#[derive(Debug, Default)]
pub(super) struct Removals {
    pub(super) items: Leftovers,
    pub(super) changes: Vec<Change>,
}

impl Removals {
    /// Takes the changes of one kind, to show them after that resource.
    pub(super) fn take_changes(&mut self, kind: ResourceKind) -> Vec<Change> {
        self.changes.extract_if(.., |change| change.resource == kind).collect()
    }

    /// What is left of CORS where it is no longer desired.
    pub(super) fn find_cors(&mut self, world: &World, included: bool) {
        if let Some(actual) = world.cors.owned().filter(|actual| included && actual.is_ours()) {
            self.delete(ResourceKind::Cors, cors::ID, "cors_origins is not set");
            self.items.cors = Some(actual.clone());
        }
    }

    fn delete(&mut self, kind: ResourceKind, id: &str, reason: &str) {
        self.add(kind, Action::Delete, id, reason);
    }

    fn add(&mut self, resource: ResourceKind, action: Action, id: &str, reason: &str) {
        let (id, reason) = (Some(id.to_owned()), Some(reason.to_owned()));
        self.changes.push(Change { resource, action, id, reason, diff: Vec::new() });
    }
}

/// Finds the leftovers of the resources that a run includes.
pub(super) fn find_leftovers(
    world: &World,
    authorizer_id: Option<&str>,
    includes: impl Fn(ResourceKind) -> bool,
) -> Removals {
    const DUPLICATE: &str = "an interrupted run left it behind";
    let mut removals = Removals::default();
    if includes(ResourceKind::Method) {
        for method in &world.foreign_methods {
            if let Some(why) = method.why_remove(authorizer_id) {
                removals.delete(ResourceKind::Method, &method.to_string(), why);
                removals.items.methods.push(method.clone());
            }
        }
    }
    if includes(ResourceKind::Permission) {
        for statement in &world.function_policy.foreign_statements {
            removals.delete(ResourceKind::Permission, &statement.id, statement.why_remove);
            removals.items.statements.push(statement.id.clone());
        }
    }
    if includes(ResourceKind::Stage) {
        // Each serves whatever deployment it points at, and our permission lets it invoke the function.
        for name in &world.stage.others {
            removals.delete(ResourceKind::Stage, name, "it serves a deployment that nothing checks");
            removals.items.stages.push(name.clone());
        }
    }
    if includes(ResourceKind::UserPool) {
        // Pools that hold users are deleted only by `down`, when asked to.
        let (kept, deleted): (Vec<_>, Vec<_>) = world.user_pool.duplicates.iter().partition(|pool| is_kept(pool));
        for pool in kept {
            let why = "a duplicate, kept because it is protected or holds users";
            removals.add(ResourceKind::UserPool, Action::NoOp, &pool.id, why);
        }
        for pool in deleted {
            removals.delete(ResourceKind::UserPool, &pool.id, DUPLICATE);
            removals.items.pools.push(pool.clone());
        }
    }
    if includes(ResourceKind::RestApi) {
        for api in &world.rest_api.duplicates {
            removals.delete(ResourceKind::RestApi, &api.id, DUPLICATE);
            removals.items.apis.push(api.clone());
        }
    }
    if includes(ResourceKind::AppClient) {
        for client in &world.duplicate_clients {
            removals.delete(ResourceKind::AppClient, client, DUPLICATE);
            removals.items.clients.push(client.clone());
        }
    }
    removals
}

fn is_kept(pool: &user_pool::Actual) -> bool {
    pool.users != 0 || pool.deletion_protection
}
