//! The token endpoint, `POST /oauth2/token`, with the client credentials grant.

use std::collections::BTreeSet;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response,
    header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};

use super::gateway_error::json_response;
use crate::{
    clock, random,
    state::{
        State,
        cognito::{AppClient, SigningKey, UserPool},
    },
    store::Store,
};

const FORM: &str = "application/x-www-form-urlencoded";

/// The default lifetime of an access token, in seconds.
const DEFAULT_LIFETIME_S: u64 = 3600;

/// Why no token was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenError {
    InvalidRequest,
    InvalidClient,
    InvalidGrant,
    UnauthorizedClient,
    UnsupportedGrantType,
    InvalidScope,
    /// The domain does not exist or is not active yet. On AWS its host name does not resolve then; here a client that
    /// waits for the domain gets 404.
    NoDomain,
    Signing,
}

impl TokenError {
    fn response(self) -> Response<Bytes> {
        let (status, error) = match self {
            Self::InvalidRequest => (400, "invalid_request"),
            Self::InvalidClient => (400, "invalid_client"),
            Self::InvalidGrant => (400, "invalid_grant"),
            Self::UnauthorizedClient => (400, "unauthorized_client"),
            Self::UnsupportedGrantType => (400, "unsupported_grant_type"),
            Self::InvalidScope => (400, "invalid_scope"),
            Self::NoDomain => (404, "domain_not_found"),
            Self::Signing => (500, "server_error"),
        };
        json_response(status, &json!({ "error": error }))
    }
}

/// Everything that signing needs, so that the state is not locked meanwhile.
struct Grant {
    key: SigningKey,
    claims: Map<String, Value>,
    lifetime_s: u64,
}

/// Handles a request to the token endpoint of a domain (prefix and Region), or of the pool that has the client.
pub(super) fn respond(store: &Store, domain: Option<&(String, String)>, request: &Request<Bytes>) -> Response<Bytes> {
    if request.method() != Method::POST {
        let mut response = json_response(405, &json!({ "error": "invalid_request" }));
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let mut response = match issue(store, domain, request) {
        Ok(document) => json_response(200, &document),
        Err(error) => error.response(),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The issuer in tokens of the pool.
pub(super) fn issuer(region: &str, pool_id: &str) -> String {
    format!("https://cognito-idp.{region}.amazonaws.com/{pool_id}")
}

fn issue(store: &Store, domain: Option<&(String, String)>, request: &Request<Bytes>) -> Result<Value, TokenError> {
    let fields = Fields::of(request)?;
    let kind = fields.one("grant_type")?.ok_or(TokenError::InvalidRequest)?;
    let scope = fields.one("scope")?;
    let (id, secret) = credentials(request.headers(), &fields)?;
    let grant = store.read(|state| {
        let now_ms = clock::now_ms();
        let (region, pool) = find_pool(state, domain, &id, now_ms)?;
        let client = pool.clients.get(&id).ok_or(TokenError::InvalidClient)?;
        check_client(client, secret.as_deref(), &kind)?;
        let scopes = granted_scopes(pool, client, scope.as_deref())?;
        let lifetime_s = lifetime_s(client);
        let claims = claims(&issuer(region, &pool.id), &client.id, &scopes, now_ms / 1000, lifetime_s);
        Ok(Grant { key: pool.key.clone(), claims, lifetime_s })
    })?;
    let token = sign(&grant.key, &grant.claims).ok_or(TokenError::Signing)?;
    Ok(json!({ "access_token": token, "expires_in": grant.lifetime_s, "token_type": "Bearer" }))
}

/// The form's fields, from the query string and the body together: the tutorial sends `grant_type` in the query string.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn of(request: &Request<Bytes>) -> Result<Self, TokenError> {
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let essence = content_type.split(';').next().unwrap_or("").trim();
        if !essence.eq_ignore_ascii_case(FORM) {
            return Err(TokenError::InvalidRequest);
        }
        let parse = |text: &[u8]| {
            serde_urlencoded::from_bytes::<Vec<(String, String)>>(text).map_err(|_| TokenError::InvalidRequest)
        };
        let mut fields = parse(request.uri().query().unwrap_or("").as_bytes())?;
        fields.extend(parse(request.body())?);
        Ok(Self(fields))
    }

    /// The value of a field. A repeated field is refused, as RFC 6749 requires.
    fn one(&self, name: &str) -> Result<Option<String>, TokenError> {
        let mut values = self.0.iter().filter(|(key, _)| key == name);
        let first = values.next().map(|(_, value)| value.clone()).filter(|value| !value.is_empty());
        if values.next().is_some() { Err(TokenError::InvalidRequest) } else { Ok(first) }
    }
}

/// Client id and secret, from HTTP Basic or from the form.
fn credentials(headers: &HeaderMap, fields: &Fields) -> Result<(String, Option<String>), TokenError> {
    let in_form = fields.one("client_id")?;
    let mut authorizations = headers.get_all(AUTHORIZATION).iter();
    let Some(authorization) = authorizations.next() else {
        let id = in_form.ok_or(TokenError::InvalidRequest)?;
        return Ok((id, fields.one("client_secret")?));
    };
    if authorizations.next().is_some() {
        return Err(TokenError::InvalidRequest);
    }
    let text = authorization.to_str().map_err(|_| TokenError::InvalidClient)?;
    let (scheme, encoded) = text.split_once(' ').ok_or(TokenError::InvalidClient)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(TokenError::InvalidClient);
    }
    let decoded = STANDARD.decode(encoded.trim()).map_err(|_| TokenError::InvalidClient)?;
    let decoded = String::from_utf8(decoded).map_err(|_| TokenError::InvalidClient)?;
    let (id, secret) = decoded.split_once(':').ok_or(TokenError::InvalidClient)?;
    if in_form.is_some_and(|other| other != id) {
        return Err(TokenError::InvalidRequest);
    }
    Ok((id.to_owned(), Some(secret.to_owned())))
}

fn find_pool<'a>(
    state: &'a State,
    domain: Option<&(String, String)>,
    client_id: &str,
    now_ms: u64,
) -> Result<(&'a str, &'a UserPool), TokenError> {
    let serves = |pool: &&UserPool, prefix: Option<&str>| {
        pool.domain.as_ref().is_some_and(|domain| {
            domain.active_from_ms <= now_ms && prefix.is_none_or(|prefix| prefix == domain.prefix)
        })
    };
    if let Some((prefix, region)) = domain {
        let (name, region) = state.regions.get_key_value(region).ok_or(TokenError::NoDomain)?;
        let pool = region.pools.values().find(|pool| serves(pool, Some(prefix))).ok_or(TokenError::NoDomain)?;
        return Ok((name, pool));
    }
    let pools = state.regions.iter().flat_map(|(name, region)| region.pools.values().map(move |pool| (name, pool)));
    let (name, pool) =
        pools.into_iter().find(|(_, pool)| pool.clients.contains_key(client_id)).ok_or(TokenError::InvalidClient)?;
    if serves(&pool, None) { Ok((name, pool)) } else { Err(TokenError::NoDomain) }
}

fn check_client(client: &AppClient, secret: Option<&str>, kind: &str) -> Result<(), TokenError> {
    // A client without a secret cannot use this grant.
    let (Some(expected), Some(given)) = (client.secret.as_deref(), secret) else {
        return Err(TokenError::InvalidClient);
    };
    verify_slices_are_equal(expected.as_bytes(), given.as_bytes()).map_err(|_| TokenError::InvalidClient)?;
    if kind != "client_credentials" {
        return Err(TokenError::UnsupportedGrantType);
    }
    if client.settings.get("AllowedOAuthFlowsUserPoolClient") != Some(&Value::Bool(true)) {
        return Err(TokenError::InvalidGrant);
    }
    if !strings(client, "AllowedOAuthFlows").contains(&"client_credentials") {
        return Err(TokenError::UnauthorizedClient);
    }
    Ok(())
}

/// The requested scopes, all of which the client must have, or all scopes of the client. Scopes that the resource
/// server no longer defines do not count.
fn granted_scopes(pool: &UserPool, client: &AppClient, requested: Option<&str>) -> Result<Vec<String>, TokenError> {
    let defined: Vec<&str> =
        strings(client, "AllowedOAuthScopes").into_iter().filter(|scope| is_defined(pool, scope)).collect();
    let granted: Vec<&str> = match requested {
        None => defined,
        Some(requested) => {
            let mut seen = BTreeSet::new();
            let requested: Vec<&str> = requested.split_ascii_whitespace().filter(|scope| seen.insert(*scope)).collect();
            if requested.iter().any(|scope| !defined.contains(scope)) {
                return Err(TokenError::InvalidScope);
            }
            requested
        }
    };
    if granted.is_empty() {
        Err(TokenError::InvalidScope)
    } else {
        Ok(granted.into_iter().map(str::to_owned).collect())
    }
}

/// Whether a resource server of the pool defines the scope. Its identifier may contain slashes (`https://…`), the
/// scope's name may not.
fn is_defined(pool: &UserPool, scope: &str) -> bool {
    scope.rsplit_once('/').is_some_and(|(server, name)| {
        pool.resource_servers.get(server).is_some_and(|server| server.scopes.contains_key(name))
    })
}

fn strings<'a>(client: &'a AppClient, setting: &str) -> Vec<&'a str> {
    let values = client.settings.get(setting).and_then(Value::as_array);
    values.map(|values| values.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
}

/// The lifetime of the client's access tokens, in seconds. The default unit is hours.
fn lifetime_s(client: &AppClient) -> u64 {
    let unit = client.settings.get("TokenValidityUnits").and_then(|units| units.get("AccessToken"));
    let factor = match unit.and_then(Value::as_str) {
        Some("seconds") => 1,
        Some("minutes") => 60,
        Some("days") => 86_400,
        _ => 3600,
    };
    match client.settings.get("AccessTokenValidity").and_then(Value::as_u64) {
        Some(value) if value > 0 => value.saturating_mul(factor),
        _ => DEFAULT_LIFETIME_S,
    }
}

fn claims(issuer: &str, client_id: &str, scopes: &[String], now_s: u64, lifetime_s: u64) -> Map<String, Value> {
    let claims = json!({
        "sub": client_id,
        "token_use": "access",
        "scope": scopes.join(" "),
        "auth_time": now_s,
        "iss": issuer,
        "exp": now_s.saturating_add(lifetime_s),
        "iat": now_s,
        "version": 2,
        "jti": random::uuid(),
        "client_id": client_id,
    });
    claims.as_object().cloned().unwrap_or_default()
}

/// Signs a token with RS256; `None` if the key is damaged.
pub(super) fn sign(key: &SigningKey, claims: &Map<String, Value>) -> Option<String> {
    // jsonwebtoken accepts PKCS#8 in PEM only; its DER must be PKCS#1.
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", key.pkcs8);
    let private = EncodingKey::from_rsa_pem(pem.as_bytes()).ok()?;
    let mut header = Header::new(Algorithm::RS256);
    header.typ = None;
    header.kid = Some(key.kid.clone());
    jsonwebtoken::encode(&header, claims, &private).ok()
}
