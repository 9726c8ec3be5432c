//! Checks that the OAuth settings of an app client are consistent.

use serde_json::{Map, Value};

use super::error::invalid;
use crate::{outcome::ApiError, state::cognito::UserPool};

/// Scopes that every pool has.
const STANDARD_SCOPES: [&str; 5] = ["phone", "email", "openid", "profile", "aws.cognito.signin.user.admin"];

/// Checks flows, scopes and token lifetimes of a client of `pool`.
pub(super) fn check(pool: &UserPool, settings: &Map<String, Value>, has_secret: bool) -> Result<(), ApiError> {
    let flows = texts(settings, "AllowedOAuthFlows");
    let scopes = texts(settings, "AllowedOAuthScopes");
    for scope in &scopes {
        let exists = STANDARD_SCOPES.contains(scope)
            || scope.rsplit_once('/').is_some_and(|(server, name)| {
                pool.resource_servers.get(server).is_some_and(|server| server.scopes.contains_key(name))
            });
        if !exists {
            let message = format!("Invalid scope requested: {scope}");
            return Err(ApiError::new(400, "ScopeDoesNotExistException", message));
        }
    }
    let refuse = |message: &str| Err(ApiError::new(400, "InvalidOAuthFlowException", message));
    let uses_users = flows.contains(&"code") || flows.contains(&"implicit");
    if flows.contains(&"client_credentials") {
        if uses_users {
            return refuse("client_credentials flow can not be selected along with code flow or implicit flow.");
        }
        if !has_secret {
            return refuse("client_credentials flow can not be selected if client does not have a client secret.");
        }
        if scopes.is_empty() || scopes.iter().any(|scope| STANDARD_SCOPES.contains(scope)) {
            return refuse("client_credentials flow can only be selected with scopes of resource servers.");
        }
    }
    if uses_users && texts(settings, "CallbackURLs").is_empty() {
        return Err(invalid("At least one callback URL is needed with the code flow or the implicit flow."));
    }
    let redirect = settings.get("DefaultRedirectURI").and_then(Value::as_str);
    if redirect.is_some_and(|redirect| !texts(settings, "CallbackURLs").contains(&redirect)) {
        return Err(invalid("The default redirect URI must be one of the callback URLs."));
    }
    check_lifetimes(settings)
}

/// Access and ID tokens are valid for 5 minutes to 1 day. The default unit is hours.
fn check_lifetimes(settings: &Map<String, Value>) -> Result<(), ApiError> {
    for (validity, unit) in [("AccessTokenValidity", "AccessToken"), ("IdTokenValidity", "IdToken")] {
        let Some(number) = settings.get(validity).and_then(Value::as_i64) else { continue };
        let unit = settings.get("TokenValidityUnits").and_then(|units| units.get(unit)).and_then(Value::as_str);
        let seconds = match unit {
            Some("seconds") => 1,
            Some("minutes") => 60,
            Some("days") => 86_400,
            None | Some("hours") => 3600,
            Some(other) => return Err(invalid(format!("Invalid token validity unit: {other}"))),
        };
        if !(300..=86_400).contains(&number.saturating_mul(seconds)) {
            return Err(invalid("Invalid range for token validity."));
        }
    }
    Ok(())
}

fn texts<'a>(settings: &'a Map<String, Value>, name: &str) -> Vec<&'a str> {
    let items = settings.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    items.iter().filter_map(Value::as_str).collect()
}
