//! Integrations: the backends of methods.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    error::{bad_request, not_found},
    lookup::{api, api_mut, method_of, method_of_mut, resource_of},
    patch::{self, Op},
    response,
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    state::apigateway::{Integration, Resource},
};

/// The type of an integration that answers by itself.
const MOCK: &str = "MOCK";

const PASSTHROUGH: [&str; 3] = ["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"];

const CONTENT_HANDLING: [&str; 2] = ["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"];

/// The shortest and longest timeout of an integration, in milliseconds.
const TIMEOUT_MS: (u32, u32) = (50, 29_000);

pub(super) fn put(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let kind = input.required("type")?;
    if !matches!(kind, "AWS_PROXY" | MOCK) {
        return Err(ApiError::not_implemented(&format!("integrations of type {kind} (only AWS_PROXY and MOCK)")));
    }
    input.reject_unsupported(&[
        "connectionId",
        "requestParameters",
        "cacheKeyParameters",
        "tlsConfig",
        "integrationTarget",
    ])?;
    if kind != MOCK {
        input.reject_unsupported(&["requestTemplates"])?;
    }
    let integration = Integration {
        kind: kind.to_owned(),
        http_method: input.text("httpMethod")?.map(ToOwned::to_owned),
        uri: input.text("uri")?.map(ToOwned::to_owned),
        credentials: input.text("credentials")?.map(ToOwned::to_owned),
        passthrough_behavior: input.text("passthroughBehavior")?.unwrap_or("WHEN_NO_MATCH").to_owned(),
        content_handling: input.text("contentHandling")?.map(ToOwned::to_owned),
        timeout_ms: input.count("timeoutInMillis", 0..=u32::MAX)?.unwrap_or(TIMEOUT_MS.1),
        request_templates: input.text_map("requestTemplates")?.unwrap_or_default(),
        responses: BTreeMap::new(),
    };
    response::check_templates(&integration.request_templates)?;
    check(&integration)?;
    let shown = cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        let shown = view(resource_of(request, api)?, &integration);
        method_of_mut(request, api)?.integration = Some(integration);
        Ok::<_, ApiError>(shown)
    })?;
    Ok(Response::created(shown))
}

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let shown = cloud.store.read(|state| {
        let api = api(request, state)?;
        let integration = method_of(request, api)?.integration.as_ref().ok_or_else(no_integration)?;
        Ok::<_, ApiError>(view(resource_of(request, api)?, integration))
    })?;
    Ok(Response::ok(shown))
}

pub(super) fn update(cloud: &Cloud, request: &Request) -> Outcome {
    patch::update(cloud, request, |api, patches| {
        let mut integration = method_of(request, api)?.integration.clone().ok_or_else(no_integration)?;
        for patch in patches {
            match (patch.op, patch.parts().as_slice()) {
                (Op::Replace, ["uri"]) => integration.uri = patch.optional(),
                (Op::Replace, ["httpMethod"]) => integration.http_method = patch.optional(),
                (Op::Replace, ["credentials"]) => integration.credentials = patch.optional(),
                (Op::Replace, ["contentHandling"]) => integration.content_handling = patch.optional(),
                (Op::Replace, ["timeoutInMillis"]) => integration.timeout_ms = patch.parsed()?,
                (Op::Replace, ["passthroughBehavior"]) => {
                    patch.value()?.clone_into(&mut integration.passthrough_behavior);
                }
                _ => return Err(patch.unsupported()),
            }
        }
        check(&integration)?;
        let shown = view(resource_of(request, api)?, &integration);
        method_of_mut(request, api)?.integration = Some(integration);
        Ok(shown)
    })
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        method_of_mut(request, api)?.integration.take().map(|_| ()).ok_or_else(no_integration)
    })?;
    Ok(Response::empty(204))
}

fn no_integration() -> ApiError {
    not_found("Invalid Integration identifier specified")
}

fn check(integration: &Integration) -> Result<(), ApiError> {
    if integration.kind != MOCK {
        check_target(integration)?;
    }
    if !(TIMEOUT_MS.0..=TIMEOUT_MS.1).contains(&integration.timeout_ms) {
        return Err(bad_request(format!("Timeout should be between {} ms and {} ms", TIMEOUT_MS.0, TIMEOUT_MS.1)));
    }
    if !PASSTHROUGH.contains(&integration.passthrough_behavior.as_str()) {
        return Err(bad_request("Invalid passthrough behavior specified"));
    }
    if integration.content_handling.as_deref().is_some_and(|handling| !CONTENT_HANDLING.contains(&handling)) {
        return Err(bad_request("Invalid content handling specified"));
    }
    Ok(())
}

/// Checks which function is invoked, and how.
fn check_target(integration: &Integration) -> Result<(), ApiError> {
    if integration.http_method.is_none() {
        return Err(bad_request("Enumeration value for HttpMethod must be non-empty"));
    }
    let uri = integration.uri.as_deref().ok_or_else(|| bad_request("Invalid ARN specified in the request"))?;
    let parts: Vec<&str> = uri.splitn(6, ':').collect();
    let ["arn", _, "apigateway", _, "lambda", path] = parts[..] else {
        return Err(bad_request("Invalid ARN specified in the request"));
    };
    let function = path.strip_prefix("path/2015-03-31/functions/").and_then(|rest| rest.strip_suffix("/invocations"));
    if function.is_none_or(|function| !function.starts_with("arn:")) {
        return Err(bad_request(
            "Invalid ARN specified in the request: AWS ARN for integration must contain path or action",
        ));
    }
    Ok(())
}

/// An integration as API Gateway shows it; `resource` is the resource of its method.
pub(super) fn view(resource: &Resource, integration: &Integration) -> Value {
    let responses = integration.responses.iter();
    let responses: BTreeMap<&String, Value> =
        responses.map(|(status, response)| (status, response::integration_response_view(status, response))).collect();
    json!({
        "type": integration.kind,
        "passthroughBehavior": integration.passthrough_behavior,
        "timeoutInMillis": integration.timeout_ms,
        "cacheNamespace": resource.id,
        "cacheKeyParameters": [],
        "httpMethod": integration.http_method,
        "uri": integration.uri,
        "credentials": integration.credentials,
        "contentHandling": integration.content_handling,
        "requestTemplates": (!integration.request_templates.is_empty()).then_some(&integration.request_templates),
        "integrationResponses": (!responses.is_empty()).then_some(responses),
    })
}
