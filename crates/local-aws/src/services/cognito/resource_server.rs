//! Resource servers and their scopes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    error::{invalid, limit_exceeded, not_found},
    lookup::{find, find_mut, pool_id},
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    services::page::page,
    state::cognito::ResourceServer,
};

/// Resource servers per pool.
const MAX_SERVERS: usize = 25;

pub(super) fn create(cloud: &Cloud, request: &Request) -> Outcome {
    let id = pool_id(request)?;
    let server = read(request)?;
    let shown = view(id, &server);
    cloud.store.write(|state| {
        let pool = find_mut(state.region_mut(&request.region), id)?;
        if pool.resource_servers.contains_key(&server.identifier) {
            return Err(invalid(format!("{} already exists in user pool {id}.", server.identifier)));
        }
        if pool.resource_servers.len() >= MAX_SERVERS {
            return Err(limit_exceeded(format!("Limit of {MAX_SERVERS} resource servers in a user pool is exceeded.")));
        }
        pool.resource_servers.insert(server.identifier.clone(), server);
        Ok(())
    })?;
    Ok(Response::ok(json!({ "ResourceServer": shown })))
}

pub(super) fn describe(cloud: &Cloud, request: &Request) -> Outcome {
    let id = pool_id(request)?;
    let identifier = identifier(request)?;
    let shown = cloud.store.read(|state| {
        let found = find(request, state, id)?.resource_servers.get(identifier);
        found.map(|server| view(id, server)).ok_or_else(|| no_server(identifier))
    })?;
    Ok(Response::ok(json!({ "ResourceServer": shown })))
}

pub(super) fn update(cloud: &Cloud, request: &Request) -> Outcome {
    let id = pool_id(request)?;
    let server = read(request)?;
    let shown = view(id, &server);
    cloud.store.write(|state| {
        let pool = find_mut(state.region_mut(&request.region), id)?;
        let existing =
            pool.resource_servers.get_mut(&server.identifier).ok_or_else(|| no_server(&server.identifier))?;
        *existing = server;
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::ok(json!({ "ResourceServer": shown })))
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    let id = pool_id(request)?;
    let identifier = identifier(request)?;
    cloud.store.write(|state| {
        let removed = find_mut(state.region_mut(&request.region), id)?.resource_servers.remove(identifier);
        removed.map(|_| ()).ok_or_else(|| no_server(identifier))
    })?;
    Ok(Response::empty(200))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let id = pool_id(request)?;
    let limit = input.count("MaxResults", 1..=50)?.unwrap_or(50);
    let after = input.text("NextToken")?;
    let (servers, next) = cloud.store.read(|state| {
        let servers = find(request, state, id)?.resource_servers.iter();
        Ok::<_, ApiError>(page(servers.map(|(key, server)| (key.as_str(), view(id, server))), after, limit))
    })?;
    Ok(Response::ok(json!({ "ResourceServers": servers, "NextToken": next })))
}

fn identifier(request: &Request) -> Result<&str, ApiError> {
    request.input().required("Identifier")
}

fn no_server(identifier: &str) -> ApiError {
    not_found(format!("Resource server {identifier} does not exist."))
}

fn read(request: &Request) -> Result<ResourceServer, ApiError> {
    let input = request.input();
    let identifier = identifier(request)?.to_owned();
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
