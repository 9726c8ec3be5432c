//! POST on `/`, and the methods of others that would open the API: PutMethod, DeleteMethod. A child of the API.
//!
//! A method that differs is deleted and put again, not patched: PutMethod on an existing one is ConflictException, and
//! MiniStack's UpdateMethod splits `/authorizationScopes` letter by letter. Callers see none of it, because they are
//! served by the deployed snapshot.

use std::fmt;

use anyhow::Result;
use aws_sdk_apigateway::types::{IntegrationType, Method, Resource};

use super::{
    Context,
    cors::OPTIONS,
    paths::{self, HTTP_METHOD, Root},
};
use crate::{
    aws::{ApiError, Doing as _, none_if_not_found},
    change::{Diff, FieldDiff, KNOWN_AFTER_APPLY, Observed, Step},
    error::Failure,
};

/// The method that the console adds to an API that is built by hand.
const ANY: &str = "ANY";
/// Authorization type of our method.
pub const AUTHORIZATION: &str = "COGNITO_USER_POOLS";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Full scopes. Without any, API Gateway expects an ID token and refuses every access token.
    pub scopes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    pub authorization: String,
    pub authorizer_id: String,
    /// Full scopes.
    pub scopes: Vec<String>,
    pub api_key_required: bool,
}

/// A method that is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// Id of the path that it is on.
    pub path_id: String,
    pub path: String,
    /// Verb, or `ANY`.
    pub http_method: String,
    pub authorization: String,
    pub authorizer_id: Option<String>,
    /// Type of its integration.
    pub integration: Option<String>,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.http_method, self.path)
    }
}

impl Foreign {
    /// Why it must be removed, if it must: it lets callers past our authorizer, or the API cannot be deployed with it.
    /// A method that only answers by itself, such as a CORS preflight, or is guarded in another way, is its owner's
    /// business.
    pub fn why_remove(&self, authorizer_id: Option<&str>) -> Option<&'static str> {
        match (self.authorization.as_str(), self.integration.as_deref()) {
            (_, None) => Some("it has no integration, so the API cannot be deployed"),
            ("NONE", Some("MOCK")) => None,
            ("NONE", _) => Some("it lets callers in without a token"),
            (AUTHORIZATION, _) if self.authorizer_id.as_deref() != authorizer_id => {
                Some("another authorizer than ours guards it")
            }
            _ if self.http_method == ANY => Some("it accepts every verb, but only POST is meant"),
            _ => None,
        }
    }
}

/// Finds it among the API's paths.
pub fn observe(paths: &[Resource]) -> Observed<Actual> {
    Observed::child(paths::our_method(paths).map(actual))
}

/// All other methods of all paths, in a fixed order. A preflight may be the stack's own (see [`super::cors`]).
pub fn foreign(paths: &[Resource], has_preflight: bool) -> Vec<Foreign> {
    let mut all = Vec::new();
    for path in paths {
        for (verb, method) in path.resource_methods().into_iter().flatten() {
            let is_ours = verb == HTTP_METHOD || (verb == OPTIONS && has_preflight);
            if !(path.path() == Some("/") && is_ours) {
                all.push(foreign_method(path, verb, method));
            }
        }
    }
    all.sort_by(|a, b| (&a.path, &a.http_method).cmp(&(&b.path, &b.http_method)));
    all
}

fn foreign_method(path: &Resource, verb: &str, method: &Method) -> Foreign {
    let integration = method.method_integration();
    Foreign {
        path_id: path.id().unwrap_or_default().to_owned(),
        path: path.path().unwrap_or_default().to_owned(),
        http_method: verb.to_owned(),
        authorization: method.authorization_type().unwrap_or_default().to_owned(),
        authorizer_id: method.authorizer_id().map(Into::into),
        integration: integration
            .map(|integration| integration.r#type().map(IntegrationType::as_str).unwrap_or_default().to_owned()),
    }
}

fn actual(method: &Method) -> Actual {
    Actual {
        authorization: method.authorization_type().unwrap_or_default().to_owned(),
        authorizer_id: method.authorizer_id().unwrap_or_default().to_owned(),
        scopes: method.authorization_scopes().to_vec(),
        api_key_required: method.api_key_required.unwrap_or_default(),
    }
}

/// The authorizer's id is unknown until the authorizer exists.
pub fn diff(desired: &Desired, authorizer_id: Option<&str>, actual: Option<&Actual>) -> Vec<FieldDiff> {
    let authorizer_id = authorizer_id.unwrap_or(KNOWN_AFTER_APPLY);
    Diff::default()
        .field("authorization_type", AUTHORIZATION, actual.map(|actual| actual.authorization.as_str()))
        .field("authorizer_id", authorizer_id, actual.map(|actual| actual.authorizer_id.as_str()))
        .set("scopes", &desired.scopes, actual.map(|actual| actual.scopes.as_slice()))
        .field("api_key_required", false, actual.map(|actual| actual.api_key_required))
        .done()
}

/// Brings it to the desired state. Returns `POST /`.
pub async fn reconcile(
    cx: Context<'_>,
    root: Root<'_>,
    authorizer_id: &str,
    desired: &Desired,
    step: &Step<Actual>,
) -> Result<String> {
    if let Step::Update(..) | Step::Adopt(..) | Step::Replace(..) = step {
        delete_on(cx, root.api_id, root.id, HTTP_METHOD).await?;
    }
    if !matches!(step, Step::Keep(_) | Step::Skip(_)) {
        let call = cx
            .aws
            .apigateway
            .put_method()
            .rest_api_id(root.api_id)
            .resource_id(root.id)
            .http_method(HTTP_METHOD)
            .authorization_type(AUTHORIZATION)
            .authorizer_id(authorizer_id)
            .set_authorization_scopes(Some(desired.scopes.clone()))
            .api_key_required(false);
        match call.send().await.map_err(ApiError::from) {
            // Perhaps our own call whose answer was lost: check what exists.
            Err(error) if error.code() == Some("ConflictException") => {
                let there = observe(&paths::list(cx.reader(), root.api_id).await?);
                let same =
                    there.owned().is_some_and(|actual| diff(desired, Some(authorizer_id), Some(actual)).is_empty());
                if !same {
                    let changed = Failure::changed_meanwhile("creating method", HTTP_METHOD);
                    return Err(anyhow::Error::new(error).context(changed));
                }
            }
            other => drop(other.doing("creating method", HTTP_METHOD)?),
        }
    }
    Ok(format!("{HTTP_METHOD} /"))
}

/// Deletes a method that is not ours.
pub async fn delete(cx: Context<'_>, api_id: &str, foreign: &Foreign) -> Result<()> {
    delete_on(cx, api_id, &foreign.path_id, &foreign.http_method).await
}

async fn delete_on(cx: Context<'_>, api_id: &str, path_id: &str, http_method: &str) -> Result<()> {
    let call = cx.aws.apigateway.delete_method().rest_api_id(api_id).resource_id(path_id);
    none_if_not_found(call.http_method(http_method).send().await).doing("deleting method", http_method)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fields;

    fn desired() -> Desired {
        Desired { scopes: vec!["s/predict".into()] }
    }

    fn method() -> Actual {
        Actual {
            authorization: AUTHORIZATION.into(),
            authorizer_id: "auth".into(),
            scopes: vec!["s/predict".into()],
            api_key_required: false,
        }
    }

    #[test]
    fn the_same_is_no_diff() {
        assert_eq!(diff(&desired(), Some("auth"), Some(&method())), []);
    }

    #[test]
    fn each_field_is_one_diff() {
        let cases = [
            ("authorization_type", Actual { authorization: "NONE".into(), ..method() }),
            ("authorizer_id", Actual { authorizer_id: "x".into(), ..method() }),
            ("scopes", Actual { scopes: Vec::new(), ..method() }),
            ("api_key_required", Actual { api_key_required: true, ..method() }),
        ];
        for (field, changed) in cases {
            assert_eq!(fields(&diff(&desired(), Some("auth"), Some(&changed))), [field]);
        }
        assert_eq!(fields(&diff(&desired(), None, Some(&method()))), ["authorizer_id"]);
    }

    #[test]
    fn only_methods_that_open_the_api_are_removed() {
        let removed = |http_method: &str, authorization: &str, authorizer: Option<&str>, integration: Option<&str>| {
            let foreign = Foreign {
                path_id: "r".into(),
                path: "/".into(),
                http_method: http_method.into(),
                authorization: authorization.into(),
                authorizer_id: authorizer.map(Into::into),
                integration: integration.map(Into::into),
            };
            foreign.why_remove(Some("auth")).is_some()
        };
        assert!(removed("GET", "NONE", None, Some("AWS_PROXY")));
        assert!(removed("GET", AUTHORIZATION, Some("foreign"), Some("AWS_PROXY")));
        assert!(removed("GET", AUTHORIZATION, Some("auth"), None), "nothing could be deployed");
        assert!(removed("ANY", AUTHORIZATION, Some("auth"), Some("AWS_PROXY")));
        assert!(!removed("GET", AUTHORIZATION, Some("auth"), Some("AWS_PROXY")));
        assert!(!removed("GET", "AWS_IAM", None, Some("AWS_PROXY")));
        assert!(!removed("OPTIONS", "NONE", None, Some("MOCK")), "a CORS preflight reaches no function");
    }
}
