//! The method that answers preflights.

use std::collections::BTreeMap;

use anyhow::Result;
use aws_sdk_apigateway::types::{ContentHandlingStrategy, Integration, IntegrationType, Resource};

use crate::{
    aws::{ApiError, Doing as _, none_if_not_found},
    change::{Diff, FieldDiff},
    error::Failure,
    resources::{
        Context,
        paths::{self, Root},
    },
};

/// The method of preflights.
pub const OPTIONS: &str = "OPTIONS";
/// The operation name of a preflight that we made.
pub const OPERATION: &str = "deployer-preflight";
const NO_AUTHORIZATION: &str = "NONE";
/// The status of the answer, which has no body.
pub const STATUS: &str = "204";
/// The media type of a preflight, which has no body either.
pub const TEMPLATE_TYPE: &str = "application/json";
/// What the mock answers.
pub const REQUEST_TEMPLATE: &str = r#"{"statusCode": 204}"#;
/// What a page may send. Two hours is the longest that browsers remember it.
const FIXED: [(&str, &str); 3] = [
    ("Access-Control-Allow-Headers", "'authorization,content-encoding,content-type'"),
    ("Access-Control-Allow-Methods", "'POST'"),
    ("Access-Control-Max-Age", "'7200'"),
];
pub(super) const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
const HEADER: &str = "method.response.header.";

/// OPTIONS on `/`, with what it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    pub authorization: String,
    pub api_key_required: bool,
    pub operation_name: Option<String>,
    /// AWS's type; `None` without an integration.
    pub integration: Option<String>,
    pub request_template: Option<String>,
    /// Must convert to text: where all media types are binary, a template is an error otherwise, even without a body.
    pub content_handling: Option<String>,
    /// Of the answer: values in quotation marks, by header.
    pub headers: BTreeMap<String, String>,
    pub response_template: Option<String>,
}

impl Preflight {
    pub(super) fn new(origins: &[String]) -> Self {
        let first = origins.first().map(String::as_str).unwrap_or_default();
        let mut headers: BTreeMap<String, String> =
            FIXED.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        headers.insert(ALLOW_ORIGIN.to_owned(), format!("'{first}'"));
        if origins.len() > 1 {
            headers.insert("Vary".to_owned(), "'Origin'".to_owned());
        }
        Self {
            authorization: NO_AUTHORIZATION.to_owned(),
            api_key_required: false,
            operation_name: Some(OPERATION.to_owned()),
            integration: Some(IntegrationType::Mock.as_str().to_owned()),
            request_template: Some(REQUEST_TEMPLATE.to_owned()),
            content_handling: Some(ContentHandlingStrategy::ConvertToText.as_str().to_owned()),
            headers,
            response_template: (origins.len() > 1).then(|| echo(origins)),
        }
    }

    pub(super) fn is_ours(&self) -> bool {
        self.operation_name.as_deref() == Some(OPERATION)
    }

    /// The headers by API Gateway's parameter.
    pub fn parameters(&self) -> Vec<(String, String)> {
        self.headers.iter().map(|(name, value)| (format!("{HEADER}{name}"), value.clone())).collect()
    }
}

/// A template that echoes the request's origin if it is one of these; without it, the first one is sent, and the browser
/// refuses. Clients of HTTP/2 send header names in lower case. No origin contains a character that a template would read
/// as its own.
fn echo(origins: &[String]) -> String {
    let is_known: Vec<String> = origins.iter().map(|origin| format!("$origin == \"{origin}\"")).collect();
    format!(
        "#set($origin = $input.params(\"Origin\"))#if($origin == \"\")#set($origin = $input.params(\"origin\"))#end\
         #if({})#set($context.responseOverride.header.{ALLOW_ORIGIN} = $origin)#end",
        is_known.join(" || "),
    )
}

pub(super) fn find(paths: &[Resource]) -> Option<Preflight> {
    let method = paths::on_root(paths, OPTIONS)?;
    let integration = method.method_integration();
    let answer = integration.and_then(Integration::integration_responses).and_then(|all| all.get(STATUS));
    let declared = method.method_responses().and_then(|all| all.get(STATUS));
    let declared = |name: &str| declared?.response_parameters()?.get(name);
    // A header that the method does not declare is not sent.
    let parameters = answer.and_then(|answer| answer.response_parameters()).into_iter().flatten();
    let headers = parameters
        .filter(|(name, _)| declared(name).is_some())
        .map(|(name, value)| (name.trim_start_matches(HEADER).to_owned(), value.clone()));
    Some(Preflight {
        authorization: method.authorization_type().unwrap_or_default().to_owned(),
        api_key_required: method.api_key_required.unwrap_or_default(),
        operation_name: method.operation_name().map(Into::into),
        integration: integration
            .map(|found| found.r#type().map(IntegrationType::as_str).unwrap_or_default().to_owned()),
        request_template: template(integration.and_then(Integration::request_templates)),
        content_handling: integration
            .and_then(Integration::content_handling)
            .map(|handling| handling.as_str().to_owned()),
        headers: headers.collect(),
        response_template: template(answer.and_then(|answer| answer.response_templates())),
    })
}

fn template(all: Option<&std::collections::HashMap<String, String>>) -> Option<String> {
    all?.get(TEMPLATE_TYPE).filter(|template| !template.is_empty()).cloned()
}

pub(super) fn diff(desired: &Preflight, actual: Option<&Preflight>) -> Vec<FieldDiff> {
    let headers =
        |preflight: &Preflight| preflight.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let (wanted, found): (Vec<String>, Option<Vec<String>>) = (headers(desired), actual.map(headers));
    let text = |text: &Option<String>| text.clone();
    Diff::default()
        .field("preflight.authorization_type", &desired.authorization, actual.map(|actual| &actual.authorization))
        .field("preflight.api_key_required", false, actual.map(|actual| actual.api_key_required))
        .field(
            "preflight.operation_name",
            text(&desired.operation_name),
            actual.map(|actual| text(&actual.operation_name)),
        )
        .field("preflight.integration", text(&desired.integration), actual.map(|actual| text(&actual.integration)))
        .field(
            "preflight.request_template",
            text(&desired.request_template),
            actual.map(|actual| text(&actual.request_template)),
        )
        .field(
            "preflight.content_handling",
            text(&desired.content_handling),
            actual.map(|actual| text(&actual.content_handling)),
        )
        .set("preflight.headers", &wanted, found.as_deref())
        .field(
            "preflight.response_template",
            text(&desired.response_template),
            actual.map(|actual| text(&actual.response_template)),
        )
        .done()
}

/// Creates the method with its answer. There is no such method yet.
pub(super) async fn create(cx: Context<'_>, root: Root<'_>, desired: &Preflight) -> Result<()> {
    const DOING: &str = "creating method";
    let (aws, parameters) = (&cx.aws.apigateway, desired.parameters());
    let call = aws.put_method().rest_api_id(root.api_id).resource_id(root.id).http_method(OPTIONS);
    let call = call.authorization_type(NO_AUTHORIZATION).api_key_required(false).operation_name(OPERATION);
    match call.send().await.map_err(ApiError::from) {
        // Perhaps our own call whose answer was lost: check what exists.
        Err(error) if error.code() == Some("ConflictException") => {
            let there = find(&paths::list(cx.reader(), root.api_id).await?);
            if !there.is_some_and(|there| there.is_ours()) {
                return Err(anyhow::Error::new(error).context(Failure::changed_meanwhile(DOING, OPTIONS)));
            }
        }
        other => drop(other.doing(DOING, OPTIONS)?),
    }
    let mut call = aws.put_method_response().rest_api_id(root.api_id).resource_id(root.id).http_method(OPTIONS);
    for (name, _) in &parameters {
        call = call.response_parameters(name, false);
    }
    match call.status_code(STATUS).send().await.map_err(ApiError::from) {
        // Our own call whose answer was lost: the method is new.
        Err(error) if error.code() == Some("ConflictException") => {}
        other => drop(other.doing("declaring the answer of method", OPTIONS)?),
    }
    let call = aws.put_integration().rest_api_id(root.api_id).resource_id(root.id).http_method(OPTIONS);
    call.r#type(IntegrationType::Mock)
        .content_handling(ContentHandlingStrategy::ConvertToText)
        .request_templates(TEMPLATE_TYPE, REQUEST_TEMPLATE)
        .send()
        .await
        .doing("writing the integration of method", OPTIONS)?;
    let mut call = aws.put_integration_response().rest_api_id(root.api_id).resource_id(root.id).http_method(OPTIONS);
    for (name, value) in parameters {
        call = call.response_parameters(name, value);
    }
    if let Some(template) = &desired.response_template {
        call = call.response_templates(TEMPLATE_TYPE, template);
    }
    call.status_code(STATUS).send().await.doing("writing the answer of method", OPTIONS)?;
    Ok(())
}

/// Deletes the method with everything in it.
pub(super) async fn delete(cx: Context<'_>, root: Root<'_>) -> Result<()> {
    let call = cx.aws.apigateway.delete_method().rest_api_id(root.api_id).resource_id(root.id).http_method(OPTIONS);
    none_if_not_found(call.send().await).doing("deleting method", OPTIONS)?;
    Ok(())
}
