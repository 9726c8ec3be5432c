//! App clients.

use serde_json::{Map, Value, json};

use super::{find, find_mut, limit_exceeded, not_found, oauth, pool_id, setting};
use crate::{
    clock,
    control::{Call, Service, page::page},
    protocol::{Answer, ApiError, Outcome},
    random::{self, Alphabet},
    state::cognito::AppClient,
};

/// Clients of a pool.
const MOST_CLIENTS: usize = 1000;

/// What UpdateUserPoolClient can change, and resets when it is left out.
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

pub(super) fn create(call: &Call) -> Outcome {
    let input = call.input(Service::Cognito);
    let pool_id = pool_id(call)?;
    let client_name = input.required("ClientName")?;
    input.refuse(&["ClientSecret"])?;
    let generate = input.flag("GenerateSecret")?.unwrap_or(false);
    let client = AppClient {
        id: random::id(Alphabet::LowerAlphanumeric, 26)?,
        name: client_name.to_owned(),
        secret: if generate { Some(random::id(Alphabet::LowerAlphanumeric, 51)?) } else { None },
        settings: setting::read(&input, &SETTINGS),
        created_ms: call.now_ms,
        modified_ms: call.now_ms,
    };
    let shown = view(pool_id, &client);
    call.app.store.write(|state| {
        let pool = find_mut(state.region_mut(&call.region), pool_id)?;
        oauth::check(pool, &client.settings, client.secret.is_some())?;
        if pool.clients.len() >= MOST_CLIENTS {
            return Err(limit_exceeded(format!("Limit of {MOST_CLIENTS} app clients in a user pool is exceeded.")));
        }
        pool.clients.insert(client.id.clone(), client);
        Ok(())
    })?;
    Ok(Answer::ok(json!({ "UserPoolClient": shown })))
}

pub(super) fn describe(call: &Call) -> Outcome {
    let pool_id = pool_id(call)?;
    let id = client_id(call)?;
    let shown = call.app.store.read(|state| {
        let found = find(call, state, pool_id)?.clients.get(id);
        found.map(|client| view(pool_id, client)).ok_or_else(|| no_client(id))
    })?;
    Ok(Answer::ok(json!({ "UserPoolClient": shown })))
}

/// As on AWS, whatever the call leaves out goes back to its default; the name and the secret stay.
pub(super) fn update(call: &Call) -> Outcome {
    let input = call.input(Service::Cognito);
    let pool_id = pool_id(call)?;
    let id = client_id(call)?;
    let new_name = input.text("ClientName")?;
    let settings = setting::read(&input, &SETTINGS);
    let shown = call.app.store.write(|state| {
        let pool = find_mut(state.region_mut(&call.region), pool_id)?;
        let has_secret = pool.clients.get(id).ok_or_else(|| no_client(id))?.secret.is_some();
        oauth::check(pool, &settings, has_secret)?;
        let client = pool.clients.get_mut(id).ok_or_else(|| no_client(id))?;
        if let Some(new_name) = new_name {
            new_name.clone_into(&mut client.name);
        }
        client.settings = settings;
        client.modified_ms = call.now_ms;
        Ok::<_, ApiError>(view(pool_id, client))
    })?;
    Ok(Answer::ok(json!({ "UserPoolClient": shown })))
}

pub(super) fn delete(call: &Call) -> Outcome {
    let pool_id = pool_id(call)?;
    let id = client_id(call)?;
    call.app.store.write(|state| {
        let removed = find_mut(state.region_mut(&call.region), pool_id)?.clients.remove(id);
        removed.map(|_| ()).ok_or_else(|| no_client(id))
    })?;
    Ok(Answer::empty(200))
}

pub(super) fn list(call: &Call) -> Outcome {
    let input = call.input(Service::Cognito);
    let pool_id = pool_id(call)?;
    let most = input.count("MaxResults", 1..=60)?.unwrap_or(60);
    let after = input.text("NextToken")?;
    let (clients, next) = call.app.store.read(|state| {
        let clients = find(call, state, pool_id)?.clients.values().map(|client| {
            let shown = json!({ "ClientId": client.id, "UserPoolId": pool_id, "ClientName": client.name });
            (client.id.as_str(), shown)
        });
        Ok::<_, ApiError>(page(clients, after, most))
    })?;
    let mut document = json!({ "UserPoolClients": clients });
    if let Some(next) = next {
        document["NextToken"] = json!(next);
    }
    Ok(Answer::ok(document))
}

fn client_id(call: &Call) -> Result<&str, ApiError> {
    call.input(Service::Cognito).required("ClientId")
}

fn no_client(id: &str) -> ApiError {
    not_found(format!("User pool client {id} does not exist."))
}

fn view(pool: &str, client: &AppClient) -> Value {
    let mut shown = Map::new();
    // What AWS shows of a client that was made without these.
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
    if let Some(secret) = &client.secret {
        shown.insert("ClientSecret".to_owned(), json!(secret));
    }
    shown.insert("LastModifiedDate".to_owned(), json!(clock::epoch_s(client.modified_ms)));
    shown.insert("CreationDate".to_owned(), json!(clock::epoch_s(client.created_ms)));
    Value::Object(shown)
}
