//! The pool's prefix domain, which serves the token endpoint: CreateUserPoolDomain, DescribeUserPoolDomain and
//! DeleteUserPoolDomain. A child of the pool.
//!
//! Prefixes are unique in a Region across all accounts and cannot be renamed, only replaced. This file has no
//! `observe`, because DescribeUserPool returns the pool's domain. It has two functions in place of `reconcile`:
//! [`claim`] decides which of two concurrent runs has the stack's pool, so other steps wait for it;
//! [`wait_until_active`] takes up to a minute, and only the end of the run waits for that.

use std::time::Duration;

use anyhow::Result;
use aws_sdk_cognitoidentityprovider::types::DomainStatusType;

use super::{Context, Reader};
use crate::{
    aws::{
        ApiError, Doing as _, none_if_not_found,
        wait::{self, Poll},
    },
    change::{Diff, FieldDiff, ResourceKind, Step},
    error::Failure,
};

/// A new prefix may take up to a minute to serve.
const DEADLINE: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    pub prefix: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    pub prefix: String,
}

/// The pool that has this prefix, if it is one of this account. Another account's cannot be seen.
pub async fn holder(cx: Reader<'_>, prefix: &str) -> Result<Option<String>> {
    Ok(describe(cx, prefix).await?.map(|(pool_id, _)| pool_id))
}

/// The pool that has the prefix, and the domain's state. Where there is no such domain, AWS returns an empty
/// description and not an error.
async fn describe(cx: Reader<'_>, prefix: &str) -> Result<Option<(String, Option<DomainStatusType>)>> {
    let answer = cx.aws.cognito.describe_user_pool_domain().domain(prefix).send().await;
    let description =
        none_if_not_found(answer).doing("reading domain", prefix)?.and_then(|answer| answer.domain_description);
    Ok(description.and_then(|domain| Some((domain.user_pool_id?, domain.status))))
}

pub fn diff(desired: &Desired, actual: Option<&Actual>) -> Vec<FieldDiff> {
    Diff::default().field("domain", &desired.prefix, actual.map(|actual| &actual.prefix)).done()
}

/// First phase: gives the prefix to the pool, in place of another one that it has. Returns the id of the pool that
/// holds it, if that is another one of this account: AWS gives a prefix to one pool only, so of two runs that each
/// created a pool exactly one gets it.
pub async fn claim(cx: Context<'_>, pool_id: &str, desired: &Desired, step: &Step<Actual>) -> Result<Option<String>> {
    let prefix = &desired.prefix;
    if let Step::Replace(actual, _) = step {
        delete(cx, pool_id, &actual.prefix).await?;
    }
    if let Step::Create | Step::Replace(..) = step {
        let answer = cx.aws.cognito.create_user_pool_domain().user_pool_id(pool_id).domain(prefix).send().await;
        if let Err(error) = answer.map_err(ApiError::from) {
            // Our own call whose answer was lost, or another pool's domain: both are InvalidParameterException, so look
            // who has it. Another account's domain cannot be seen.
            return match describe(cx.reader(), prefix).await? {
                Some((holder, _)) if holder == pool_id => Ok(None),
                Some((holder, _)) => Ok(Some(holder)),
                None if error.code() == Some("InvalidParameterException") => {
                    Err(anyhow::Error::new(error).context(unavailable(prefix)))
                }
                None => Err(error).doing("creating domain", prefix),
            };
        }
    }
    Ok(None)
}

/// The error for a prefix that another pool of the account holds.
pub fn taken(desired: &Desired, holder: &str) -> anyhow::Error {
    anyhow::anyhow!("user pool \"{holder}\" has this prefix").context(unavailable(&desired.prefix))
}

fn unavailable(prefix: &str) -> Failure {
    let hint = "prefixes are unique in a Region across all accounts; set auth.domain in deploy.toml";
    Failure::failed(format!("creating domain \"{prefix}\"")).hint(hint)
}

/// Second phase: waits until a prefix that was claimed serves. Returns the prefix.
pub async fn wait_until_active(cx: Context<'_>, desired: &Desired, step: &Step<Actual>) -> Result<String> {
    if let Step::Create | Step::Replace(..) = step {
        wait_for_domain(cx, &desired.prefix).await?;
    }
    Ok(desired.prefix.clone())
}

async fn wait_for_domain(cx: Context<'_>, prefix: &str) -> Result<()> {
    wait::until(cx.events, ResourceKind::Domain, DEADLINE, async || {
        Ok(match describe(cx.reader(), prefix).await? {
            Some((_, None | Some(DomainStatusType::Active | DomainStatusType::Updating))) => Poll::Ready(()),
            Some((_, Some(DomainStatusType::Failed))) => {
                return Err(Failure::failed(format!("creating domain \"{prefix}\": AWS reports that it failed")).into());
            }
            Some((_, Some(status))) => Poll::Pending(format!("domain {}", status.as_str())),
            None => Poll::Pending("domain does not exist yet".into()),
        })
    })
    .await
}

/// Deletes it. AWS deletes no pool that has a domain.
pub async fn delete(cx: Context<'_>, pool_id: &str, prefix: &str) -> Result<()> {
    let answer = cx.aws.cognito.delete_user_pool_domain().user_pool_id(pool_id).domain(prefix).send().await;
    match answer.map_err(ApiError::from) {
        // A domain that is already deleted gives InvalidParameterException as well, so check whether it exists.
        Err(error)
            if error.code() == Some("InvalidParameterException") && describe(cx.reader(), prefix).await?.is_none() =>
        {
            Ok(())
        }
        other => none_if_not_found(other).doing("deleting domain", prefix).map(|_| ()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_no_diff_and_another_prefix_is_one() {
        let desired = Desired { prefix: "a".into() };
        assert_eq!(diff(&desired, Some(&Actual { prefix: "a".into() })), []);
        assert_eq!(diff(&desired, Some(&Actual { prefix: "b".into() }))[0].field, "domain");
    }
}
