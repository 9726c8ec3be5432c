//! The resource server and its scopes: Describe-, Create-, Update- and DeleteResourceServer. Hangs on the pool.
//!
//! A client may name only scopes that exist, so scopes are added before the client is updated and taken away after.

use anyhow::Result;
use aws_sdk_cognitoidentityprovider::types::ResourceServerScopeType;

use super::{Context, Reader};
use crate::{
    aws::{ApiError, Doing as _, found},
    change::{Diff, FieldDiff, Observed, Step, sorted},
    error::Failure,
    names,
};

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Identifier; its name is made from it.
    pub identifier: String,
    /// Scopes, without the identifier.
    pub scopes: Vec<String>,
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    /// Name, which only people read.
    pub name: String,
    /// Scopes, without the identifier.
    pub scopes: Vec<String>,
}

/// Reads it.
pub async fn observe(cx: Reader<'_>, pool_id: &str, identifier: &str) -> Result<Observed<Actual>> {
    let call = cx.aws.cognito.describe_resource_server().user_pool_id(pool_id).identifier(identifier);
    let answer = found(call.send().await).doing("reading resource server", identifier)?;
    let server = answer.and_then(|answer| answer.resource_server);
    Ok(Observed::child(server.map(|server| Actual {
        name: server.name().unwrap_or_default().to_owned(),
        scopes: server.scopes().iter().map(|scope| scope.scope_name().to_owned()).collect(),
    })))
}

/// Compares.
pub fn diff(desired: &Desired, actual: Option<&Actual>) -> Vec<FieldDiff> {
    Diff::default()
        .field("name", &names::resource_server(&desired.identifier), actual.map(|actual| &actual.name))
        .set("scopes", &desired.scopes, actual.map(|actual| actual.scopes.as_slice()))
        .done()
}

/// Makes it so, but for scopes that go away, which [`shrink`] removes; gives its identifier.
pub async fn reconcile(cx: Context<'_>, pool_id: &str, desired: &Desired, step: &Step<Actual>) -> Result<String> {
    let identifier = &desired.identifier;
    match step {
        Step::Create => {
            let call = cx.aws.cognito.create_resource_server().user_pool_id(pool_id);
            let call = call
                .identifier(identifier)
                .name(names::resource_server(identifier))
                .set_scopes(Some(scopes(&desired.scopes)?));
            match call.send().await.map_err(ApiError::from) {
                // Our own create whose answer was lost: identifiers are unique in a pool. AWS says only
                // InvalidParameterException, so a look decides.
                Err(error) if error.code() == Some("InvalidParameterException") => {
                    let there = observe(cx.reader(), pool_id, identifier).await?;
                    let Some(actual) = there.owned() else {
                        return Err(error).doing("creating resource server", identifier);
                    };
                    if !diff(desired, Some(actual)).is_empty() {
                        let met = Failure::met("creating resource server", identifier);
                        return Err(anyhow::Error::new(error).context(met));
                    }
                }
                other => drop(other.doing("creating resource server", identifier)?),
            }
        }
        Step::Update(actual, _) => {
            let all = sorted(&[actual.scopes.as_slice(), &desired.scopes].concat());
            if all != sorted(&actual.scopes) || step.differs(&["name"]) {
                update(cx, pool_id, identifier, &all).await?;
            }
        }
        _ => {}
    }
    Ok(identifier.clone())
}

/// Whether there are scopes to take away once the client no longer names them.
pub fn shrinks(desired: &Desired, step: &Step<Actual>) -> bool {
    matches!(step, Step::Update(actual, _) if actual.scopes.iter().any(|scope| !desired.scopes.contains(scope)))
}

/// Takes away the scopes that are not desired.
pub async fn shrink(cx: Context<'_>, pool_id: &str, desired: &Desired) -> Result<()> {
    update(cx, pool_id, &desired.identifier, &desired.scopes).await
}

async fn update(cx: Context<'_>, pool_id: &str, identifier: &str, wanted: &[String]) -> Result<()> {
    let call = cx.aws.cognito.update_resource_server().user_pool_id(pool_id);
    let call = call.identifier(identifier).name(names::resource_server(identifier)).set_scopes(Some(scopes(wanted)?));
    call.send().await.doing("updating resource server", identifier)?;
    Ok(())
}

fn scopes(names: &[String]) -> Result<Vec<ResourceServerScopeType>> {
    let scope = |name: &String| {
        // A description is required; there is nothing to say that the name does not.
        Ok(ResourceServerScopeType::builder().scope_name(name).scope_description(name).build()?)
    };
    names.iter().map(scope).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(scopes: &[&str]) -> Desired {
        Desired { identifier: "s".into(), scopes: scopes.iter().map(|&scope| scope.into()).collect() }
    }

    fn actual(scopes: &[&str]) -> Actual {
        Actual { name: "s".into(), scopes: server(scopes).scopes }
    }

    #[test]
    fn scopes_are_a_set() {
        assert_eq!(diff(&server(&["a", "b"]), Some(&actual(&["b", "a"]))), []);
        assert_eq!(diff(&server(&["a"]), Some(&actual(&["b", "a"])))[0].field, "scopes");
    }

    #[test]
    fn its_name_is_its_identifier_as_far_as_a_name_can_be() {
        let url = Desired { identifier: "https://a.example/x".into(), ..server(&["a"]) };
        assert_eq!(diff(&url, Some(&Actual { name: "https---a.example-x".into(), ..actual(&["a"]) })), []);
        let renamed = Actual { name: "other".into(), ..actual(&["a"]) };
        assert_eq!(diff(&server(&["a"]), Some(&renamed))[0].field, "name");
    }

    #[test]
    fn it_shrinks_only_when_a_scope_goes_away() {
        let step = Step::Update(actual(&["a"]), Vec::new());
        assert!(!shrinks(&server(&["a", "b"]), &step));
        assert!(shrinks(&server(&["b"]), &step));
        assert!(!shrinks(&server(&["b"]), &Step::Create));
    }
}
