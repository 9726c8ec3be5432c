//! Error responses to requests without a valid signature.

use http::{header, request::Parts};

use crate::{outcome::ApiError, protocol::Protocol, signature::SignatureError};

/// Guesses the protocol of a request whose service is unknown, so that the client can parse the error.
pub(super) fn guess_protocol(parts: &Parts) -> Protocol {
    let content_type =
        parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if parts.headers.contains_key("x-amz-target") {
        Protocol::Json
    } else if content_type.starts_with("application/x-www-form-urlencoded") {
        Protocol::Query
    } else {
        Protocol::RestJson
    }
}

/// The error, in the words of the services that use the protocol.
pub(super) fn api_error(protocol: Protocol, error: &SignatureError) -> ApiError {
    let query = protocol == Protocol::Query;
    let status = if protocol == Protocol::Json { 400 } else { 403 };
    match error {
        SignatureError::Missing => {
            let code = if query { "MissingAuthenticationToken" } else { "MissingAuthenticationTokenException" };
            ApiError::new(status, code, "Missing Authentication Token")
        }
        SignatureError::Incomplete(what) => {
            let code = if query { "IncompleteSignature" } else { "IncompleteSignatureException" };
            ApiError::new(if query { 400 } else { status }, code, what.clone())
        }
        SignatureError::UnknownKey => {
            let code = if query { "InvalidClientTokenId" } else { "UnrecognizedClientException" };
            ApiError::new(status, code, "The security token included in the request is invalid.")
        }
        SignatureError::Mismatch => {
            let code = if query { "SignatureDoesNotMatch" } else { "InvalidSignatureException" };
            let message = "The request signature we calculated does not match the signature you provided. Check your \
                 AWS Secret Access Key and signing method. Consult the service documentation for details.";
            ApiError::new(status, code, message)
        }
        SignatureError::Expired(when) => {
            let code = if query { "SignatureDoesNotMatch" } else { "InvalidSignatureException" };
            ApiError::new(status, code, when.clone())
        }
    }
}
