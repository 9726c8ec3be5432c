//! The function's execution role: CreateRole, PutRolePolicy, GetRole, GetRolePolicy, DeleteRole.
//!
//! It may write to its own log group and nothing else. It may not create log groups: a late write would bring a deleted
//! one back. Owned by tags. AWS returns policy documents URL-encoded.

use anyhow::{Context as _, Result};
use aws_sdk_iam::types::Tag;
use serde_json::{Value, json};

use super::{Context, Reader};
use crate::{
    aws::{ApiError, Doing as _, none_if_not_found},
    change::{Diff, FieldDiff, Observed, Step},
    error::Failure,
    names::StackId,
};

/// Name of the inline policy.
pub const POLICY: &str = "logs";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    pub name: String,
    /// Who may assume it.
    pub trust: Value,
    /// What it may do.
    pub policy: Value,
}

impl Desired {
    pub fn new(id: &StackId) -> Self {
        Self {
            name: id.role(),
            trust: json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Principal": {"Service": "lambda.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }],
            }),
            policy: json!({
                "Version": "2012-10-17",
                "Statement": [{
                    "Effect": "Allow",
                    "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                    // Streams, not the group, are the resource of both actions.
                    "Resource": format!("{}:*", id.log_group_arn()),
                }],
            }),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    /// Who may assume it.
    pub trust: Value,
    /// Our inline policy, if it exists.
    pub policy: Option<Value>,
}

/// Reads the role and its policy side by side.
pub async fn observe(cx: Reader<'_>) -> Result<Observed<Actual>> {
    let name = cx.id.role();
    let role = cx.aws.iam.get_role().role_name(&name).send();
    let policy = cx.aws.iam.get_role_policy().role_name(&name).policy_name(POLICY).send();
    let (role, policy) = tokio::join!(role, policy);
    let Some(role) = none_if_not_found(role).doing("reading role", &name)?.and_then(|answer| answer.role) else {
        return Ok(Observed::Absent);
    };
    let policy = none_if_not_found(policy).doing("reading the policy of role", &name)?;
    let actual = Actual {
        trust: role.assume_role_policy_document().map_or(Value::Null, document),
        policy: policy.map(|policy| document(policy.policy_document())),
    };
    let tag = |key: &str| role.tags().iter().find(|tag| tag.key() == key).map(Tag::value);
    Ok(Observed::by_tags(cx.id, actual, tag))
}

/// A policy document as JSON. One that cannot be read differs from every other.
fn document(encoded: &str) -> Value {
    let text = percent_encoding::percent_decode_str(encoded).decode_utf8_lossy();
    serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.into_owned()))
}

pub fn diff(desired: &Desired, actual: Option<&Actual>) -> Vec<FieldDiff> {
    Diff::default()
        .field("trust_policy", &desired.trust, actual.map(|actual| &actual.trust))
        .field("logs_policy", Some(&desired.policy), actual.map(|actual| actual.policy.as_ref()))
        .done()
}

/// Brings it to the desired state. Returns its ARN.
pub async fn reconcile(cx: Context<'_>, desired: &Desired, step: &Step<Actual>) -> Result<String> {
    let name = &desired.name;
    if let Step::Create = step {
        let create = cx.aws.iam.create_role().role_name(name).assume_role_policy_document(desired.trust.to_string());
        match create.set_tags(Some(tags(cx.id)?)).send().await.map_err(ApiError::from) {
            // Perhaps our own call whose answer was lost. Role names are unique, so only its tags show who owns it.
            Err(error) if error.code() == Some("EntityAlreadyExists") => match observe(cx.reader()).await? {
                Observed::Owned(_) => {}
                _ => {
                    let failure =
                        Failure::refused(format!("creating role \"{name}\": it exists and is not this stack's"));
                    return Err(failure.hint("run the same command again; the plan then shows whose it is").into());
                }
            },
            other => drop(other.doing("creating role", name)?),
        }
    }
    if let Step::Adopt(..) = step {
        let call = cx.aws.iam.tag_role().role_name(name).set_tags(Some(tags(cx.id)?));
        call.send().await.doing("tagging role", name)?;
    }
    if step.differs(&["trust_policy"]) {
        let call = cx.aws.iam.update_assume_role_policy().role_name(name).policy_document(desired.trust.to_string());
        call.send().await.doing("updating the trust policy of role", name)?;
    }
    if matches!(step, Step::Create) || step.differs(&["logs_policy"]) {
        let call = cx.aws.iam.put_role_policy().role_name(name).policy_name(POLICY);
        let put = call.policy_document(desired.policy.to_string()).send().await;
        put.doing("writing the policy of role", name)?;
    }
    Ok(name.clone())
}

fn tags(id: &StackId) -> Result<Vec<Tag>> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build();
    id.tags().into_iter().map(tag).collect::<Result<_, _>>().context("tagging role")
}

/// Deletes it, its inline policy first: DeleteRole fails with DeleteConflict until then.
pub async fn delete(cx: Context<'_>) -> Result<()> {
    let name = cx.id.role();
    delete_inline_policy(cx, &name, POLICY).await?;
    let delete = || cx.aws.iam.delete_role().role_name(&name).send();
    match delete().await.map_err(ApiError::from) {
        // Somebody else has added policies to it.
        Err(error) if error.code() == Some("DeleteConflict") => {
            remove_all_policies(cx, &name).await?;
            none_if_not_found(delete().await).doing("deleting role", &name)?;
        }
        other => drop(none_if_not_found(other).doing("deleting role", &name)?),
    }
    Ok(())
}

/// Removes every policy from the role, whoever added it. A managed policy is only detached.
async fn remove_all_policies(cx: Context<'_>, name: &str) -> Result<()> {
    let reading = "reading the policies of role";
    let inline = cx.aws.iam.list_role_policies().role_name(name).send().await.doing(reading, name)?;
    for policy in inline.policy_names() {
        delete_inline_policy(cx, name, policy).await?;
    }
    let attached = cx.aws.iam.list_attached_role_policies().role_name(name).send().await.doing(reading, name)?;
    for arn in attached.attached_policies().iter().filter_map(|policy| policy.policy_arn()) {
        let call = cx.aws.iam.detach_role_policy().role_name(name).policy_arn(arn).send().await;
        none_if_not_found(call).doing("detaching a policy of role", name)?;
    }
    Ok(())
}

async fn delete_inline_policy(cx: Context<'_>, name: &str, policy: &str) -> Result<()> {
    none_if_not_found(cx.aws.iam.delete_role_policy().role_name(name).policy_name(policy).send().await)
        .doing("deleting the policy of role", name)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fields;

    fn desired() -> Desired {
        Desired::new(&StackId::new("mnist", "dev", "us-east-1", "123456789012"))
    }

    fn actual() -> Actual {
        let Desired { trust, policy, .. } = desired();
        Actual { trust, policy: Some(policy) }
    }

    #[test]
    fn the_same_is_no_diff_and_each_field_is_one() {
        assert_eq!(diff(&desired(), Some(&actual())), []);
        let cases = [
            ("trust_policy", Actual { trust: Value::Null, ..actual() }),
            ("logs_policy", Actual { policy: None, ..actual() }),
        ];
        for (field, changed) in cases {
            let found = diff(&desired(), Some(&changed));
            assert_eq!(fields(&found), [field]);
        }
    }

    #[test]
    fn documents_are_compared_as_json_and_not_as_text() {
        let encoded = "%7B%22Version%22%3A%20%222012-10-17%22%7D";
        assert_eq!(document(encoded), json!({"Version": "2012-10-17"}));
        assert_eq!(document("not json"), json!("not json"));
    }

    #[test]
    fn the_role_may_write_only_to_its_own_log_group() {
        let statement = &desired().policy["Statement"];
        assert_eq!(statement.as_array().map(Vec::len), Some(1));
        assert_eq!(statement[0]["Resource"], "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/mnist-dev:*");
    }
}
