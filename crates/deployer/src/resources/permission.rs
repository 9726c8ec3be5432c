//! The permission by which API Gateway invokes the function: GetPolicy, Add- and RemovePermission.
//!
//! One statement of a fixed id in the function's policy, so it hangs on the function. A second AddPermission with that
//! id is ResourceConflictException. Where no policy is, AWS answers ResourceNotFoundException, MiniStack an empty one.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::{Context, Diff, KNOWN_AFTER_APPLY, Observed, Step};
use crate::{
    aws::{
        ApiError, Doing as _, found,
        wait::{self, Poll},
    },
    engine::plan::{FieldDiff, ResourceKind},
};

/// Id of our statement.
pub const STATEMENT: &str = "deployer-api-gateway";
const PRINCIPAL: &str = "apigateway.amazonaws.com";
const ACTION: &str = "lambda:InvokeFunction";
/// An update of the function that is in progress blocks its policy no longer than this.
const DEADLINE: Duration = Duration::from_secs(60);

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    /// Who may invoke.
    pub principal: String,
    /// What may be done.
    pub action: String,
    /// From where; none is from anywhere.
    pub source_arn: Option<String>,
    /// Whether it allows.
    pub allows: bool,
}

/// Reads the function's policy.
pub async fn observe(cx: Context<'_>) -> Result<Observed<Actual>> {
    let name = cx.id.function();
    let answer = cx.aws.lambda.get_policy().function_name(&name).send().await;
    let policy = found(answer).doing("reading the policy of function", &name)?.and_then(|answer| answer.policy);
    Ok(Observed::child(policy.as_deref().and_then(parse)))
}

fn parse(policy: &str) -> Option<Actual> {
    let policy: Value = serde_json::from_str(policy).ok()?;
    let statement = policy["Statement"].as_array()?.iter().find(|statement| statement["Sid"] == STATEMENT)?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    // Lambda writes ArnLike; a source ARN under any other operator is one as well.
    let source_arn = statement["Condition"].as_object().and_then(|operators| {
        operators.values().find_map(|condition| {
            let key = condition.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case("aws:sourcearn"))?;
            text(key.1)
        })
    });
    Some(Actual {
        principal: text(&statement["Principal"]["Service"]).or(text(&statement["Principal"])).unwrap_or_default(),
        action: text(&statement["Action"]).unwrap_or_default(),
        source_arn,
        allows: statement["Effect"] == "Allow",
    })
}

/// Compares. The source ARN is not known while the API is not there.
pub fn diff(source_arn: Option<&str>, actual: &Actual) -> Vec<FieldDiff> {
    Diff::default()
        .field("principal", &PRINCIPAL, &actual.principal.as_str())
        .field("action", &ACTION, &actual.action.as_str())
        .field("source_arn", &Some(source_arn.unwrap_or(KNOWN_AFTER_APPLY)), &actual.source_arn.as_deref())
        .field("allows", &true, &actual.allows)
        .done()
}

/// Makes it so; gives the statement's id. What differs is removed first, for a statement cannot be changed.
pub async fn reconcile(cx: Context<'_>, source_arn: &str, step: &Step<Actual>) -> Result<String> {
    if matches!(step, Step::Keep(_) | Step::Skip(_)) {
        return Ok(STATEMENT.into());
    }
    if !matches!(step, Step::Create) {
        delete(cx).await?;
    }
    let name = cx.id.function();
    wait::until(cx.events, ResourceKind::Permission, DEADLINE, async || {
        let call = cx.aws.lambda.add_permission().function_name(&name).statement_id(STATEMENT);
        let answer = call.principal(PRINCIPAL).action(ACTION).source_arn(source_arn).send().await;
        match answer.map_err(ApiError::from) {
            // The statement is there after a lost answer, or the function is being updated: one code for both.
            Err(error) if error.code() == Some("ResourceConflictException") => match observe(cx).await?.owned() {
                Some(actual) if diff(Some(source_arn), actual).is_empty() => Ok(Poll::Ready(())),
                Some(_) => Err(error).doing("allowing API Gateway to invoke function", &name),
                None => Ok(Poll::Pending("function is being updated".into())),
            },
            other => other.doing("allowing API Gateway to invoke function", &name).map(|_| Poll::Ready(())),
        }
    })
    .await?;
    Ok(STATEMENT.into())
}

/// Removes it.
pub async fn delete(cx: Context<'_>) -> Result<()> {
    let name = cx.id.function();
    let call = cx.aws.lambda.remove_permission().function_name(&name).statement_id(STATEMENT);
    found(call.send().await).doing("removing the permission of function", &name)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
    fn what_lambda_writes_is_no_diff() {
        let actual = parse(&policy(&statement()));
        assert_eq!(actual.map(|actual| diff(Some("source"), &actual)), Some(Vec::new()));
    }

    #[test]
    fn an_empty_policy_or_another_statement_is_absent() {
        assert_eq!(parse(r#"{"Statement":[]}"#), None);
        assert_eq!(parse("not json"), None);
        assert_eq!(parse(&policy(&json!({"Sid": "other"}))), None);
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
            if let Some(place) = changed.pointer_mut(pointer) {
                *place = value;
            }
            let found = parse(&policy(&changed)).map(|actual| diff(Some("source"), &actual)).unwrap_or_default();
            assert_eq!(found.iter().map(|diff| diff.field.as_str()).collect::<Vec<_>>(), [field]);
        }
    }
}
