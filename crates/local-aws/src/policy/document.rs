//! An identity-based policy document.

use serde_json::{Map, Value};

use super::{condition::Condition, error::PolicyError, pattern, permission::Permission};

/// What a principal may do. Anything in the document that the local cloud does not know is an error, never ignored.
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
    /// Reads a document.
    pub fn parse(document: &str) -> Result<Self, PolicyError> {
        let document: Value = serde_json::from_str(document).map_err(|error| PolicyError(error.to_string()))?;
        let Value::Object(document) = document else { return wrong("it is no JSON object") };
        only(&document, &["Version", "Id", "Statement"])?;
        // The older version has no policy variables, which are refused below in any case.
        if !matches!(document.get("Version").and_then(Value::as_str), Some("2012-10-17" | "2008-10-17")) {
            return wrong("Version must be 2012-10-17");
        }
        let statements: Vec<&Value> = match document.get("Statement") {
            Some(Value::Array(statements)) => statements.iter().collect(),
            Some(statement @ Value::Object(_)) => vec![statement],
            _ => return wrong("it has no Statement"),
        };
        let mut sids: Vec<&str> = statements.iter().filter_map(|statement| statement["Sid"].as_str()).collect();
        sids.sort_unstable();
        if let Some(pair) = sids.windows(2).find(|pair| pair[0] == pair[1]) {
            return wrong(&format!("two statements have the Sid {:?}", pair[0]));
        }
        Ok(Self { statements: statements.into_iter().map(Statement::read).collect::<Result<_, _>>()? })
    }

    /// Whether some statement allows this and none denies it.
    pub fn allows(&self, permission: &Permission) -> bool {
        self.statements.iter().any(|statement| statement.allow && statement.applies(permission))
            && !self.denies(permission)
    }

    /// Whether a statement denies this, whatever the others allow.
    pub fn denies(&self, permission: &Permission) -> bool {
        self.statements.iter().any(|statement| !statement.allow && statement.applies(permission))
    }
}

impl Statement {
    fn read(statement: &Value) -> Result<Self, PolicyError> {
        let Value::Object(statement) = statement else { return wrong("a statement is no JSON object") };
        let members = ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"];
        only(statement, &members)?;
        if let Some(sid) = statement.get("Sid")
            && !sid.as_str().is_some_and(|sid| sid.bytes().all(|byte| byte.is_ascii_alphanumeric()))
        {
            return wrong(&format!("Sid {sid} may have letters and digits only"));
        }
        let allow = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return wrong("Effect must be Allow or Deny"),
        };
        let mut conditions = Vec::new();
        match statement.get("Condition") {
            None => {}
            Some(Value::Object(operators)) => {
                for (operator, keys) in operators {
                    let Value::Object(keys) = keys else { return wrong(&format!("{operator} has no condition keys")) };
                    for (key, values) in keys {
                        conditions.push(Condition::read(operator, key, texts(key, values)?)?);
                    }
                }
            }
            Some(_) => return wrong("Condition is no JSON object"),
        }
        let (actions, resources) = (Patterns::read(statement, "Action")?, Patterns::read(statement, "Resource")?);
        if let Some(action) = actions.patterns.iter().find(|action| *action != "*" && !action.contains(':')) {
            return wrong(&format!("{action:?} is no action"));
        }
        if let Some(arn) = resources.patterns.iter().find(|arn| *arn != "*" && arn.split(':').count() < 6) {
            return wrong(&format!("{arn:?} is no ARN"));
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
            _ => return wrong(&format!("a statement has either {name} or {not}")),
        };
        Ok(Self { negated, patterns: texts(name, value)? })
    }

    fn matches(&self, matches: impl Fn(&str) -> bool) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern)) != self.negated
    }
}

/// A text or a list of texts, without variables.
fn texts(name: &str, value: &Value) -> Result<Vec<String>, PolicyError> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut texts = Vec::new();
    for item in items {
        let Value::String(text) = item else { return wrong(&format!("{name} is no text")) };
        if text.contains("${") {
            return Err(PolicyError::unsupported(format_args!("policy variables, as in {text:?}")));
        }
        texts.push(text.clone());
    }
    if texts.is_empty() { wrong(&format!("{name} is empty")) } else { Ok(texts) }
}

fn only(object: &Map<String, Value>, members: &[&str]) -> Result<(), PolicyError> {
    match object.keys().find(|key| !members.contains(&key.as_str())) {
        Some(key) => Err(PolicyError::unsupported(format_args!("{key} in an identity-based policy"))),
        None => Ok(()),
    }
}

fn wrong<T>(why: &str) -> Result<T, PolicyError> {
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
    fn nothing_is_allowed_unless_it_is_said_and_a_deny_has_the_last_word() {
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
    fn the_negated_elements_match_everything_else() {
        let statements = json!({ "Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::*" });
        assert!(allows(&statements, "lambda:GetFunction", "*"));
        assert!(!allows(&statements, "iam:GetRole", "*"));
        assert!(!allows(&statements, "s3:GetObject", "arn:aws:s3:::b/k"));
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        let refused = |document: Value| Policy::parse(&document.to_string()).unwrap_err().to_string();
        let statement = |statement: Value| refused(json!({ "Version": "2012-10-17", "Statement": [statement] }));
        assert!(refused(json!([])).contains("no JSON object"));
        assert!(refused(json!({ "Statement": [] })).contains("Version"));
        assert!(statement(json!({ "Effect": "allow" })).contains("Effect"));
        assert!(statement(json!({ "Effect": "Allow", "Action": "*" })).contains("Resource"));
        assert!(statement(json!({ "Effect": "Allow", "Action": "*", "Resource": [] })).contains("empty"));
        assert!(statement(json!({ "Effect": "Allow", "Action": "x", "Resource": "*" })).contains("no action"));
        assert!(statement(json!({ "Effect": "Allow", "Action": "*", "Resource": "x" })).contains("no ARN"));
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
        assert!(refused(json!({ "Version": "2012-10-17", "Statement": [twice, twice] })).contains("two statements"));
    }
}
