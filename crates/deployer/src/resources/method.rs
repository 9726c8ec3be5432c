//! POST on `/`, its Lambda proxy integration, and methods that would open the API: GetResources, Put- and DeleteMethod,
//! PutIntegration. Hangs on the API.
//!
//! One GetResources with `embed=methods` reads all of it. A method that differs is deleted and put again, not patched:
//! PutMethod on an existing one is ConflictException, and MiniStack's UpdateMethod splits `/authorizationScopes`
//! letter by letter. Callers see none of it, for they are served by the deployed snapshot.

use anyhow::{Context as _, Result};
use aws_sdk_apigateway::types::{Integration, IntegrationType, Method, Resource};

use super::{Context, Reader};
use crate::{
    aws::{ApiError, Doing as _, found},
    change::{Diff, FieldDiff, KNOWN_AFTER_APPLY, Observed, Step},
    error::Failure,
};

/// The one method.
pub const HTTP_METHOD: &str = "POST";
/// What the console makes when an API is built by hand.
const ANY: &str = "ANY";
/// Authorization type of the method.
pub const AUTHORIZATION: &str = "COGNITO_USER_POOLS";

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
    /// Role that calls the function in place of the function's permission; must be none.
    pub credentials: Option<String>,
    /// How bodies are converted; must be none, or images are corrupted.
    pub content_handling: Option<String>,
}

/// A method that is not ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Resource that it is on.
    pub resource_id: String,
    /// That resource's path.
    pub path: String,
    /// Verb, or `ANY`.
    pub http_method: String,
    /// Authorization type.
    pub authorization: String,
    /// Authorizer.
    pub authorizer_id: Option<String>,
    /// Kind of its integration.
    pub integration: Option<String>,
}

impl Other {
    /// Why it must go, if it must: it lets callers past our authorizer, or keeps the API from being deployed. What only
    /// answers by itself, as a CORS preflight does, or is guarded in another way, is its owner's business.
    pub fn opens(&self, authorizer_id: Option<&str>) -> Option<&'static str> {
        match (self.authorization.as_str(), self.integration.as_deref()) {
            (_, None) => Some("it has no integration, so the API cannot be deployed"),
            ("NONE", Some("MOCK")) => None,
            ("NONE", _) => Some("it lets callers in without a token"),
            (AUTHORIZATION, _) if self.authorizer_id.as_deref() != authorizer_id => {
                Some("another authorizer than ours guards it")
            }
            _ if self.http_method == ANY => Some("it takes every verb where only POST is meant"),
            _ => None,
        }
    }
}

/// What there is in the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Root {
    /// Id of the root resource.
    pub id: String,
    /// POST on `/`.
    pub method: Observed<Actual>,
    /// Its integration.
    pub integration: Observed<ActualIntegration>,
    /// All other methods of all resources.
    pub others: Vec<Other>,
}

/// Reads all resources with their methods.
pub async fn observe(cx: Reader<'_>, api_id: &str) -> Result<Option<Root>> {
    let mut items: Vec<Resource> = Vec::new();
    let mut position = None;
    loop {
        let call = cx.aws.apigateway.get_resources().rest_api_id(api_id).limit(500).embed("methods");
        let answer = call.set_position(position).send().await;
        let Some(answer) = found(answer).doing("reading the resources of REST API", api_id)? else { break };
        items.extend(answer.items.unwrap_or_default());
        position = answer.position.filter(|position| !position.is_empty());
        if position.is_none() {
            break;
        }
    }
    Ok(sort(items))
}

fn sort(items: Vec<Resource>) -> Option<Root> {
    let mut root = Root { id: items.iter().find(|item| item.path() == Some("/"))?.id()?.to_owned(), ..Root::default() };
    for item in items {
        let (id, path) = (item.id.unwrap_or_default(), item.path.unwrap_or_default());
        for (verb, method) in item.resource_methods.unwrap_or_default() {
            if id == root.id && verb == HTTP_METHOD {
                root.method = Observed::Owned(actual(&method));
                root.integration = Observed::child(method.method_integration().map(actual_integration));
            } else {
                root.others.push(other(&id, &path, verb, &method));
            }
        }
    }
    root.others.sort_by(|a, b| (&a.path, &a.http_method).cmp(&(&b.path, &b.http_method)));
    Some(root)
}

fn other(resource_id: &str, path: &str, http_method: String, method: &Method) -> Other {
    Other {
        resource_id: resource_id.to_owned(),
        path: path.to_owned(),
        http_method,
        authorization: method.authorization_type().unwrap_or_default().to_owned(),
        authorizer_id: method.authorizer_id().map(Into::into),
        integration: method.method_integration().map(|integration| actual_integration(integration).kind),
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

fn actual_integration(integration: &Integration) -> ActualIntegration {
    ActualIntegration {
        kind: integration.r#type().map(IntegrationType::as_str).unwrap_or_default().to_owned(),
        http_method: integration.http_method().unwrap_or_default().to_owned(),
        uri: integration.uri().unwrap_or_default().to_owned(),
        timeout_ms: integration.timeout_in_millis,
        credentials: integration.credentials().filter(|role| !role.is_empty()).map(Into::into),
        content_handling: integration.content_handling().map(|handling| handling.as_str().to_owned()),
    }
}

/// Compares the method. The authorizer's id is not known while it is not there.
pub fn diff(desired: &Desired, authorizer_id: Option<&str>, actual: Option<&Actual>) -> Vec<FieldDiff> {
    let authorizer_id = authorizer_id.unwrap_or(KNOWN_AFTER_APPLY);
    Diff::default()
        .field("authorization_type", AUTHORIZATION, actual.map(|actual| actual.authorization.as_str()))
        .field("authorizer_id", authorizer_id, actual.map(|actual| actual.authorizer_id.as_str()))
        .set("scopes", &desired.scopes, actual.map(|actual| actual.scopes.as_slice()))
        .field("api_key_required", false, actual.map(|actual| actual.api_key_required))
        .done()
}

/// Compares the integration.
pub fn diff_integration(desired: &Desired, actual: Option<&ActualIntegration>) -> Vec<FieldDiff> {
    Diff::default()
        .field("type", IntegrationType::AwsProxy.as_str(), actual.map(|actual| actual.kind.as_str()))
        .field("http_method", HTTP_METHOD, actual.map(|actual| actual.http_method.as_str()))
        .field("uri", &desired.uri, actual.map(|actual| &actual.uri))
        .field("timeout_ms", desired.timeout_ms, actual.map(|actual| actual.timeout_ms))
        .field("credentials", None, actual.map(|actual| actual.credentials.as_deref()))
        .field("content_handling", None, actual.map(|actual| actual.content_handling.as_deref()))
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
        delete(cx, at.api_id, at.root_id, HTTP_METHOD).await?;
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
                let there = observe(cx.reader(), at.api_id).await?.map(|root| root.method);
                let same = there.as_ref().and_then(Observed::owned);
                if same.is_none() || !diff(desired, Some(authorizer_id), same).is_empty() {
                    return Err(anyhow::Error::new(error).context(Failure::met("creating method", HTTP_METHOD)));
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
pub async fn root_id(cx: Reader<'_>, api_id: &str) -> Result<String> {
    let root = observe(cx, api_id).await?;
    Ok(root.with_context(|| format!("reading REST API \"{api_id}\": it has no root resource"))?.id)
}

/// Deletes a method that is not ours.
pub async fn delete_other(cx: Context<'_>, api_id: &str, other: &Other) -> Result<()> {
    delete(cx, api_id, &other.resource_id, &other.http_method).await
}

async fn delete(cx: Context<'_>, api_id: &str, resource_id: &str, http_method: &str) -> Result<()> {
    let call = cx.aws.apigateway.delete_method().rest_api_id(api_id).resource_id(resource_id);
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
            credentials: None,
            content_handling: None,
        }
    }

    fn fields(diff: &[FieldDiff]) -> Vec<&str> {
        diff.iter().map(|diff| diff.field.as_str()).collect()
    }

    #[test]
    fn the_same_is_no_diff() {
        assert_eq!(diff(&desired(), Some("auth"), Some(&method())), []);
        assert_eq!(diff_integration(&desired(), Some(&integration())), []);
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
            assert_eq!(fields(&diff(&desired(), Some("auth"), Some(&changed))), [field]);
        }
        assert_eq!(fields(&diff(&desired(), None, Some(&method()))), ["authorizer_id"]);
    }

    #[test]
    fn each_field_of_the_integration_is_one_diff() {
        let cases = [
            ("type", ActualIntegration { kind: "MOCK".into(), ..integration() }),
            ("http_method", ActualIntegration { http_method: "GET".into(), ..integration() }),
            ("uri", ActualIntegration { uri: "x".into(), ..integration() }),
            ("timeout_ms", ActualIntegration { timeout_ms: 50, ..integration() }),
            ("credentials", ActualIntegration { credentials: Some("role".into()), ..integration() }),
            (
                "content_handling",
                ActualIntegration { content_handling: Some("CONVERT_TO_TEXT".into()), ..integration() },
            ),
        ];
        for (field, changed) in cases {
            assert_eq!(fields(&diff_integration(&desired(), Some(&changed))), [field]);
        }
    }

    #[test]
    fn what_opens_the_api_is_told_from_what_does_not() {
        let opens = |http_method: &str, authorization: &str, authorizer: Option<&str>, integration: Option<&str>| {
            let other = Other {
                resource_id: "r".into(),
                path: "/".into(),
                http_method: http_method.into(),
                authorization: authorization.into(),
                authorizer_id: authorizer.map(Into::into),
                integration: integration.map(Into::into),
            };
            other.opens(Some("auth")).is_some()
        };
        assert!(opens("GET", "NONE", None, Some("AWS_PROXY")));
        assert!(opens("GET", AUTHORIZATION, Some("foreign"), Some("AWS_PROXY")));
        assert!(opens("GET", AUTHORIZATION, Some("auth"), None), "nothing could be deployed");
        assert!(opens("ANY", AUTHORIZATION, Some("auth"), Some("AWS_PROXY")));
        assert!(!opens("GET", AUTHORIZATION, Some("auth"), Some("AWS_PROXY")));
        assert!(!opens("GET", "AWS_IAM", None, Some("AWS_PROXY")));
        assert!(!opens("OPTIONS", "NONE", None, Some("MOCK")), "a CORS preflight reaches no function");
    }
}
