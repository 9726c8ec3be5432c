//! AWS's API models: every request is checked before its operation runs, and every response afterwards.
//!
//! The models are in `models/aws.json`, extracted from botocore by `models/extract.py`. What AWS refuses (a missing
//! required member, a wrong type, a violated length, range, pattern or enum) is refused with the service's code, and
//! one message lists all violations. What AWS ignores (members that are unknown or in the wrong place) is only
//! recorded.

mod findings;
mod input;
mod output;
mod pattern;
mod shape;

use serde_json::Value;

pub(crate) use self::findings::Findings;
use crate::{outcome::ApiError, request::Request, service::Service};

/// Checks a request against its operation's model.
pub(crate) fn check(request: &Request) -> Findings {
    match shape::find(request.service.name(), request.operation) {
        Some((model, operation)) => input::check(model, operation, request),
        None => Findings { notes: vec![format!("{} has no model", request.operation)], ..Findings::default() },
    }
}

/// How a response's document violates the model of the operation's output.
pub(crate) fn check_response(service: Service, operation: &str, document: Option<&Value>) -> Vec<String> {
    let found = shape::find(service.name(), operation);
    found.map_or_else(Vec::new, |(model, operation)| output::check(model, operation, document))
}

/// How an error violates the model of the operation's errors.
pub(crate) fn check_error(service: Service, operation: &str, error: &ApiError) -> Vec<String> {
    let found = shape::find(service.name(), operation);
    found
        .map_or_else(Vec::new, |(model, found)| output::check_error(model, operation, found, &error.code, error.status))
}

/// The URI template of an operation.
#[cfg(test)]
pub(crate) fn uri(service: Service, operation: &str) -> Option<&'static str> {
    shape::find(service.name(), operation).map(|(_, operation)| operation.uri.as_str())
}
