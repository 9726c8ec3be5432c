//! AWS's own API models: every request is checked against them before the service sees it, every answer after.
//!
//! The models are `models/aws.json`, taken from botocore by `models/extract.py`. What AWS refuses (a required member that
//! is missing, a wrong type, a length, range, pattern or enum that is not kept) is refused with the service's code, all of
//! it in one message. What AWS ignores (members that it does not know, or in the wrong place) is recorded only.

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
        None => Findings { noted: vec![format!("{} has no model", request.operation)], ..Findings::default() },
    }
}

/// What an answer's document has that the operation's output does not, or lacks.
pub(crate) fn check_response(service: Service, operation: &str, document: Option<&Value>) -> Vec<String> {
    let found = shape::find(service.name(), operation);
    found.map_or_else(Vec::new, |(model, operation)| output::check(model, operation, document))
}

/// Whether an operation may be refused so.
pub(crate) fn check_error(service: Service, operation: &str, error: &ApiError) -> Vec<String> {
    let found = shape::find(service.name(), operation);
    found
        .map_or_else(Vec::new, |(model, found)| output::check_error(model, operation, found, &error.code, error.status))
}

/// The path of an operation's requests, with its labels.
#[cfg(test)]
pub(crate) fn uri(service: Service, operation: &str) -> Option<&'static str> {
    shape::find(service.name(), operation).map(|(_, operation)| operation.uri.as_str())
}
