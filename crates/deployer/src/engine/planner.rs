//! Desired + what was observed → plan. Pure: no I/O, no choice left to apply.

use std::collections::BTreeSet;

use anyhow::Result;
use serde::Serialize;

use super::{
    observe::World,
    plan::{Action, Change, FieldDiff, ResourceKind},
};
use crate::{
    error::Failure,
    resources::{
        KNOWN_AFTER_APPLY, Observed, Step, app_client, authorizer, domain, function, log_group, method, permission,
        resource_server, rest_api, role, stage, user_pool,
    },
    stack::Desired,
};

/// What was asked for beside deploy.toml.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Take over what has our names and no owner.
    pub adopt: bool,
    /// Restrict to these and what they need; empty is all.
    pub only: Vec<ResourceKind>,
}

/// What will be done. Text and JSON read the changes, apply the steps; both come from the same decisions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// One for each resource of this run, in order, and one for each leftover.
    pub changes: Vec<Change>,
    /// What apply reads.
    #[serde(skip)]
    pub steps: Steps,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_noop(&self) -> bool {
        self.changes.iter().all(|change| change.action == Action::NoOp)
    }

    /// What is replaced or deleted, and so needs consent.
    pub fn destructive(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| matches!(change.action, Action::Replace | Action::Delete))
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
    pub integration: Step<method::ActualIntegration>,
    pub permission: Step<permission::Actual>,
    /// Whether a deployment is made.
    pub deploy: bool,
    pub stage: Step<stage::Actual>,
    /// Root resource of the API, where there is one.
    pub root_id: Option<String>,
    /// Whether the ANY on `/` is removed.
    pub delete_any: bool,
    /// Pools that a lost answer has left.
    pub spare_pools: Vec<user_pool::Actual>,
    /// APIs that a lost answer has left.
    pub spare_apis: Vec<rest_api::Actual>,
    /// Clients that a lost answer has left.
    pub spare_clients: Vec<String>,
}

/// Decides. Refuses what belongs to somebody else.
pub fn plan(desired: &Desired, world: &World, options: &Options) -> Result<Plan> {
    let id = &desired.id;
    let mut planner = Planner { options, included: included(&options.only), changes: Vec::new() };
    let p = &mut planner;

    let log_group = p.step(ResourceKind::LogGroup, &world.log_group, &id.log_group(), |actual| {
        log_group::diff(&desired.log_group, actual)
    })?;
    let role = p.step(ResourceKind::Role, &world.role, &id.role(), |actual| role::diff(&desired.role, actual))?;
    let function = p.step(ResourceKind::Function, &world.function, &id.function(), |actual| {
        function::diff(&desired.function, actual)
    })?;

    let pool_name = world.user_pool.pool.owned().map_or_else(|| id.user_pool(), |pool| pool.id.clone());
    let pool = &p.if_free(&world.user_pool.pool);
    let user_pool =
        p.step(ResourceKind::UserPool, pool, &pool_name, |actual| user_pool::diff(&desired.user_pool, actual))?;
    let identifier = &desired.resource_server.identifier;
    let resource_server = p.step(ResourceKind::ResourceServer, &world.resource_server, identifier, |actual| {
        resource_server::diff(&desired.resource_server, actual)
    })?;
    let client_name = world.app_client.owned().map_or_else(|| id.app_client(), |client| client.id.clone());
    let app_client = p.replaceable(
        ResourceKind::AppClient,
        &world.app_client,
        &client_name,
        |actual| app_client::diff(&desired.app_client, actual),
        app_client::must_replace,
    )?;
    p.domain_is_free(&world.domain)?;
    let domain = p.replaceable(
        ResourceKind::Domain,
        &world.domain,
        &desired.domain.prefix,
        |actual| domain::diff(&desired.domain, actual),
        |_| true,
    )?;

    let api_name = world.rest_api.api.owned().map_or_else(|| id.rest_api(), |api| api.id.clone());
    let api = &p.if_free(&world.rest_api.api);
    let rest_api = p.step(ResourceKind::RestApi, api, &api_name, |actual| rest_api::diff(&desired.rest_api, actual))?;
    let pool_id = user_pool.actual().map(|pool| pool.id.as_str());
    let pool_arn = pool_id.map(|pool_id| id.user_pool_arn(pool_id));
    let authorizer_name = world.authorizer.owned().map_or_else(|| id.authorizer(), |found| found.id.clone());
    let authorizer = p.step(ResourceKind::Authorizer, &world.authorizer, &authorizer_name, |actual| {
        authorizer::diff(pool_arn.as_deref(), actual)
    })?;
    let authorizer_id = authorizer.actual().map(|authorizer| authorizer.id.as_str());

    let root = world.root.clone().unwrap_or_default();
    let on_root = format!("{} /", method::HTTP_METHOD);
    let method = p.step(ResourceKind::Method, &root.method, &on_root, |actual| {
        method::diff(&desired.method, authorizer_id, actual)
    })?;
    let delete_any = root.any && p.included.contains(&ResourceKind::Method);
    if delete_any {
        p.leftover(ResourceKind::Method, "ANY /", "it would let every method in without a token");
    }
    let mut integration = p.step(ResourceKind::Integration, &root.integration, &on_root, |actual| {
        method::diff_integration(&desired.method, actual)
    })?;
    // A method that is deleted and put again takes its integration with it.
    if let (Some(Action::Update), Step::Keep(kept)) = (method.action(), &integration) {
        integration = Step::Update(kept.clone(), Vec::new());
        p.change_last(Action::Update, "goes with its method");
    }
    let source_arn = rest_api.actual().map(|api| id.source_arn(&api.id));
    let permission = p.step(ResourceKind::Permission, &world.permission, permission::STATEMENT, |actual| {
        permission::diff(source_arn.as_deref(), actual)
    })?;

    let digest = authorizer_id.zip(pool_id).map(|(authorizer, pool)| desired.snapshot(authorizer, pool).digest());
    let deploy = p.deployment(world.stage.owned(), digest.as_deref());
    let mut stage =
        p.step(ResourceKind::Stage, &world.stage, &id.stage, |actual| stage::diff(&desired.stage, actual))?;
    if deploy && let Step::Keep(kept) = &stage {
        let new = FieldDiff {
            field: "deployment".into(),
            desired: KNOWN_AFTER_APPLY.into(),
            actual: kept.deployment_id.as_str().into(),
        };
        p.change_last(Action::Update, "points at the new deployment");
        p.diff_last(&new);
        stage = Step::Update(kept.clone(), vec![new]);
    }

    let spare = |kind| p.included.contains(&kind);
    let pools = spare(ResourceKind::UserPool);
    let (spare_pools, spare_apis, spare_clients) = (
        if pools { world.user_pool.duplicates.clone() } else { Vec::new() },
        if spare(ResourceKind::RestApi) { world.rest_api.duplicates.clone() } else { Vec::new() },
        if spare(ResourceKind::AppClient) { world.spare_clients.clone() } else { Vec::new() },
    );
    let why = "an interrupted run has left it";
    for pool in &spare_pools {
        p.leftover(ResourceKind::UserPool, &pool.id, why);
    }
    for client in &spare_clients {
        p.leftover(ResourceKind::AppClient, client, why);
    }
    for api in &spare_apis {
        p.leftover(ResourceKind::RestApi, &api.id, why);
    }

    let steps = Steps {
        log_group,
        role,
        function,
        user_pool,
        resource_server,
        app_client,
        domain,
        rest_api,
        authorizer,
        method,
        integration,
        permission,
        deploy,
        stage,
        root_id: world.root.as_ref().map(|root| root.id.clone()),
        delete_any,
        spare_pools,
        spare_apis,
        spare_clients,
    };
    Ok(Plan { changes: planner.changes, steps })
}

/// The resources of a run: those asked for and what they need.
fn included(only: &[ResourceKind]) -> BTreeSet<ResourceKind> {
    if only.is_empty() {
        return ResourceKind::ALL.into();
    }
    let mut included = BTreeSet::new();
    let mut open = only.to_vec();
    while let Some(kind) = open.pop() {
        if included.insert(kind) {
            open.extend(kind.needs());
        }
    }
    included
}

struct Planner<'a> {
    options: &'a Options,
    included: BTreeSet<ResourceKind>,
    changes: Vec<Change>,
}

impl Planner<'_> {
    fn step<A: Clone>(
        &mut self,
        kind: ResourceKind,
        observed: &Observed<A>,
        id: &str,
        diff: impl Fn(&A) -> Vec<FieldDiff>,
    ) -> Result<Step<A>> {
        self.replaceable(kind, observed, id, diff, |_| false)
    }

    fn replaceable<A: Clone>(
        &mut self,
        kind: ResourceKind,
        observed: &Observed<A>,
        id: &str,
        diff: impl Fn(&A) -> Vec<FieldDiff>,
        must_replace: impl Fn(&[FieldDiff]) -> bool,
    ) -> Result<Step<A>> {
        if !self.included.contains(&kind) {
            return Ok(Step::Skip(observed.owned().cloned()));
        }
        let step = match observed {
            Observed::Absent => Step::Create,
            Observed::Owned(actual) => match diff(actual) {
                diff if diff.is_empty() => Step::Keep(actual.clone()),
                diff if must_replace(&diff) => Step::Replace(actual.clone(), diff),
                diff => Step::Update(actual.clone(), diff),
            },
            Observed::Unowned { actual, owner: None } if self.options.adopt => {
                Step::Adopt(actual.clone(), diff(actual))
            }
            Observed::Unowned { owner, .. } => return Err(refusal(kind, id, owner.as_deref()).into()),
        };
        self.changes.extend(step.action().map(|action| Change {
            resource: kind,
            action,
            id: Some(id.to_owned()),
            reason: None,
            diff: step.diff().to_vec(),
        }));
        Ok(step)
    }

    /// Names of pools and APIs are not unique: one of our name that is not ours is in nobody's way, unless it is to be
    /// adopted.
    fn if_free<A: Clone>(&self, observed: &Observed<A>) -> Observed<A> {
        match observed {
            Observed::Unowned { owner, .. } if owner.is_some() || !self.options.adopt => Observed::Absent,
            other => other.clone(),
        }
    }

    /// A domain hangs on its pool and can only be taken with it.
    fn domain_is_free(&self, observed: &Observed<domain::Actual>) -> Result<()> {
        match observed {
            Observed::Unowned { actual, .. } if self.included.contains(&ResourceKind::Domain) => {
                let (prefix, pool) = (&actual.prefix, &actual.pool_id);
                let failure = Failure::refused(format!("domain \"{prefix}\" belongs to user pool \"{pool}\""));
                Err(failure.hint("set auth.domain in deploy.toml to a prefix of its own").into())
            }
            _ => Ok(()),
        }
    }

    fn deployment(&mut self, stage: Option<&stage::Actual>, digest: Option<&str>) -> bool {
        if !self.included.contains(&ResourceKind::Deployment) {
            return false;
        }
        let record = stage.and_then(|stage| stage.record.as_ref());
        let (action, reason) = match (stage, record, digest) {
            (None, ..) => (Action::Create, None),
            (Some(stage), _, Some(digest)) if stage.serves(digest) => (Action::NoOp, None),
            (_, None, _) => (Action::Create, Some("the stage serves a deployment that is not ours")),
            (Some(stage), Some(record), _) if stage.deployment_id != record.deployment_id => {
                (Action::Create, Some("the stage was pointed at another deployment"))
            }
            _ => (Action::Create, Some("what it snapshots has changed since the last one")),
        };
        let id = stage.map(|stage| stage.deployment_id.clone()).filter(|_| action == Action::NoOp);
        let reason = reason.map(Into::into);
        self.changes.push(Change { resource: ResourceKind::Deployment, action, id, reason, diff: Vec::new() });
        action == Action::Create
    }

    fn leftover(&mut self, resource: ResourceKind, id: &str, reason: &str) {
        let (id, reason) = (Some(id.to_owned()), Some(reason.to_owned()));
        self.changes.push(Change { resource, action: Action::Delete, id, reason, diff: Vec::new() });
    }

    fn change_last(&mut self, action: Action, reason: &str) {
        if let Some(last) = self.changes.last_mut() {
            last.action = action;
            last.reason = Some(reason.to_owned());
        }
    }

    fn diff_last(&mut self, diff: &FieldDiff) {
        if let Some(last) = self.changes.last_mut() {
            last.diff.push(diff.clone());
        }
    }
}

fn refusal(kind: ResourceKind, id: &str, owner: Option<&str>) -> Failure {
    let words = kind.words();
    match owner {
        Some(owner) => Failure::refused(format!("{words} \"{id}\" belongs to stack {owner}"))
            .hint("choose another name or stage: this one's names collide with that stack's"),
        None => Failure::refused(format!("{words} \"{id}\" exists and belongs to no stack"))
            .hint("take it over with `deployer up --adopt`, or choose another name in deploy.toml"),
    }
}

#[cfg(test)]
mod tests;
