//! Policy documents: the checks of IAM, and who may assume a role by its trust policy.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::error::limit_exceeded;
use crate::outcome::ApiError;

/// IAM returns documents URL-encoded by RFC 3986.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Characters per trust policy (default quota).
const MAX_TRUST: usize = 2048;

/// Encodes a document as IAM's responses contain it.
pub(super) fn encode(document: &str) -> String {
    utf8_percent_encode(document, UNRESERVED).to_string()
}

/// Checks a policy that grants permissions.
pub(super) fn check_permissions(document: &str) -> Result<(), ApiError> {
    for statement in statements(document)? {
        if !has_one(&statement, "Resource", "NotResource") {
            return Err(malformed("Policy statement must contain resources."));
        }
        if statement.contains_key("Principal") || statement.contains_key("NotPrincipal") {
            return Err(malformed("Policy document should not specify a principal."));
        }
    }
    Ok(())
}

/// The size of a document as quotas count it: characters without white space.
pub(super) fn size(document: &str) -> usize {
    document.chars().filter(|character| !character.is_whitespace()).count()
}

/// Checks a trust policy.
pub(super) fn check_trust(document: &str) -> Result<(), ApiError> {
    if size(document) > MAX_TRUST {
        return Err(limit_exceeded(format!("Cannot exceed quota for ACLSizePerRole: {MAX_TRUST}")));
    }
    for statement in statements(document)? {
        if statement.contains_key("Resource") || statement.contains_key("NotResource") {
            return Err(malformed("Has prohibited field Resource"));
        }
        if !has_one(&statement, "Principal", "NotPrincipal") {
            return Err(malformed("Missing required field Principal"));
        }
        if !texts(statement.get("Action")).all(|action| action == "*" || action.starts_with("sts:")) {
            return Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."));
        }
    }
    Ok(())
}

/// Whether a trust policy lets the Lambda service assume the role.
pub(crate) fn lets_lambda_assume(document: &str) -> bool {
    let covers_lambda = |statement: &Map<String, Value>| {
        let action = texts(statement.get("Action")).any(|action| matches!(action, "*" | "sts:*" | "sts:AssumeRole"));
        let principal = match statement.get("Principal") {
            Some(Value::String(all)) => all == "*",
            Some(Value::Object(kinds)) => texts(kinds.get("Service")).any(|service| service == "lambda.amazonaws.com"),
            _ => false,
        };
        action && principal
    };
    let by_effect = |effect: &str, statement: &Map<String, Value>| {
        statement.get("Effect").is_some_and(|found| found == effect) && covers_lambda(statement)
    };
    statements(document).is_ok_and(|statements| {
        statements.iter().any(|statement| by_effect("Allow", statement))
            && !statements.iter().any(|statement| by_effect("Deny", statement))
    })
}

fn statements(document: &str) -> Result<Vec<Map<String, Value>>, ApiError> {
    let document: Map<String, Value> =
        serde_json::from_str(document).map_err(|_| malformed("This policy contains invalid Json"))?;
    match document.get("Version").map(Value::as_str) {
        None | Some(Some("2012-10-17" | "2008-10-17")) => {}
        Some(_) => return Err(malformed("The policy must contain a valid version string")),
    }
    let statements = match document.get("Statement") {
        Some(Value::Array(list)) => list.clone(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        _ => Vec::new(),
    };
    if statements.is_empty() {
        return Err(malformed("Syntax errors in policy."));
    }
    statements
        .into_iter()
        .map(|statement| {
            let Value::Object(statement) = statement else { return Err(malformed("Syntax errors in policy.")) };
            if !matches!(statement.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
                return Err(malformed("Policy statement must have an Effect of Allow or Deny."));
            }
            if !has_one(&statement, "Action", "NotAction") {
                return Err(malformed("Policy statement must contain actions."));
            }
            Ok(statement)
        })
        .collect()
}

fn has_one(statement: &Map<String, Value>, one: &str, other: &str) -> bool {
    statement.contains_key(one) != statement.contains_key(other)
}

/// A string or a list of strings.
fn texts(value: Option<&Value>) -> impl Iterator<Item = &str> {
    let items = match value {
        Some(Value::Array(items)) => items.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    items.iter().filter_map(Value::as_str)
}

fn malformed(message: &str) -> ApiError {
    ApiError::new(400, "MalformedPolicyDocument", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"Service":["ec2.amazonaws.com","lambda.amazonaws.com"]}}]}"#;

    #[test]
    fn lambda_can_assume_a_role_only_if_trusted() {
        assert!(lets_lambda_assume(TRUST));
        assert!(!lets_lambda_assume(&TRUST.replace("lambda.", "states.")));
        assert!(!lets_lambda_assume(&TRUST.replace("Allow", "Deny")));
        assert!(!lets_lambda_assume("{}"));
    }

    #[test]
    fn trust_and_permission_policies_have_different_rules() {
        assert!(check_trust(TRUST).is_ok());
        assert!(check_permissions(TRUST).is_err());
        let permissions = r#"{"Statement":{"Effect":"Allow","Action":["logs:*"],"Resource":"*"}}"#;
        assert!(check_permissions(permissions).is_ok());
        assert!(check_trust(permissions).is_err());
        for broken in ["", "[]", "{}", r#"{"Statement":[]}"#, r#"{"Version":"1","Statement":[{}]}"#] {
            let error = check_permissions(broken).err().map(|error| error.code);
            assert_eq!(error.as_deref(), Some("MalformedPolicyDocument"), "{broken}");
        }
    }
}
