//! The public key set and OpenID configuration of a user pool.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde_json::{Value, json};

use super::{gateway_error, token};
use crate::{
    state::{State, cognito::UserPool},
    store::Store,
};

/// `/<pool id>/.well-known/jwks.json`
pub(super) fn keys(store: &Store, pool: &str, request: &Request<Bytes>) -> Response<Bytes> {
    document(store, pool, request, |_, pool| {
        let key = &pool.key;
        json!({ "keys": [
            { "alg": "RS256", "e": key.e, "kid": key.kid, "kty": "RSA", "n": key.n, "use": "sig" }
        ] })
    })
}

/// `/<pool id>/.well-known/openid-configuration`, with AWS's own URLs: the issuer in tokens is AWS's, too.
pub(super) fn configuration(store: &Store, pool: &str, request: &Request<Bytes>) -> Response<Bytes> {
    document(store, pool, request, |region, pool| {
        let issuer = token::issuer(region, &pool.id);
        let mut configuration = json!({
            "id_token_signing_alg_values_supported": ["RS256"],
            "issuer": issuer,
            "jwks_uri": format!("{issuer}/.well-known/jwks.json"),
            "response_types_supported": ["code", "token"],
            "scopes_supported": ["openid", "email", "phone", "profile"],
            "subject_types_supported": ["public"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        });
        if let Some(domain) = &pool.domain {
            let host = format!("https://{}.auth.{region}.amazoncognito.com", domain.prefix);
            configuration["token_endpoint"] = Value::String(format!("{host}/oauth2/token"));
        }
        configuration
    })
}

fn document(
    store: &Store,
    pool: &str,
    request: &Request<Bytes>,
    make: impl FnOnce(&str, &UserPool) -> Value,
) -> Response<Bytes> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return gateway_error::json_response(405, &json!({ "message": "Method Not Allowed" }));
    }
    let found = store.read(|state| find(state, pool).map(|(region, pool)| make(region, pool)));
    match found {
        Some(document) => gateway_error::json_response(200, &document),
        None => gateway_error::json_response(404, &json!({ "message": format!("User pool {pool} does not exist.") })),
    }
}

fn find<'a>(state: &'a State, pool: &str) -> Option<(&'a str, &'a UserPool)> {
    state.regions.iter().find_map(|(name, region)| region.pools.get(pool).map(|pool| (name.as_str(), pool)))
}
