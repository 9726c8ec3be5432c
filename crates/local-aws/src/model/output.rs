//! Checks a response against the model of its operation's output.
//!
//! SDKs drop unknown members and ignore wrong types, so no client would reveal such a bug. This check does.

use serde_json::{Map, Value};

use super::shape::{Kind, Location, OperationModel, ServiceModel, Shape};

/// Values that AWS returns although its own model lacks them: an update shows the reason code of a creation.
const BEYOND_THE_MODEL: [(&str, &str); 1] = [("LastUpdateStatusReasonCode", "Creating")];

/// Error codes that every operation of a service may return: "Common errors" in its API reference, errors of its
/// protocol, and our own NotImplemented.
const COMMON: [&str; 12] = [
    "AccessDenied",
    "AccessDeniedException",
    "InternalFailure",
    "MalformedInput",
    "NotImplemented",
    "RequestEntityTooLargeException",
    "SerializationException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "ValidationError",
    "ValidationException",
];

/// Checks that the operation declares the error code, with this status.
pub(super) fn check_error(
    model: &ServiceModel,
    name: &str,
    operation: &OperationModel,
    code: &str,
    status: u16,
) -> Vec<String> {
    let mut found = Vec::new();
    let declared = operation.errors.iter().any(|known| known == code);
    if !declared && !COMMON.contains(&code) {
        found.push(format!("{code} is not an error of {name}"));
    }
    if let Some(expected) = model.errors.get(code).filter(|expected| **expected != status) {
        found.push(format!("{code} has status {expected}, not {status}"));
    }
    found
}

/// Checks that a document has the members of the output, and no others.
pub(super) fn check(model: &ServiceModel, operation: &OperationModel, document: Option<&Value>) -> Vec<String> {
    let mut found = Vec::new();
    let Some(shape) = operation.output.as_ref().and_then(|name| model.shape(name)) else {
        // AWS sends `{}` or nothing.
        if document.and_then(Value::as_object).is_some_and(|members| !members.is_empty()) {
            found.push("the response must be empty".to_owned());
        }
        return found;
    };
    // The whole body is one member: the function's own response.
    if shape.payload.is_some() {
        return found;
    }
    match document.unwrap_or(&Value::Null) {
        Value::Object(members) => structure(model, shape, members, "", &mut found),
        Value::Null => structure(model, shape, &Map::new(), "", &mut found),
        _ => found.push("the response is not a structure".to_owned()),
    }
    found
}

fn structure(model: &ServiceModel, shape: &Shape, members: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    let in_body = || shape.members.iter().filter(|(_, member)| member.location() == Location::Body);
    for (name, member) in in_body() {
        let wire = member.wire(name);
        match members.get(wire).filter(|value| !value.is_null()) {
            Some(inside) => value(model, member.shape(), inside, &format!("{path}.{wire}"), found),
            None if shape.required.contains(name) => found.push(format!("{path}.{wire} is missing")),
            None => {}
        }
    }
    for name in members.keys() {
        if !in_body().any(|(own, member)| member.wire(own) == name) {
            found.push(format!("{path}.{name} is unknown"));
        }
    }
}

fn value(model: &ServiceModel, name: &str, value_of: &Value, path: &str, found: &mut Vec<String>) {
    let Some(shape) = model.shape(name) else { return };
    let fits = match (shape.kind, value_of) {
        (Kind::Structure, Value::Object(members)) => {
            structure(model, shape, members, path, found);
            true
        }
        (Kind::List, Value::Array(items)) => {
            for item in items {
                value(model, shape.member.as_deref().unwrap_or_default(), item, &format!("{path}[]"), found);
            }
            true
        }
        (Kind::Map, Value::Object(entries)) => {
            for item in entries.values() {
                value(model, shape.value.as_deref().unwrap_or_default(), item, &format!("{path}{{}}"), found);
            }
            true
        }
        (Kind::String, Value::String(text)) => {
            shape.choices.is_empty() || shape.choices.contains(text) || BEYOND_THE_MODEL.contains(&(name, text))
        }
        (Kind::Blob, Value::String(_)) | (Kind::Boolean, Value::Bool(_)) => true,
        (Kind::Integer | Kind::Long, Value::Number(number)) => number.is_i64() || number.is_u64(),
        (Kind::Double | Kind::Float, Value::Number(_)) => true,
        // Seconds in JSON, ISO 8601 in XML.
        (Kind::Timestamp, Value::Number(_) | Value::String(_)) => true,
        _ => false,
    };
    if !fits {
        found.push(format!("{path} is not a valid {name} ({:?})", shape.kind));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::shape::find;
    use super::*;

    fn findings(service: &str, operation: &str, document: &Value) -> Vec<String> {
        let (model, operation) = find(service, operation).expect("an operation");
        check(model, operation, Some(document))
    }

    #[test]
    fn a_response_must_have_the_members_and_types_of_its_output() {
        assert_eq!(
            findings("lambda", "GetFunctionConfiguration", &json!({ "Timeout": 3, "State": "Active" })),
            [""; 0]
        );
        let wrong = json!({ "Timeout": "3", "State": "Ready", "Colour": 1, "Architectures": "arm64" });
        assert_eq!(
            findings("lambda", "GetFunctionConfiguration", &wrong),
            [
                ".Architectures is not a valid ArchitecturesList (List)",
                ".State is not a valid State (String)",
                ".Timeout is not a valid Timeout (Integer)",
                ".Colour is unknown",
            ]
        );
        assert_eq!(findings("iam", "GetRolePolicy", &json!({ "RoleName": "r" })).len(), 2);
        assert_eq!(findings("iam", "DeleteRole", &json!({ "RoleName": "r" })), ["the response must be empty"]);
    }
}
