//! App clients.

use serde_json::{Map, Value, json};

use super::{
    error::{limit_exceeded, not_found},
    lookup::{find, find_mut, pool_id},
    oauth, setting,
};
use crate::{
    clock,
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    random::{self, Alphabet},
    request::Request,
    services::page::page,
    state::cognito::AppClient,
};

/// Clients per pool.
const MAX_CLIENTS: usize = 1000;

/// Settings that UpdateUserPoolClient changes, or resets if they are omitted.
const SETTINGS: [&str; 20] = [
    "RefreshTokenValidity",
    "AccessTokenValidity",
    "IdTokenValidity",
    "TokenValidityUnits",
    "ReadAttributes",
    "WriteAttributes",
    "ExplicitAuthFlows",
    "SupportedIdentityProviders",
    "CallbackURLs",
    "LogoutURLs",
    "DefaultRedirectURI",
    "AllowedOAuthFlows",
    "AllowedOAuthScopes",
    "AllowedOAuthFlowsUserPoolClient",
    "AnalyticsConfiguration",
    "PreventUserExistenceErrors",
    "EnableTokenRevocation",
    "EnablePropagateAdditionalUserContextData",
    "AuthSessionValidity",
    "RefreshTokenRotation",
];

pub(super) fn create(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let pool_id = pool_id(request)?;
    let client_name = input.required("ClientName")?;
    input.reject_unsupported(&["ClientSecret"])?;
    let generate = input.flag("GenerateSecret")?.unwrap_or(false);
    let client = AppClient {
        id: random::id(Alphabet::LowerAlphanumeric, 26),
        name: client_name.to_owned(),
        secret: if generate { Some(random::id(Alphabet::LowerAlphanumeric, 51)) } else { None },
        settings: setting::read(&input, &SETTINGS),
        created_ms: request.now_ms,
        modified_ms: request.now_ms,
    };
    let shown = view(pool_id, &client);
    cloud.store.write(|state| {
        let pool = find_mut(state.region_mut(&request.region), pool_id)?;
        oauth::check(pool, &client.settings, client.secret.is_some())?;
        if pool.clients.len() >= MAX_CLIENTS {
            return Err(limit_exceeded(format!("Limit of {MAX_CLIENTS} app clients in a user pool is exceeded.")));
        }
        pool.clients.insert(client.id.clone(), client);
        Ok(())
    })?;
    Ok(Response::ok(json!({ "UserPoolClient": shown })))
}

pub(super) fn describe(cloud: &Cloud, request: &Request) -> Outcome {
    let pool_id = pool_id(request)?;
    let id = client_id(request)?;
    let shown = cloud.store.read(|state| {
        let found = find(request, state, pool_id)?.clients.get(id);
        found.map(|client| view(pool_id, client)).ok_or_else(|| no_client(id))
    })?;
    Ok(Response::ok(json!({ "UserPoolClient": shown })))
}

/// As on AWS, omitted settings are reset to their defaults; only the name and the secret are kept.
pub(super) fn update(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let pool_id = pool_id(request)?;
    let id = client_id(request)?;
    let new_name = input.text("ClientName")?;
    let settings = setting::read(&input, &SETTINGS);
    let shown = cloud.store.write(|state| {
        let pool = find_mut(state.region_mut(&request.region), pool_id)?;
        let has_secret = pool.clients.get(id).ok_or_else(|| no_client(id))?.secret.is_some();
        oauth::check(pool, &settings, has_secret)?;
        let client = pool.clients.get_mut(id).ok_or_else(|| no_client(id))?;
        if let Some(new_name) = new_name {
            new_name.clone_into(&mut client.name);
        }
        client.settings = settings;
        client.modified_ms = request.now_ms;
        Ok::<_, ApiError>(view(pool_id, client))
    })?;
    Ok(Response::ok(json!({ "UserPoolClient": shown })))
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    let pool_id = pool_id(request)?;
    let id = client_id(request)?;
    cloud.store.write(|state| {
        let removed = find_mut(state.region_mut(&request.region), pool_id)?.clients.remove(id);
        removed.map(|_| ()).ok_or_else(|| no_client(id))
    })?;
    Ok(Response::empty(200))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let pool_id = pool_id(request)?;
    let limit = input.count("MaxResults", 1..=60)?.unwrap_or(60);
    let after = input.text("NextToken")?;
    let (clients, next) = cloud.store.read(|state| {
        let clients = find(request, state, pool_id)?.clients.values().map(|client| {
            let shown = json!({ "ClientId": client.id, "UserPoolId": pool_id, "ClientName": client.name });
            (client.id.as_str(), shown)
        });
        Ok::<_, ApiError>(page(clients, after, limit))
    })?;
    Ok(Response::ok(json!({ "UserPoolClients": clients, "NextToken": next })))
}

fn client_id(request: &Request) -> Result<&str, ApiError> {
    request.input().required("ClientId")
}

fn no_client(id: &str) -> ApiError {
    not_found(format!("User pool client {id} does not exist."))
}

fn view(pool: &str, client: &AppClient) -> Value {
    let mut shown = Map::new();
    // AWS's defaults.
    shown.insert("RefreshTokenValidity".to_owned(), json!(30));
    shown.insert("TokenValidityUnits".to_owned(), json!({}));
    shown.insert("AllowedOAuthFlowsUserPoolClient".to_owned(), json!(false));
    shown.insert("EnableTokenRevocation".to_owned(), json!(true));
    shown.insert("EnablePropagateAdditionalUserContextData".to_owned(), json!(false));
    shown.insert("AuthSessionValidity".to_owned(), json!(3));
    shown.extend(client.settings.clone());
    shown.insert("UserPoolId".to_owned(), json!(pool));
    shown.insert("ClientName".to_owned(), json!(client.name));
    shown.insert("ClientId".to_owned(), json!(client.id));
    shown.insert("ClientSecret".to_owned(), json!(client.secret));
    shown.insert("LastModifiedDate".to_owned(), json!(clock::epoch_s(client.modified_ms)));
    shown.insert("CreationDate".to_owned(), json!(clock::epoch_s(client.created_ms)));
    Value::Object(shown)
}
