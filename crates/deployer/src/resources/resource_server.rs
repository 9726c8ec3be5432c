//! The resource server and its scopes: DescribeResourceServer, CreateResourceServer, UpdateResourceServer. A child of
//! the pool, deleted with it.
//!
//! A client may name only scopes that exist. So [`reconcile`] adds scopes before the client is updated, and [`shrink`]
//! removes scopes after that.

use anyhow::Result;
use aws_sdk_cognitoidentityprovider::types::ResourceServerScopeType;

use super::{Context, Reader};
use crate::{
    aws::{ApiError, Doing as _, none_if_not_found},
    change::{Diff, FieldDiff, Observed, Step, sorted},
    error::Failure,
    names,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// The server's name is derived from it.
    pub identifier: String,
    /// Scopes, without the identifier.
    pub scopes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    /// For display only.
    pub name: String,
    /// Scopes, without the identifier.
    pub scopes: Vec<String>,
}

pub async fn observe(cx: Reader<'_>, pool_id: &str, identifier: &str) -> Result<Observed<Actual>> {
    let call = cx.aws.cognito.describe_resource_server().user_pool_id(pool_id).identifier(identifier);
    let answer = none_if_not_found(call.send().await).doing("reading resource server", identifier)?;
    let server = answer.and_then(|answer| answer.resource_server);
    Ok(Observed::child(server.map(|server| Actual {
        name: server.name().unwrap_or_default().to_owned(),
        scopes: server.scopes().iter().map(|scope| scope.scope_name().to_owned()).collect(),
    })))
}

pub fn diff(desired: &Desired, actual: Option<&Actual>) -> Vec<FieldDiff> {
    Diff::default()
        .field("name", &names::resource_server(&desired.identifier), actual.map(|actual| &actual.name))
        .set("scopes", &desired.scopes, actual.map(|actual| actual.scopes.as_slice()))
        .done()
}

/// Brings it to the desired state, except that it removes no scopes. Returns its identifier.
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
                // Perhaps our own call whose answer was lost: identifiers are unique in a pool. AWS says only
                // InvalidParameterException, so check what exists.
                Err(error) if error.code() == Some("InvalidParameterException") => {
                    let there = observe(cx.reader(), pool_id, identifier).await?;
                    let Some(actual) = there.owned() else {
                        return Err(error).doing("creating resource server", identifier);
                    };
                    if !diff(desired, Some(actual)).is_empty() {
                        let changed = Failure::changed_meanwhile("creating resource server", identifier);
                        return Err(anyhow::Error::new(error).context(changed));
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

/// Whether there are scopes to remove once the client no longer names them.
pub fn shrinks(desired: &Desired, step: &Step<Actual>) -> bool {
    matches!(step, Step::Update(actual, _) if actual.scopes.iter().any(|scope| !desired.scopes.contains(scope)))
}

/// Removes the scopes that are not desired.
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
        // AWS requires a description; the name says it all.
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
    fn its_name_is_its_identifier_without_what_a_name_cannot_hold() {
        let url = Desired { identifier: "https://a.example/x".into(), ..server(&["a"]) };
        assert_eq!(diff(&url, Some(&Actual { name: "https---a.example-x".into(), ..actual(&["a"]) })), []);
        let renamed = Actual { name: "other".into(), ..actual(&["a"]) };
        assert_eq!(diff(&server(&["a"]), Some(&renamed))[0].field, "name");
    }

    #[test]
    fn it_shrinks_only_when_a_scope_is_removed() {
        let step = Step::Update(actual(&["a"]), Vec::new());
        assert!(!shrinks(&server(&["a", "b"]), &step));
        assert!(shrinks(&server(&["b"]), &step));
        assert!(!shrinks(&server(&["b"]), &Step::Create));
    }
}
