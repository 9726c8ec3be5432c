//! Desired + what was observed → plan. Pure: it does no I/O, and leaves no choice to apply.

mod decisions;
mod leftovers;

use self::{decisions::Decisions, leftovers::find_leftovers};
use super::{
    observe::World,
    plan::{LeftBehind, Options, Plan, Steps},
};
use crate::{
    change::{Action, ResourceKind, Step},
    resources::{
        app_client, authorizer, cors, domain, function, integration, log_group, method, paths, permission,
        resource_server, rest_api, role, stage, user_pool,
    },
    stack::Desired,
};

/// Decides what to do to every resource.
pub fn plan(desired: &Desired, world: &World, options: &Options) -> Plan {
    let id = &desired.id;
    let mut decisions = Decisions::new(options);
    let d = &mut decisions;

    let log_group = d.step(ResourceKind::LogGroup, &world.log_group, &id.log_group(), |actual| {
        log_group::diff(&desired.log_group, actual)
    });
    let role = d.step(ResourceKind::Role, &world.role, &id.role(), |actual| role::diff(&desired.role, actual));
    let function = d.step(ResourceKind::Function, &world.function, &id.function(), |actual| {
        function::diff(&desired.function, actual)
    });

    let pool_name = world.user_pool.pool.owned().map_or_else(|| id.user_pool(), |pool| pool.id.clone());
    let pool = &d.absent_unless_adopted(&world.user_pool.pool);
    let user_pool =
        d.step(ResourceKind::UserPool, pool, &pool_name, |actual| user_pool::diff(&desired.user_pool, actual));
    let identifier = &desired.resource_server.identifier;
    let resource_server = d.step(ResourceKind::ResourceServer, &world.resource_server, identifier, |actual| {
        resource_server::diff(&desired.resource_server, actual)
    });
    let client_name = world.app_client.owned().map_or_else(|| id.app_client(), |client| client.id.clone());
    let app_client = d.replaceable(
        ResourceKind::AppClient,
        &world.app_client,
        &client_name,
        |actual| app_client::diff(&desired.app_client, actual),
        app_client::must_replace,
    );
    let domain = d.replaceable(
        ResourceKind::Domain,
        &world.domain,
        &desired.domain.prefix,
        |actual| domain::diff(&desired.domain, actual),
        |_| true,
    );
    d.refuse_taken_domain(&desired.domain, world);

    let api_name = world.rest_api.api.owned().map_or_else(|| id.rest_api(), |api| api.id.clone());
    let api = &d.absent_unless_adopted(&world.rest_api.api);
    let rest_api = d.step(ResourceKind::RestApi, api, &api_name, |actual| rest_api::diff(&desired.rest_api, actual));
    let pool_id = user_pool.actual().map(|pool| pool.id.as_str());
    let pool_arn = pool_id.map(|pool_id| id.user_pool_arn(pool_id));
    let authorizer_name = world.authorizer.owned().map_or_else(|| id.authorizer(), |found| found.id.clone());
    let authorizer = d.step(ResourceKind::Authorizer, &world.authorizer, &authorizer_name, |actual| {
        authorizer::diff(&desired.authorizer, pool_arn.as_deref(), actual)
    });
    let authorizer_id = authorizer.actual().map(|authorizer| authorizer.id.as_str());

    let mut leftovers = find_leftovers(world, authorizer_id, |kind| d.includes(kind));
    let on_root = format!("{} /", paths::HTTP_METHOD);
    let method = d.step(ResourceKind::Method, &world.method, &on_root, |actual| {
        method::diff(&desired.method, authorizer_id, actual)
    });
    d.add(leftovers.take_changes(ResourceKind::Method));
    let mut integration = d.step(ResourceKind::Integration, &world.integration, &on_root, |actual| {
        integration::diff(&desired.integration, actual)
    });
    // Deleting a method also deletes its integration.
    if let (Some(Action::Update), Step::Keep(kept)) = (method.action(), &integration) {
        integration = Step::Update(kept.clone(), Vec::new());
        d.change_last(Action::Update, "is deleted with its method");
    }
    let cors = match &desired.cors {
        Some(wanted) => d.step(ResourceKind::Cors, &world.cors, cors::ID, |actual| cors::diff(wanted, actual)),
        None => Step::Skip(None),
    };
    if desired.cors.is_none() {
        leftovers.find_cors(world, d.includes(ResourceKind::Cors));
        d.add(leftovers.take_changes(ResourceKind::Cors));
    }
    let source_arn = rest_api.actual().map(|api| id.source_arn(&api.id));
    let statement = &world.function_policy.permission;
    let permission = d.step(ResourceKind::Permission, statement, permission::STATEMENT, |actual| {
        permission::diff(source_arn.as_deref(), actual)
    });
    d.add(leftovers.take_changes(ResourceKind::Permission));

    let digest = authorizer_id.zip(pool_id).map(|(authorizer, pool)| desired.snapshot(authorizer, pool).digest());
    let why_new = if !leftovers.items.methods.is_empty() || leftovers.items.cors.is_some() {
        Some("the last one may serve a method that is removed")
    } else if rest_api.differs(&[rest_api::ENDPOINT_DISABLED]) {
        Some("the endpoint is enabled only with the next deployment")
    } else {
        None
    };
    let deployment = d.deployment(world, digest.as_deref(), why_new);
    let serving = match &deployment {
        Step::Create => stage::Serving::New,
        Step::Keep(record) => stage::Serving::Existing(record),
        _ => stage::Serving::Any,
    };
    let stage = d.step(ResourceKind::Stage, &world.stage.stage, &id.stage, |actual| {
        stage::diff(&desired.stage, serving, actual)
    });
    d.add(leftovers.take_changes(ResourceKind::Stage));
    // Duplicates come last.
    d.add(leftovers.changes);

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
        cors,
        permission,
        deployment,
        stage,
        root_id: world.root_id.clone(),
        leftovers: leftovers.items,
    };
    let Decisions { changes, unowned, .. } = decisions;
    Plan { changes, unowned, left_behind: left_behind(desired, world), steps }
}

/// The other stacks of the stage, where nothing of this one exists. Physical names derive from the stack's name, so
/// those of another stack are known.
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
