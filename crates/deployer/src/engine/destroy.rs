//! Deletes what the stack owns and nothing else, in the order that AWS accepts: the domain before its pool, and the log
//! group after its function, which would create it again. Independent branches run side by side.

use anyhow::Result;

use super::{
    node::{Nodes, Slot, nothing},
    observe::World,
    plan::Change,
};
use crate::{
    change::{Action, ResourceKind},
    error::Failure,
    resources::{Context, domain, function, log_group, rest_api, role, user_pool},
};

/// The resources to delete, in the order in which they are shown. Children of an owned parent are deleted with it.
pub fn plan(cx: Context<'_>, world: &World) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut add = |resource, id: &str| {
        let id = Some(id.to_owned());
        changes.push(Change { resource, action: Action::Delete, id, reason: None, diff: Vec::new() });
    };
    for api in apis(world) {
        add(ResourceKind::RestApi, &api.id);
    }
    for pool in pools(world) {
        if let Some(prefix) = &pool.domain {
            add(ResourceKind::Domain, prefix);
        }
        add(ResourceKind::UserPool, &pool.id);
    }
    if world.function.owned().is_some() {
        add(ResourceKind::Function, &cx.id.function());
    }
    if world.role.owned().is_some() {
        add(ResourceKind::Role, &cx.id.role());
    }
    if world.log_group.owned().is_some() {
        add(ResourceKind::LogGroup, &cx.id.log_group());
    }
    changes
}

fn apis(world: &World) -> impl Iterator<Item = &rest_api::Actual> {
    world.rest_api.api.owned().into_iter().chain(&world.rest_api.duplicates)
}

fn pools(world: &World) -> impl Iterator<Item = &user_pool::Actual> {
    world.user_pool.pool.owned().into_iter().chain(&world.user_pool.duplicates)
}

/// Refuses to delete a pool that holds users or is protected, unless `delete_users` allows it.
pub async fn check_users(cx: Context<'_>, world: &World, delete_users: bool) -> Result<()> {
    if delete_users {
        return Ok(());
    }
    for pool in pools(world) {
        let why = if pool.deletion_protection {
            "is protected from deletion"
        } else if user_pool::has_users(cx.reader(), pool).await? {
            "holds users"
        } else {
            continue;
        };
        let failure = Failure::refused(format!("user pool \"{}\" {why}", pool.id));
        return Err(failure.hint("to delete it anyway, run `deployer down --delete-users`").into());
    }
    Ok(())
}

/// Deletes everything. Returns only when every deletion that could start has ended.
pub async fn destroy(cx: Context<'_>, world: &World) -> Result<()> {
    let nodes = Nodes::new(cx.events);
    let function = Slot::<()>::new();
    let (roles, groups) = (Slot::<()>::new(), Slot::<()>::new());
    let delete = Some(Action::Delete);
    let (has_function, has_role, has_group) =
        (world.function.owned().is_some(), world.role.owned().is_some(), world.log_group.owned().is_some());
    tokio::join!(
        delete_apis(cx, &nodes, world),
        delete_pools(cx, &nodes, world),
        nodes.run(ResourceKind::Function, delete.filter(|_| has_function), &function, nothing(), async |()| {
            if has_function {
                function::delete(cx).await?;
            }
            Ok((cx.id.function(), ()))
        }),
        nodes.run(ResourceKind::Role, delete.filter(|_| has_role), &roles, function.get(), async |()| {
            if has_role {
                role::delete(cx).await?;
            }
            Ok((cx.id.role(), ()))
        }),
        nodes.run(ResourceKind::LogGroup, delete.filter(|_| has_group), &groups, function.get(), async |()| {
            if has_group {
                log_group::delete(cx).await?;
            }
            Ok((cx.id.log_group(), ()))
        }),
    );
    nodes.finish()
}

async fn delete_apis(cx: Context<'_>, nodes: &Nodes<'_>, world: &World) {
    for api in apis(world) {
        let slot = Slot::<()>::new();
        let work = async |()| {
            rest_api::delete(cx, &api.id).await?;
            Ok((api.id.clone(), ()))
        };
        nodes.run(ResourceKind::RestApi, Some(Action::Delete), &slot, nothing(), work).await;
    }
}

async fn delete_pools(cx: Context<'_>, nodes: &Nodes<'_>, world: &World) {
    for pool in pools(world) {
        let slot = Slot::<()>::new();
        let work = async |()| {
            delete_pool(cx, pool).await?;
            Ok((pool.id.clone(), ()))
        };
        nodes.run(ResourceKind::UserPool, Some(Action::Delete), &slot, nothing(), work).await;
    }
}

/// Deletes a pool, its domain first.
pub async fn delete_pool(cx: Context<'_>, pool: &user_pool::Actual) -> Result<()> {
    if let Some(prefix) = &pool.domain {
        domain::delete(cx, &pool.id, prefix).await?;
    }
    user_pool::delete(cx, pool).await
}
