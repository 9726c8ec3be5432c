//! POST on `/`, its Lambda proxy integration, and a leftover ANY: GetResources, Put- and DeleteMethod, PutIntegration.
//! Hangs on the API.
//!
//! One GetResources with `embed=methods` reads all of it. A method that differs is deleted and put again, not patched:
//! PutMethod on an existing one is ConflictException, and MiniStack's UpdateMethod splits `/authorizationScopes`
//! letter by letter. Callers see none of it, for they are served by the deployed snapshot.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use aws_sdk_apigateway::types::{Integration, IntegrationType, Method};

use super::{Context, Diff, KNOWN_AFTER_APPLY, Observed, Step};
use crate::{
    aws::{ApiError, Doing as _, found},
    engine::plan::FieldDiff,
};

/// The one method.
pub const HTTP_METHOD: &str = "POST";
/// What the console makes when an API is built by hand.
const ANY: &str = "ANY";
/// Authorization type of the method.
const AUTHORIZATION: &str = "COGNITO_USER_POOLS";

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Full scopes; without them the token would be taken as an ID token, and every access token refused.
    pub scopes: Vec<String>,
    /// What is invoked.
    pub uri: String,
    /// How long API Gateway waits for it.
    pub timeout_ms: i32,
}

/// What the method is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    /// Authorization type.
    pub authorization: String,
    /// Authorizer.
    pub authorizer_id: String,
    /// Full scopes.
    pub scopes: Vec<String>,
    /// Whether an API key is asked for.
    pub api_key_required: bool,
}

/// What the integration is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActualIntegration {
    /// Kind.
    pub kind: String,
    /// Method of the call to Lambda; always POST.
    pub http_method: String,
    /// What is invoked.
    pub uri: String,
    /// How long API Gateway waits for it.
    pub timeout_ms: i32,
}

/// What there is on `/`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Root {
    /// Id of the root resource.
    pub id: String,
    /// POST.
    pub method: Observed<Actual>,
    /// Integration of POST.
    pub integration: Observed<ActualIntegration>,
    /// Whether there is an ANY.
    pub any: bool,
}

/// Reads the root resource with its methods.
pub async fn observe(cx: Context<'_>, api_id: &str) -> Result<Option<Root>> {
    let call = cx.aws.apigateway.get_resources().rest_api_id(api_id).limit(500).embed("methods");
    let answer = found(call.send().await).doing("reading the resources of REST API", api_id)?;
    let items = answer.and_then(|answer| answer.items).unwrap_or_default();
    let Some(root) = items.into_iter().find(|item| item.path() == Some("/")) else { return Ok(None) };
    let methods: HashMap<String, Method> = root.resource_methods.unwrap_or_default();
    let post = methods.get(HTTP_METHOD);
    Ok(Some(Root {
        id: root.id.unwrap_or_default(),
        method: Observed::child(post.map(actual)),
        integration: Observed::child(post.and_then(Method::method_integration).map(actual_integration)),
        any: methods.contains_key(ANY),
    }))
}

fn actual(method: &Method) -> Actual {
    Actual {
        authorization: method.authorization_type().unwrap_or_default().to_owned(),
        authorizer_id: method.authorizer_id().unwrap_or_default().to_owned(),
        scopes: method.authorization_scopes().to_vec(),
        api_key_required: method.api_key_required.unwrap_or_default(),
    }
}

fn actual_integration(integration: &Integration) -> ActualIntegration {
    ActualIntegration {
        kind: integration.r#type().map(IntegrationType::as_str).unwrap_or_default().to_owned(),
        http_method: integration.http_method().unwrap_or_default().to_owned(),
        uri: integration.uri().unwrap_or_default().to_owned(),
        timeout_ms: integration.timeout_in_millis,
    }
}

/// Compares the method. The authorizer's id is not known while it is not there.
pub fn diff(desired: &Desired, authorizer_id: Option<&str>, actual: &Actual) -> Vec<FieldDiff> {
    let authorizer_id = authorizer_id.unwrap_or(KNOWN_AFTER_APPLY);
    Diff::default()
        .field("authorization_type", &AUTHORIZATION, &actual.authorization.as_str())
        .field("authorizer_id", &authorizer_id, &actual.authorizer_id.as_str())
        .set("scopes", &desired.scopes, &actual.scopes)
        .field("api_key_required", &false, &actual.api_key_required)
        .done()
}

/// Compares the integration.
pub fn diff_integration(desired: &Desired, actual: &ActualIntegration) -> Vec<FieldDiff> {
    Diff::default()
        .field("type", &IntegrationType::AwsProxy.as_str(), &actual.kind.as_str())
        .field("http_method", &HTTP_METHOD, &actual.http_method.as_str())
        .field("uri", &desired.uri, &actual.uri)
        .field("timeout_ms", &desired.timeout_ms, &actual.timeout_ms)
        .done()
}

/// Makes the method so; gives `POST /`.
pub async fn reconcile(
    cx: Context<'_>,
    at: At<'_>,
    authorizer_id: &str,
    desired: &Desired,
    step: &Step<Actual>,
) -> Result<String> {
    if let Step::Update(..) | Step::Adopt(..) | Step::Replace(..) = step {
        delete(cx, at, HTTP_METHOD).await?;
    }
    if !matches!(step, Step::Keep(_) | Step::Skip(_)) {
        let call = cx
            .aws
            .apigateway
            .put_method()
            .rest_api_id(at.api_id)
            .resource_id(at.root_id)
            .http_method(HTTP_METHOD)
            .authorization_type(AUTHORIZATION)
            .authorizer_id(authorizer_id)
            .set_authorization_scopes(Some(desired.scopes.clone()))
            .api_key_required(false);
        match call.send().await.map_err(ApiError::from) {
            // Our own put whose answer was lost: a look decides.
            Err(error) if error.code() == Some("ConflictException") => {
                let there = observe(cx, at.api_id).await?.map(|root| root.method);
                let same = there.as_ref().and_then(Observed::owned);
                if same.is_none_or(|actual| !diff(desired, Some(authorizer_id), actual).is_empty()) {
                    return Err(error).doing("creating method", HTTP_METHOD);
                }
            }
            other => drop(other.doing("creating method", HTTP_METHOD)?),
        }
    }
    Ok(format!("{HTTP_METHOD} /"))
}

/// Makes the integration so; gives `POST /`. PutIntegration overwrites.
pub async fn reconcile_integration(
    cx: Context<'_>,
    at: At<'_>,
    desired: &Desired,
    step: &Step<ActualIntegration>,
) -> Result<String> {
    if !matches!(step, Step::Keep(_) | Step::Skip(_)) {
        let call = cx
            .aws
            .apigateway
            .put_integration()
            .rest_api_id(at.api_id)
            .resource_id(at.root_id)
            .http_method(HTTP_METHOD)
            .r#type(IntegrationType::AwsProxy)
            .integration_http_method(HTTP_METHOD)
            .uri(&desired.uri)
            .timeout_in_millis(desired.timeout_ms);
        call.send().await.doing("writing the integration of method", HTTP_METHOD)?;
    }
    Ok(format!("{HTTP_METHOD} /"))
}

/// A resource of an API.
#[derive(Debug, Clone, Copy)]
pub struct At<'a> {
    /// The API.
    pub api_id: &'a str,
    /// Its root resource.
    pub root_id: &'a str,
}

/// Id of the root resource of an API that was just made.
pub async fn root_id(cx: Context<'_>, api_id: &str) -> Result<String> {
    let root = observe(cx, api_id).await?;
    Ok(root.with_context(|| format!("reading REST API \"{api_id}\": it has no root resource"))?.id)
}

/// Deletes the ANY that would let callers in without a token.
pub async fn delete_any(cx: Context<'_>, at: At<'_>) -> Result<()> {
    delete(cx, at, ANY).await
}

async fn delete(cx: Context<'_>, at: At<'_>, http_method: &str) -> Result<()> {
    let call = cx.aws.apigateway.delete_method().rest_api_id(at.api_id).resource_id(at.root_id);
    found(call.http_method(http_method).send().await).doing("deleting method", http_method)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desired() -> Desired {
        Desired { scopes: vec!["s/predict".into()], uri: "uri".into(), timeout_ms: 29_000 }
    }

    fn method() -> Actual {
        Actual {
            authorization: AUTHORIZATION.into(),
            authorizer_id: "auth".into(),
            scopes: vec!["s/predict".into()],
            api_key_required: false,
        }
    }

    fn integration() -> ActualIntegration {
        ActualIntegration {
            kind: "AWS_PROXY".into(),
            http_method: "POST".into(),
            uri: "uri".into(),
            timeout_ms: 29_000,
        }
    }

    fn fields(diff: &[FieldDiff]) -> Vec<&str> {
        diff.iter().map(|diff| diff.field.as_str()).collect()
    }

    #[test]
    fn the_same_is_no_diff() {
        assert_eq!(diff(&desired(), Some("auth"), &method()), []);
        assert_eq!(diff_integration(&desired(), &integration()), []);
    }

    #[test]
    fn each_field_of_the_method_is_one_diff() {
        let cases = [
            ("authorization_type", Actual { authorization: "NONE".into(), ..method() }),
            ("authorizer_id", Actual { authorizer_id: "x".into(), ..method() }),
            ("scopes", Actual { scopes: Vec::new(), ..method() }),
            ("api_key_required", Actual { api_key_required: true, ..method() }),
        ];
        for (field, changed) in cases {
            assert_eq!(fields(&diff(&desired(), Some("auth"), &changed)), [field]);
        }
        assert_eq!(fields(&diff(&desired(), None, &method())), ["authorizer_id"]);
    }

    #[test]
    fn each_field_of_the_integration_is_one_diff() {
        let cases = [
            ("type", ActualIntegration { kind: "MOCK".into(), ..integration() }),
            ("http_method", ActualIntegration { http_method: "GET".into(), ..integration() }),
            ("uri", ActualIntegration { uri: "x".into(), ..integration() }),
            ("timeout_ms", ActualIntegration { timeout_ms: 50, ..integration() }),
        ];
        for (field, changed) in cases {
            assert_eq!(fields(&diff_integration(&desired(), &changed)), [field]);
        }
    }
}
