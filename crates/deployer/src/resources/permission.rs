//! The permission by which API Gateway invokes the function: GetPolicy, AddPermission, RemovePermission.
//!
//! It is one statement with a fixed id in the function's policy, so it is a child of the function. A second
//! AddPermission with that id is ResourceConflictException. Where there is no policy, AWS answers
//! ResourceNotFoundException and MiniStack an empty one. [`reconcile`] returns a [`Claim`], because the statement also
//! decides between concurrent runs.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::{Context, Reader, rest_api};
use crate::{
    aws::{
        ApiError, Doing as _,
        error::is_not_found,
        none_if_not_found,
        wait::{self, Poll},
    },
    change::{Diff, FieldDiff, KNOWN_AFTER_APPLY, Observed, ResourceKind, Step},
};

/// Id of our statement.
pub const STATEMENT: &str = "deployer-api-gateway";
/// The principal that may invoke the function.
pub const PRINCIPAL: &str = "apigateway.amazonaws.com";
/// What the principal may do.
pub const ACTION: &str = "lambda:InvokeFunction";
/// An update of the function that is in progress blocks its policy for less than this.
const DEADLINE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    /// The principal that may invoke the function.
    pub principal: String,
    /// What the principal may do.
    pub action: String,
    /// ARN that calls must come from; `None` allows any source.
    pub source_arn: Option<String>,
    /// Whether its effect is Allow.
    pub allows: bool,
    /// Revision of the policy that it is part of.
    pub revision: Option<String>,
}

/// A statement that is not ours and lets anyone invoke the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignStatement {
    pub id: String,
    /// The reason that the plan shows: who it lets in.
    pub why_remove: &'static str,
}

/// What the function's policy says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FunctionPolicy {
    /// Our statement.
    pub permission: Observed<Actual>,
    /// Other statements, if they let anyone in.
    pub foreign_statements: Vec<ForeignStatement>,
}

/// Reads the function's policy.
pub async fn observe(cx: Reader<'_>) -> Result<FunctionPolicy> {
    let name = cx.id.function();
    let answer = cx.aws.lambda.get_policy().function_name(&name).send().await;
    let Some(answer) = none_if_not_found(answer).doing("reading the policy of function", &name)? else {
        return Ok(FunctionPolicy::default());
    };
    let mut policy = answer.policy.as_deref().map(parse).unwrap_or_default();
    if let Observed::Owned(actual) = &mut policy.permission {
        actual.revision = answer.revision_id;
    }
    Ok(policy)
}

fn parse(policy: &str) -> FunctionPolicy {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let mut result = FunctionPolicy::default();
    for statement in policy["Statement"].as_array().into_iter().flatten() {
        if statement["Sid"] == STATEMENT {
            result.permission = Observed::Owned(actual(statement));
        } else if let (Some(id), Some(why_remove)) = (statement["Sid"].as_str(), why_remove(statement)) {
            result.foreign_statements.push(ForeignStatement { id: id.to_owned(), why_remove });
        }
    }
    result
}

fn actual(statement: &Value) -> Actual {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Actual {
        principal: text(&statement["Principal"]["Service"]).or(text(&statement["Principal"])).unwrap_or_default(),
        action: text(&statement["Action"]).unwrap_or_default(),
        source_arn: source_arn(statement).map(Into::into),
        allows: statement["Effect"] == "Allow",
        revision: None,
    }
}

/// Lambda writes it under ArnLike; under any other operator it counts as well.
fn source_arn(statement: &Value) -> Option<&str> {
    statement["Condition"].as_object()?.values().find_map(|condition| {
        let (_, value) = condition.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case("aws:sourcearn"))?;
        value.as_str()
    })
}

/// Who a foreign statement lets in, if it is open to anyone: every account, or every API Gateway. A condition names an
/// account, an organisation or a source, so only a statement without one is open.
fn why_remove(statement: &Value) -> Option<&'static str> {
    let conditional = statement["Condition"].as_object().is_some_and(|operators| !operators.is_empty());
    if statement["Effect"] != "Allow" || conditional {
        return None;
    }
    let principal = &statement["Principal"];
    if principal == "*" || principal["AWS"] == "*" {
        return Some("it lets every AWS account invoke the function without a token");
    }
    (principal["Service"] == PRINCIPAL).then_some("it lets every API of every account invoke the function")
}

/// The source ARN is unknown until the API exists.
pub fn diff(source_arn: Option<&str>, actual: Option<&Actual>) -> Vec<FieldDiff> {
    let source_arn = source_arn.unwrap_or(KNOWN_AFTER_APPLY);
    Diff::default()
        .field("principal", PRINCIPAL, actual.map(|actual| actual.principal.as_str()))
        .field("action", ACTION, actual.map(|actual| actual.action.as_str()))
        .field("source_arn", Some(source_arn), actual.map(|actual| actual.source_arn.as_deref()))
        .field("allows", true, actual.map(|actual| actual.allows))
        .done()
}

/// Which API may invoke the function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    Ours,
    /// Another API of this stack, which came first; its id.
    OtherApi(String),
}

/// Lets the API invoke the function. A statement cannot be changed, so one that differs is removed first. Lambda
/// accepts its id once, so if two runs each created an API, exactly one succeeds.
pub async fn reconcile(cx: Context<'_>, api_id: &str, step: &Step<Actual>) -> Result<Claim> {
    let mut stale = match step {
        Step::Keep(_) | Step::Skip(_) => return Ok(Claim::Ours),
        Step::Create => None,
        Step::Update(actual, _) | Step::Adopt(actual, _) | Step::Replace(actual, _) => Some(actual.clone()),
    };
    let (name, source_arn) = (cx.id.function(), cx.id.source_arn(api_id));
    let doing = "allowing API Gateway to invoke function";
    wait::until(cx.events, ResourceKind::Permission, DEADLINE, async || {
        // Remove only the revision that was read, not what another run has added since.
        if let Some(statement) = stale.take() {
            match remove(cx, STATEMENT, statement.revision.as_deref()).await {
                Err(error) if error.code() == Some("PreconditionFailedException") => {}
                Err(error) if is_not_found(error.code()) => {}
                other => other.doing(doing, &name)?,
            }
        }
        let call = cx.aws.lambda.add_permission().function_name(&name).statement_id(STATEMENT);
        let answer = call.principal(PRINCIPAL).action(ACTION).source_arn(&source_arn).send().await;
        match answer.map_err(ApiError::from) {
            // The statement exists already, or the function is being updated: both have this code.
            Err(error) if error.code() == Some("ResourceConflictException") => {
                let Some(actual) = observe(cx.reader()).await?.permission.owned().cloned() else {
                    return Ok(Poll::Pending("function is being updated".into()));
                };
                if diff(Some(&source_arn), Some(&actual)).is_empty() {
                    return Ok(Poll::Ready(Claim::Ours));
                }
                if let Some(other) = other_api(cx, api_id, &actual).await? {
                    return Ok(Poll::Ready(Claim::OtherApi(other)));
                }
                stale = Some(actual);
                Ok(Poll::Pending("it names an API that no longer exists".into()))
            }
            other => other.doing(doing, &name).map(|_| Poll::Ready(Claim::Ours)),
        }
    })
    .await
}

/// The other API of this stack that a statement names, if it still exists.
async fn other_api(cx: Context<'_>, api_id: &str, statement: &Actual) -> Result<Option<String>> {
    let found = rest_api::observe(cx.reader()).await?;
    let mut ours = found.api.owned().into_iter().chain(&found.duplicates);
    let named = |api: &&rest_api::Actual| statement.source_arn.as_deref() == Some(&cx.id.source_arn(&api.id));
    Ok(ours.find(|api| api.id != api_id && named(api)).map(|api| api.id.clone()))
}

pub async fn delete(cx: Context<'_>, statement_id: &str) -> Result<()> {
    none_if_not_found(remove(cx, statement_id, None).await)
        .doing("removing a permission of function", &cx.id.function())?;
    Ok(())
}

async fn remove(cx: Context<'_>, statement_id: &str, revision: Option<&str>) -> Result<(), ApiError> {
    let call = cx.aws.lambda.remove_permission().function_name(cx.id.function()).statement_id(statement_id);
    call.set_revision_id(revision.map(Into::into)).send().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::fields;

    fn policy(statement: &Value) -> String {
        json!({"Version": "2012-10-17", "Id": "default", "Statement": [statement]}).to_string()
    }

    fn statement() -> Value {
        json!({
            "Sid": STATEMENT,
            "Effect": "Allow",
            "Principal": {"Service": PRINCIPAL},
            "Action": ACTION,
            "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f",
            "Condition": {"ArnLike": {"AWS:SourceArn": "source"}},
        })
    }

    #[test]
    fn the_statement_that_lambda_writes_is_no_diff() {
        let parsed = parse(&policy(&statement()));
        assert_eq!(diff(Some("source"), parsed.permission.owned()), []);
        assert_eq!(parsed.foreign_statements, []);
    }

    #[test]
    fn an_empty_policy_or_another_statement_is_absent() {
        assert_eq!(parse(r#"{"Statement":[]}"#), FunctionPolicy::default());
        assert_eq!(parse("not json"), FunctionPolicy::default());
        assert_eq!(parse(&policy(&json!({"Sid": "other"}))), FunctionPolicy::default());
    }

    #[test]
    fn each_field_is_one_diff() {
        let cases = [
            ("principal", "/Principal/Service", json!("events.amazonaws.com")),
            ("action", "/Action", json!("lambda:*")),
            ("source_arn", "/Condition/ArnLike/AWS:SourceArn", json!("other")),
            ("source_arn", "/Condition", json!({})),
            ("allows", "/Effect", json!("Deny")),
        ];
        for (field, pointer, value) in cases {
            let mut changed = statement();
            if let Some(member) = changed.pointer_mut(pointer) {
                *member = value;
            }
            let found = diff(Some("source"), parse(&policy(&changed)).permission.owned());
            assert_eq!(fields(&found), [field]);
        }
    }

    #[test]
    fn a_foreign_statement_is_removed_only_if_it_lets_anyone_in() {
        let removed = |principal: Value, condition: Value| {
            let mut other = statement();
            other["Sid"] = json!("other");
            other["Principal"] = principal;
            other["Condition"] = condition;
            parse(&policy(&other)).foreign_statements.len()
        };
        assert_eq!(removed(json!("*"), Value::Null), 1);
        assert_eq!(removed(json!({"AWS": "*"}), json!({})), 1);
        assert_eq!(removed(json!({"Service": PRINCIPAL}), Value::Null), 1);
        assert_eq!(removed(json!("*"), json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})), 0);
        assert_eq!(removed(json!({"Service": "events.amazonaws.com"}), Value::Null), 0);
        assert_eq!(removed(json!({"AWS": "arn:aws:iam::123456789012:root"}), Value::Null), 0);
    }
}
