//! The authorizer, the signer and the unpacker, for the fuzz targets.

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

/// What a token of the pool names as its issuer.
pub(crate) const ISSUER: &str = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Pool";
/// The scope that the method wants.
pub(crate) const SCOPE: &str = "predict-api/predict";

/// Whether the headers open a method of that scope under an authorizer of the pool with that key.
pub(crate) fn admits(key: &SigningKey, headers: &HeaderMap) -> bool {
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

/// What came of unpacking a function's zip.
pub(crate) fn unpack(archive: &std::path::Path, into: &std::path::Path) -> Result<(), String> {
    crate::functions::unpack(archive, into)
}

/// A token with these claims.
pub(crate) fn sign(key: &SigningKey, claims: &Map<String, Value>) -> Option<String> {
    token::sign(key, claims)
}
