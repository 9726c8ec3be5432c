//! Gives the fuzz targets access to the authorizer, the signer and the unpacker.

use http::HeaderMap;
use serde_json::{Map, Value};

use super::{
    authorizer::{self, Issuer},
    token,
};
use crate::{
    clock,
    state::{apigateway::Authorizer, cognito::SigningKey},
};

/// The issuer of the pool's tokens.
pub(crate) const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool";
/// The scope that the method requires.
pub(crate) const SCOPE: &str = "predict-api/predict";

/// Whether the authorizer of a pool with this key accepts the headers, for a method with [`SCOPE`].
pub(crate) fn accepts(key: &SigningKey, headers: &HeaderMap) -> bool {
    let authorizer = Authorizer {
        id: "auth".to_owned(),
        name: "auth".to_owned(),
        kind: "COGNITO_USER_POOLS".to_owned(),
        provider_arns: Vec::new(),
        identity_source: Some("method.request.header.Authorization".to_owned()),
        identity_validation_expression: None,
        result_ttl_s: 0,
    };
    let issuers = [Issuer::new(ISSUER, key)];
    authorizer::authorize(&authorizer, &issuers, &[SCOPE.to_owned()], headers, clock::now_s()).is_ok()
}

/// Unpacks a function's zip.
pub(crate) fn unpack(archive: &std::path::Path, into: &std::path::Path) -> Result<(), String> {
    crate::functions::unpack(archive, into)
}

/// Signs a token with these claims.
pub(crate) fn sign(key: &SigningKey, claims: &Map<String, Value>) -> Option<String> {
    token::sign(key, claims)
}
