//! Desired + what was observed → plan. Pure: no I/O, no choice left to apply.

mod decision;

use serde::Serialize;

use self::decision::Planner;
use super::{
    observe::World,
    plan::{Change, LeftBehind, Unowned},
};
use crate::{
    change::{Action, ResourceKind, Step},
    error::Failure,
    resources::{
        app_client, authorizer, deployment::Record, domain, function, log_group, method, permission, resource_server,
        rest_api, role, stage, user_pool,
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
    /// What is in the way. Such a plan is shown and never applied.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unowned: Vec<Unowned>,
    /// Other stacks that a changed `name` may have left.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_behind: Vec<LeftBehind>,
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

    /// Refuses a plan that something is in the way of.
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
    pub integration: Step<method::ActualIntegration>,
    pub permission: Step<permission::Actual>,
    /// Kept is the deployment that the stage is to serve; it may serve another one now.
    pub deployment: Step<Record>,
    pub stage: Step<stage::Actual>,
    /// Root resource of the API, where there is one.
    pub root_id: Option<String>,
    /// What is removed beside all that.
    pub leftovers: Leftovers,
}

/// What is not ours to have, or was made twice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Leftovers {
    /// Methods that open the API, or keep it from being deployed.
    pub methods: Vec<method::Other>,
    /// Other stages of the API.
    pub stages: Vec<String>,
    /// Statements that let strangers invoke the function.
    pub statements: Vec<String>,
    /// Pools that a lost answer has left.
    pub pools: Vec<user_pool::Actual>,
    /// APIs that a lost answer has left.
    pub apis: Vec<rest_api::Actual>,
    /// Clients that a lost answer has left.
    pub clients: Vec<String>,
}

/// Decides.
pub fn plan(desired: &Desired, world: &World, options: &Options) -> Plan {
    let id = &desired.id;
    let mut planner = Planner::new(options);
    let p = &mut planner;

    let log_group = p.step(ResourceKind::LogGroup, &world.log_group, &id.log_group(), |actual| {
        log_group::diff(&desired.log_group, actual)
    });
    let role = p.step(ResourceKind::Role, &world.role, &id.role(), |actual| role::diff(&desired.role, actual));
    let function = p.step(ResourceKind::Function, &world.function, &id.function(), |actual| {
        function::diff(&desired.function, actual)
    });

    let pool_name = world.user_pool.pool.owned().map_or_else(|| id.user_pool(), |pool| pool.id.clone());
    let pool = &p.if_free(&world.user_pool.pool);
    let user_pool =
        p.step(ResourceKind::UserPool, pool, &pool_name, |actual| user_pool::diff(&desired.user_pool, actual));
    let identifier = &desired.resource_server.identifier;
    let resource_server = p.step(ResourceKind::ResourceServer, &world.resource_server, identifier, |actual| {
        resource_server::diff(&desired.resource_server, actual)
    });
    let client_name = world.app_client.owned().map_or_else(|| id.app_client(), |client| client.id.clone());
    let app_client = p.replaceable(
        ResourceKind::AppClient,
        &world.app_client,
        &client_name,
        |actual| app_client::diff(&desired.app_client, actual),
        app_client::must_replace,
    );
    let domain = p.replaceable(
        ResourceKind::Domain,
        &world.domain,
        &desired.domain.prefix,
        |actual| domain::diff(&desired.domain, actual),
        |_| true,
    );
    p.domain_is_free(&desired.domain, world);

    let api_name = world.rest_api.api.owned().map_or_else(|| id.rest_api(), |api| api.id.clone());
    let api = &p.if_free(&world.rest_api.api);
    let rest_api = p.step(ResourceKind::RestApi, api, &api_name, |actual| rest_api::diff(&desired.rest_api, actual));
    let pool_id = user_pool.actual().map(|pool| pool.id.as_str());
    let pool_arn = pool_id.map(|pool_id| id.user_pool_arn(pool_id));
    let authorizer_name = world.authorizer.owned().map_or_else(|| id.authorizer(), |found| found.id.clone());
    let authorizer = p.step(ResourceKind::Authorizer, &world.authorizer, &authorizer_name, |actual| {
        authorizer::diff(&desired.authorizer, pool_arn.as_deref(), actual)
    });
    let authorizer_id = authorizer.actual().map(|authorizer| authorizer.id.as_str());

    let root = world.root.clone().unwrap_or_default();
    let on_root = format!("{} /", method::HTTP_METHOD);
    let method = p.step(ResourceKind::Method, &root.method, &on_root, |actual| {
        method::diff(&desired.method, authorizer_id, actual)
    });
    let methods = p.openings(&root.others, authorizer_id);
    let mut integration = p.step(ResourceKind::Integration, &root.integration, &on_root, |actual| {
        method::diff_integration(&desired.method, actual)
    });
    // A method that is deleted and put again takes its integration with it.
    if let (Some(Action::Update), Step::Keep(kept)) = (method.action(), &integration) {
        integration = Step::Update(kept.clone(), Vec::new());
        p.change_last(Action::Update, "goes with its method");
    }
    let source_arn = rest_api.actual().map(|api| id.source_arn(&api.id));
    let permission = p.step(ResourceKind::Permission, &world.policy.permission, permission::STATEMENT, |actual| {
        permission::diff(source_arn.as_deref(), actual)
    });
    let statements = p.strangers(&world.policy.openings);

    let digest = authorizer_id.zip(pool_id).map(|(authorizer, pool)| desired.snapshot(authorizer, pool).digest());
    let anew = if !methods.is_empty() {
        Some("a method that is removed may be served as well")
    } else if rest_api.differs(&[rest_api::ENDPOINT_DISABLED]) {
        Some("the endpoint is switched on with the next deployment only")
    } else {
        None
    };
    let deployment = p.deployment(world, digest.as_deref(), anew);
    let target = match &deployment {
        Step::Create => stage::Target::New,
        Step::Keep(record) => stage::Target::Known(record),
        _ => stage::Target::Any,
    };
    let stage = p
        .step(ResourceKind::Stage, &world.stage.stage, &id.stage, |actual| stage::diff(&desired.stage, target, actual));
    let stages = p.other_stages(&world.stage.others);

    let leftovers = Leftovers {
        methods,
        stages,
        statements,
        pools: p.spare_pools(&world.user_pool.duplicates),
        apis: p.spares(ResourceKind::RestApi, &world.rest_api.duplicates, |api| &api.id),
        clients: p.spares(ResourceKind::AppClient, &world.spare_clients, |client| client),
    };
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
        deployment,
        stage,
        root_id: world.root.as_ref().map(|root| root.id.clone()),
        leftovers,
    };
    let Planner { changes, unowned, .. } = planner;
    Plan { changes, unowned, left_behind: left_behind(desired, world), steps }
}

/// The other stacks of the stage, where this one is not there at all: physical names derive from the name, so what a
/// stack of another name has is known.
fn left_behind(desired: &Desired, world: &World) -> Vec<LeftBehind> {
    if !world.is_empty() {
        return Vec::new();
    }
    let other = |neighbour: &rest_api::Neighbour| {
        let id = desired.id.renamed(&neighbour.stack);
        let resources = vec![
            (ResourceKind::LogGroup, id.log_group()),
            (ResourceKind::Role, id.role()),
            (ResourceKind::Function, id.function()),
            (ResourceKind::UserPool, id.user_pool()),
            (ResourceKind::RestApi, neighbour.api_id.clone()),
        ];
        LeftBehind { stack: id.key.name, stage: id.key.stage, resources }
    };
    world.rest_api.neighbours.iter().map(other).collect()
}

#[cfg(test)]
mod tests;
