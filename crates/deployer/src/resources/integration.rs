//! The Lambda proxy integration of the API's method: PutIntegration. A child of the method, deleted with it.
//!
//! PutIntegration overwrites, so it serves create and update alike. Images need it without content handling: that would
//! turn their bytes into text.

use anyhow::Result;
use aws_sdk_apigateway::types::{Integration, IntegrationType, Resource};

use super::{
    Context,
    paths::{self, HTTP_METHOD, Root},
};
use crate::{
    aws::Doing as _,
    change::{Diff, FieldDiff, Observed, Step},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// What API Gateway invokes: the function, through Lambda's API.
    pub uri: String,
    /// How long API Gateway waits for an answer.
    pub timeout_ms: i32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    /// AWS's type, `AWS_PROXY` for ours.
    pub kind: String,
    /// Method of the call to Lambda; always POST.
    pub http_method: String,
    /// What API Gateway invokes: the function, through Lambda's API.
    pub uri: String,
    /// How long API Gateway waits for an answer.
    pub timeout_ms: i32,
    /// Role that calls the function in place of the function's permission; must be none.
    pub credentials: Option<String>,
    /// How bodies are converted; must be none, or images are corrupted.
    pub content_handling: Option<String>,
}

/// Finds it among the API's paths.
pub fn observe(paths: &[Resource]) -> Observed<Actual> {
    Observed::child(paths::our_method(paths).and_then(|method| method.method_integration()).map(actual))
}

fn actual(integration: &Integration) -> Actual {
    Actual {
        kind: integration.r#type().map(IntegrationType::as_str).unwrap_or_default().to_owned(),
        http_method: integration.http_method().unwrap_or_default().to_owned(),
        uri: integration.uri().unwrap_or_default().to_owned(),
        timeout_ms: integration.timeout_in_millis,
        credentials: integration.credentials().filter(|role| !role.is_empty()).map(Into::into),
        content_handling: integration.content_handling().map(|handling| handling.as_str().to_owned()),
    }
}

pub fn diff(desired: &Desired, actual: Option<&Actual>) -> Vec<FieldDiff> {
    Diff::default()
        .field("type", IntegrationType::AwsProxy.as_str(), actual.map(|actual| actual.kind.as_str()))
        .field("http_method", HTTP_METHOD, actual.map(|actual| actual.http_method.as_str()))
        .field("uri", &desired.uri, actual.map(|actual| &actual.uri))
        .field("timeout_ms", desired.timeout_ms, actual.map(|actual| actual.timeout_ms))
        .field("credentials", None, actual.map(|actual| actual.credentials.as_deref()))
        .field("content_handling", None, actual.map(|actual| actual.content_handling.as_deref()))
        .done()
}

/// Brings it to the desired state. Returns `POST /`.
pub async fn reconcile(cx: Context<'_>, root: Root<'_>, desired: &Desired, step: &Step<Actual>) -> Result<String> {
    if !matches!(step, Step::Keep(_) | Step::Skip(_)) {
        let call = cx
            .aws
            .apigateway
            .put_integration()
            .rest_api_id(root.api_id)
            .resource_id(root.id)
            .http_method(HTTP_METHOD)
            .r#type(IntegrationType::AwsProxy)
            .integration_http_method(HTTP_METHOD)
            .uri(&desired.uri)
            .timeout_in_millis(desired.timeout_ms);
        call.send().await.doing("writing the integration of method", HTTP_METHOD)?;
    }
    Ok(format!("{HTTP_METHOD} /"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::fields;

    fn desired() -> Desired {
        Desired { uri: "uri".into(), timeout_ms: 29_000 }
    }

    fn integration() -> Actual {
        Actual {
            kind: "AWS_PROXY".into(),
            http_method: "POST".into(),
            uri: "uri".into(),
            timeout_ms: 29_000,
            credentials: None,
            content_handling: None,
        }
    }

    #[test]
    fn the_same_is_no_diff() {
        assert_eq!(diff(&desired(), Some(&integration())), []);
    }

    #[test]
    fn each_field_is_one_diff() {
        let cases = [
            ("type", Actual { kind: "MOCK".into(), ..integration() }),
            ("http_method", Actual { http_method: "GET".into(), ..integration() }),
            ("uri", Actual { uri: "x".into(), ..integration() }),
            ("timeout_ms", Actual { timeout_ms: 50, ..integration() }),
            ("credentials", Actual { credentials: Some("role".into()), ..integration() }),
            ("content_handling", Actual { content_handling: Some("CONVERT_TO_TEXT".into()), ..integration() }),
        ];
        for (field, changed) in cases {
            let found = diff(&desired(), Some(&changed));
            assert_eq!(fields(&found), [field]);
        }
    }
}
