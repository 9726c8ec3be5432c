//! The authorizer of type COGNITO_USER_POOLS: checks that a token is from the pool, valid, and of the right kind.
//!
//! The token is accepted alone, or after exactly `Bearer `. Whether AWS accepts other spellings of the scheme is
//! unverified, so they are refused: what works here works on AWS.
//!
//! AWS caches an authorizer's results for its TTL. Here every request is checked again, so a token is refused from the
//! second it expires. A client that relies on the cache fails here first.

use http::{HeaderMap, HeaderName};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

use super::{gateway_error::GatewayError, token};
use crate::state::{
    State,
    apigateway::Authorizer,
    cognito::{SigningKey, UserPool},
};

/// The longest token, in bytes: API Gateway accepts no longer headers.
const MAX_TOKEN: usize = 10_240;

/// The format of times in claims: `Thu Jul 02 12:42:47 UTC 2026`.
const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short] [month repr:short] [day] [hour]:[minute]:[second] UTC [year]");

/// A pool whose tokens an authorizer accepts.
#[derive(Debug, Clone)]
pub(super) struct Issuer {
    name: String,
    key: SigningKey,
}

#[cfg(fuzzing)]
impl Issuer {
    /// An issuer with this name and key.
    pub(super) fn new(name: &str, key: &SigningKey) -> Self {
        Self { name: name.to_owned(), key: key.clone() }
    }
}

/// The existing pools that the authorizer names.
pub(super) fn issuers(state: &State, authorizer: &Authorizer) -> Vec<Issuer> {
    let pool = |arn: &String| -> Option<Issuer> {
        let mut parts = arn.strip_prefix("arn:aws:cognito-idp:")?.splitn(3, ':');
        let (region, _account, resource) = (parts.next()?, parts.next()?, parts.next()?);
        let pool: &UserPool = state.region(region)?.pools.get(resource.strip_prefix("userpool/")?)?;
        Some(Issuer { name: token::issuer(region, &pool.id), key: pool.key.clone() })
    };
    authorizer.provider_arns.iter().filter_map(pool).collect()
}

/// Returns the claims of the request's token, if it gives access to a method with these scopes.
///
/// A method with scopes accepts an access token that has any of them. A method without scopes accepts an ID token.
pub(super) fn authorize(
    authorizer: &Authorizer,
    issuers: &[Issuer],
    scopes: &[String],
    headers: &HeaderMap,
    now_s: u64,
) -> Result<Map<String, Value>, GatewayError> {
    let token = bearer(authorizer, headers).ok_or(GatewayError::Unauthorized)?;
    let claims = verify(token, issuers).ok_or(GatewayError::Unauthorized)?;
    let expires = claims.get("exp").and_then(Value::as_u64).ok_or(GatewayError::Unauthorized)?;
    if expires <= now_s {
        return Err(GatewayError::Expired);
    }
    // Cognito does not set `nbf`, but RFC 7519 requires to respect it.
    if claims.get("nbf").is_some_and(|nbf| nbf.as_u64().is_none_or(|nbf| nbf > now_s)) {
        return Err(GatewayError::Unauthorized);
    }
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let kind = if scopes.is_empty() { "id" } else { "access" };
    if text("token_use") != Some(kind) {
        return Err(GatewayError::Unauthorized);
    }
    if !scopes.is_empty() {
        let mut granted = text("scope").unwrap_or("").split(' ');
        // AWS documents 401; some emulators return 403 (unverified).
        if !granted.any(|granted| scopes.iter().any(|scope| scope == granted)) {
            return Err(GatewayError::Unauthorized);
        }
    }
    if let Some(expression) = &authorizer.identity_validation_expression {
        let regex = regex_lite::Regex::new(&format!("^(?:{expression})$")).map_err(|_| GatewayError::Unauthorized)?;
        if !text("aud").is_some_and(|audience| regex.is_match(audience)) {
            return Err(GatewayError::Unauthorized);
        }
    }
    Ok(claims)
}

/// Claims as the event contains them: all as strings, with `exp` and `iat` in Java's date format.
pub(super) fn event_claims(claims: &Map<String, Value>) -> Map<String, Value> {
    let text = |name: &str, value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Number(number) if matches!(name, "exp" | "iat") => {
            number.as_i64().and_then(date).unwrap_or_else(|| number.to_string())
        }
        Value::Array(items) => {
            let plain = |item: &Value| item.as_str().map_or_else(|| item.to_string(), str::to_owned);
            items.iter().map(plain).collect::<Vec<_>>().join(",")
        }
        other => other.to_string(),
    };
    claims.iter().map(|(name, value)| (name.clone(), Value::String(text(name, value)))).collect()
}

fn date(seconds: i64) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()?.format(DATE).ok()
}

/// The token in the header of the identity source. A repeated header is refused: it is unclear which value the function
/// would trust.
fn bearer<'a>(authorizer: &Authorizer, headers: &'a HeaderMap) -> Option<&'a str> {
    let source = authorizer.identity_source.as_deref().unwrap_or("method.request.header.Authorization");
    let name: HeaderName = source.strip_prefix("method.request.header.")?.parse().ok()?;
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() || value.len() > MAX_TOKEN {
        return None;
    }
    Some(value.strip_prefix("Bearer ").unwrap_or(value))
}

/// Verifies signature (RS256 only, with the key of a named pool) and issuer.
fn verify(token: &str, issuers: &[Issuer]) -> Option<Map<String, Value>> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    let kid = header.kid?;
    let issuer = issuers.iter().find(|issuer| issuer.key.kid == kid)?;
    let key = DecodingKey::from_rsa_components(&issuer.key.n, &issuer.key.e).ok()?;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.required_spec_claims.clear();
    // The caller checks the expiry, to distinguish an expired token from an invalid one.
    validation.validate_exp = false;
    // The caller checks the audience, with the identity validation expression.
    validation.validate_aud = false;
    let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation).ok()?.claims;
    (claims.get("iss").and_then(Value::as_str) == Some(issuer.name.as_str())).then_some(claims)
}
