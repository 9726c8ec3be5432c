//! Resource servers and their scopes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{find, find_mut, invalid, limit_exceeded, not_found, pool_id};
use crate::{
    control::{Call, Service, page::page},
    protocol::{Answer, ApiError, Outcome},
    state::cognito::ResourceServer,
};

/// Resource servers of a pool.
const MOST_SERVERS: usize = 25;

pub(super) fn create(call: &Call) -> Outcome {
    let id = pool_id(call)?;
    let server = read(call)?;
    let shown = view(id, &server);
    call.app.store.write(|state| {
        let pool = find_mut(state.region_mut(&call.region), id)?;
        if pool.resource_servers.contains_key(&server.identifier) {
            return Err(invalid(format!("{} already exists in user pool {id}.", server.identifier)));
        }
        if pool.resource_servers.len() >= MOST_SERVERS {
            return Err(limit_exceeded(format!(
                "Limit of {MOST_SERVERS} resource servers in a user pool is exceeded."
            )));
        }
        pool.resource_servers.insert(server.identifier.clone(), server);
        Ok(())
    })?;
    Ok(Answer::ok(json!({ "ResourceServer": shown })))
}

pub(super) fn describe(call: &Call) -> Outcome {
    let id = pool_id(call)?;
    let identifier = identifier(call)?;
    let shown = call.app.store.read(|state| {
        let found = find(call, state, id)?.resource_servers.get(identifier);
        found.map(|server| view(id, server)).ok_or_else(|| no_server(identifier))
    })?;
    Ok(Answer::ok(json!({ "ResourceServer": shown })))
}

pub(super) fn update(call: &Call) -> Outcome {
    let id = pool_id(call)?;
    let server = read(call)?;
    let shown = view(id, &server);
    call.app.store.write(|state| {
        let pool = find_mut(state.region_mut(&call.region), id)?;
        let present = pool.resource_servers.get_mut(&server.identifier).ok_or_else(|| no_server(&server.identifier))?;
        *present = server;
        Ok::<_, ApiError>(())
    })?;
    Ok(Answer::ok(json!({ "ResourceServer": shown })))
}

pub(super) fn delete(call: &Call) -> Outcome {
    let id = pool_id(call)?;
    let identifier = identifier(call)?;
    call.app.store.write(|state| {
        let removed = find_mut(state.region_mut(&call.region), id)?.resource_servers.remove(identifier);
        removed.map(|_| ()).ok_or_else(|| no_server(identifier))
    })?;
    Ok(Answer::empty(200))
}

pub(super) fn list(call: &Call) -> Outcome {
    let input = call.input(Service::Cognito);
    let id = pool_id(call)?;
    let most = input.count("MaxResults", 1..=50)?.unwrap_or(50);
    let after = input.text("NextToken")?;
    let (servers, next) = call.app.store.read(|state| {
        let servers = find(call, state, id)?.resource_servers.iter();
        Ok::<_, ApiError>(page(servers.map(|(key, server)| (key.as_str(), view(id, server))), after, most))
    })?;
    let mut document = json!({ "ResourceServers": servers });
    if let Some(next) = next {
        document["NextToken"] = json!(next);
    }
    Ok(Answer::ok(document))
}

fn identifier(call: &Call) -> Result<&str, ApiError> {
    call.input(Service::Cognito).required("Identifier")
}

fn no_server(identifier: &str) -> ApiError {
    not_found(format!("Resource server {identifier} does not exist."))
}

fn read(call: &Call) -> Result<ResourceServer, ApiError> {
    let input = call.input(Service::Cognito);
    let identifier = identifier(call)?.to_owned();
    let name = input.required("Name")?.to_owned();
    let mut scopes = BTreeMap::new();
    let given = input.structures("Scopes")?.unwrap_or_default();
    for scope in given {
        let scope_name = scope.required("ScopeName")?;
        let description = scope.required("ScopeDescription")?;
        if scopes.insert(scope_name.to_owned(), description.to_owned()).is_some() {
            return Err(invalid(format!("Scope {scope_name} is given twice.")));
        }
    }
    Ok(ResourceServer { identifier, name, scopes })
}

fn view(pool: &str, server: &ResourceServer) -> Value {
    let scopes: Vec<Value> = server
        .scopes
        .iter()
        .map(|(name, description)| json!({ "ScopeName": name, "ScopeDescription": description }))
        .collect();
    json!({ "UserPoolId": pool, "Identifier": server.identifier, "Name": server.name, "Scopes": scopes })
}
