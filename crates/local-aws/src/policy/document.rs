//! An identity-based policy document.

use serde_json::{Map, Value};

use super::{condition::Condition, error::PolicyError, pattern, permission::Permission};

/// What a principal may do. Anything in the document that the local cloud does not support is an error, never ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    allow: bool,
    actions: Patterns,
    resources: Patterns,
    conditions: Vec<Condition>,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Patterns {
    negated: bool,
    patterns: Vec<String>,
}

impl Policy {
    /// Parses a JSON policy document.
    pub fn parse(document: &str) -> Result<Self, PolicyError> {
        let document: Value = serde_json::from_str(document).map_err(|error| PolicyError(error.to_string()))?;
        let Value::Object(document) = document else { return invalid("it is not a JSON object") };
        check_members(&document, &["Version", "Id", "Statement"])?;
        // The older version lacks only policy variables, which are refused below anyway.
        if !matches!(document.get("Version").and_then(Value::as_str), Some("2012-10-17" | "2008-10-17")) {
            return invalid("Version must be 2012-10-17");
        }
        let statements: Vec<&Value> = match document.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().collect(),
            Some(statement @ Value::Object(_)) => vec![statement],
            _ => return invalid("it has no Statement"),
        };
        let mut sids: Vec<&str> = statements.iter().filter_map(|statement| statement["Sid"].as_str()).collect();
        sids.sort_unstable();
        if let Some(pair) = sids.windows(2).find(|pair| pair[0] == pair[1]) {
            return invalid(&format!("two statements have the Sid {:?}", pair[0]));
        }
        Ok(Self { statements: statements.into_iter().map(Statement::read).collect::<Result<_, _>>()? })
    }

    /// Whether a statement allows this permission and none denies it.
    pub fn allows(&self, permission: &Permission) -> bool {
        self.statements.iter().any(|statement| statement.allow && statement.applies(permission))
            && !self.denies(permission)
    }

    /// Whether a statement denies this permission explicitly.
    pub fn denies(&self, permission: &Permission) -> bool {
        self.statements.iter().any(|statement| !statement.allow && statement.applies(permission))
    }
}

impl Statement {
    fn read(statement: &Value) -> Result<Self, PolicyError> {
        let Value::Object(statement) = statement else { return invalid("a statement is not a JSON object") };
        let members = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
        check_members(statement, &members)?;
        if let Some(sid) = statement.get("Sid")
            && !sid.as_str().is_some_and(|sid| sid.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        {
            return invalid(&format!("Sid {sid} must consist of letters and digits"));
        }
        let allow = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return invalid("Effect must be Allow or Deny"),
        };
        let mut conditions = Vec::new();
        match statement.get("Condition") {
            None => {}
            Some(Value::Object(operators)) => {
                for (operator, keys) in operators {
                    let Value::Object(keys) = keys else {
                        return invalid(&format!("{operator} has no condition keys"));
                    };
                    for (key, values) in keys {
                        conditions.push(Condition::read(operator, key, strings(key, values)?)?);
                    }
                }
            }
            Some(_) => return invalid("Condition is not a JSON object"),
        }
        let (actions, resources) = (Patterns::read(statement, "Action")?, Patterns::read(statement, "Resource")?);
        if let Some(action) = actions.patterns.iter().find(|action| *action != "*" && !action.contains(':')) {
            return invalid(&format!("{action:?} is not an action"));
        }
        if let Some(arn) = resources.patterns.iter().find(|arn| *arn != "*" && arn.split(':').count() < 6) {
            return invalid(&format!("{arn:?} is not an ARN"));
        }
        Ok(Self { allow, actions, resources, conditions })
    }

    fn applies(&self, permission: &Permission) -> bool {
        self.actions.matches(|pattern| pattern::matches_action(pattern, &permission.action))
            && self.resources.matches(|pattern| pattern::matches_arn(pattern, &permission.resource))
            && self.conditions.iter().all(|condition| condition.holds(&permission.context))
    }
}

impl Patterns {
    fn read(statement: &Map<String, Value>, name: &str) -> Result<Self, PolicyError> {
        let not = format!("Not{name}");
        let (negated, value) = match (statement.get(name), statement.get(&not)) {
            (Some(value), None) => (false, value),
            (None, Some(value)) => (true, value),
            _ => return invalid(&format!("a statement must have either {name} or {not}")),
        };
        Ok(Self { negated, patterns: strings(name, value)? })
    }

    fn matches(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern)) != self.negated
    }
}

/// A string or a list of strings, without policy variables.
fn strings(name: &str, value: &Value) -> Result<Vec<String>, PolicyError> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut strings = Vec::new();
    for item in items {
        let Value::String(text) = item else { return invalid(&format!("{name} is not a string")) };
        if text.contains("${") {
            return Err(PolicyError::unsupported(format_args!("policy variables, as in {text:?}")));
        }
        strings.push(text.clone());
    }
    if strings.is_empty() { invalid(&format!("{name} is empty")) } else { Ok(strings) }
}

fn check_members(object: &Map<String, Value>, members: &[&str]) -> Result<(), PolicyError> {
    match object.keys().find(|key| !members.contains(&key.as_str())) {
        Some(key) => Err(PolicyError::unsupported(format_args!("{key} in an identity-based policy"))),
        None => Ok(()),
    }
}

fn invalid<T>(why: &str) -> Result<T, PolicyError> {
    Err(PolicyError(why.to_owned()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn allows(statements: &Value, action: &str, resource: &str) -> bool {
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        let permission = Permission {
            operation: String::new(),
            action: action.into(),
            resource: resource.into(),
            context: BTreeMap::new(),
        };
        Policy::parse(&document.to_string()).unwrap().allows(&permission)
    }

    #[test]
    fn everything_is_denied_by_default_and_a_deny_overrides_an_allow() {
        let statements = json!([
            { "Effect": "Allow", "Action": "iam:*Role", "Resource": ["arn:aws:iam::1:role/a*"] },
            { "Effect": "Deny", "Action": ["iam:DeleteRole"], "Resource": "*" },
        ]);
        assert!(allows(&statements, "iam:GetRole", "arn:aws:iam::1:role/abc"));
        assert!(!allows(&statements, "iam:GetRole", "arn:aws:iam::1:role/b"));
        assert!(!allows(&statements, "iam:DeleteRole", "arn:aws:iam::1:role/abc"));
        assert!(!allows(&statements, "lambda:GetFunction", "arn:aws:iam::1:role/abc"));
    }

    #[test]
    fn negated_elements_match_everything_else() {
        let statements = json!({ "Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::*" });
        assert!(allows(&statements, "lambda:GetFunction", "*"));
        assert!(!allows(&statements, "iam:GetRole", "*"));
        assert!(!allows(&statements, "s3:GetObject", "arn:aws:s3:::b/k"));
    }

    #[test]
    fn unsupported_documents_are_errors() {
        let error = |document: Value| Policy::parse(&document.to_string()).unwrap_err().to_string();
        let statement = |statement: Value| error(json!({ "Version": "2012-10-17", "Statement": [statement] }));
        assert!(error(json!([])).contains("not a JSON object"));
        assert!(error(json!({ "Statement": [] })).contains("Version"));
        assert!(statement(json!({ "Effect": "allow" })).contains("Effect"));
        assert!(statement(json!({ "Effect": "Allow", "Action": "*" })).contains("Resource"));
        assert!(statement(json!({ "Effect": "Allow", "Action": "*", "Resource": [] })).contains("empty"));
        assert!(statement(json!({ "Effect": "Allow", "Action": "x", "Resource": "*" })).contains("not an action"));
        assert!(statement(json!({ "Effect": "Allow", "Action": "*", "Resource": "x" })).contains("not an ARN"));
        assert!(
            statement(json!({ "Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::${aws:username}" }))
                .contains("variables")
        );
        assert!(
            statement(json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*" }))
                .contains("Principal")
        );
        assert!(statement(json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Sid": "a b" })).contains("Sid"));
        let twice = json!({ "Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*" });
        assert!(error(json!({ "Version": "2012-10-17", "Statement": [twice, twice] })).contains("two statements"));
    }
}
