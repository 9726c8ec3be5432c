//! AWS's own API models: every request is checked against them before the service sees it, every answer after.
//!
//! The models are `models/aws.json`, taken from botocore by `models/extract.py`. What AWS refuses (a required member that
//! is missing, a wrong type, a length, range, pattern or enum that is not kept) is refused with the service's code, all of
//! it in one message. What AWS ignores (members that it does not know, or in the wrong place) is recorded only.

mod answer;
mod input;
mod pattern;
mod shape;

use serde_json::Value;

use crate::{
    control::{Call, Service},
    protocol::{ApiError, Protocol},
};

/// A value that breaks a constraint of its shape.
#[derive(Debug, PartialEq, Eq)]
struct Broken {
    /// `scopes.1.member.scopeName`
    path: String,
    /// `Value 'x'`, or without the value where that may be secret.
    shown: String,
    /// `Member must have length greater than or equal to 1`
    constraint: String,
}

/// What a request has that its operation's model does not.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// Values of the wrong type, as `path must be a string`.
    mistyped: Vec<String>,
    broken: Vec<Broken>,
    /// What AWS ignores, or what cannot be decided.
    noted: Vec<String>,
}

impl Findings {
    /// The refusal that AWS would answer with; `invalid` is the service's code for broken constraints.
    pub(crate) fn refusal(&self, protocol: Protocol, invalid: &str) -> Option<ApiError> {
        if let Some(first) = self.mistyped.first() {
            let code = if protocol == Protocol::Query { "MalformedInput" } else { "SerializationException" };
            return Some(ApiError::new(400, code, first.clone()));
        }
        let all = self
            .broken
            .iter()
            .map(|one| format!("{} at '{}' failed to satisfy constraint: {}", one.shown, one.path, one.constraint));
        let all: Vec<String> = all.collect();
        let errors = if all.len() == 1 { "error" } else { "errors" };
        let message = format!("{} validation {errors} detected: {}", all.len(), all.join("; "));
        (!all.is_empty()).then(|| ApiError::new(400, invalid, message))
    }

    /// Every finding, refused or not. Names and constraints alone: a value may be secret.
    pub(crate) fn all(&self) -> Vec<String> {
        let broken = self.broken.iter().map(|one| format!("{}: {}", one.path, one.constraint));
        self.mistyped.iter().cloned().chain(broken).chain(self.noted.iter().cloned()).collect()
    }
}

/// Checks a request against its operation's model.
pub(crate) fn check(service: Service, call: &Call) -> Findings {
    match shape::find(service.name(), &call.operation) {
        Some((model, operation)) => input::check(model, operation, service.protocol(), call),
        // Control refuses it by name; an operation that it has without a model is found by this note.
        None => Findings { noted: vec![format!("{} has no model", call.operation)], ..Findings::default() },
    }
}

/// What an answer's document has that the operation's output does not, or lacks.
pub(crate) fn check_answer(service: Service, operation: &str, document: Option<&Value>) -> Vec<String> {
    let found = shape::find(service.name(), operation);
    found.map_or_else(Vec::new, |(model, operation)| answer::check(model, operation, document))
}

/// Whether an operation may be refused so.
pub(crate) fn check_refusal(service: Service, operation: &str, error: &ApiError) -> Vec<String> {
    let found = shape::find(service.name(), operation);
    found
        .map_or_else(Vec::new, |(model, found)| answer::check_error(model, operation, found, &error.code, error.status))
}
