//! Method responses and integration responses: what a method may answer, and what a mock does answer.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    error::{bad_request, conflict, not_found},
    lookup::{api_mut, method_of, method_of_mut},
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    state::apigateway::IntegrationResponse,
    template::Template,
};

pub(super) fn put_method_response(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    input.reject_unsupported(&["responseModels"])?;
    let parameters: BTreeMap<String, bool> = match input.structure("responseParameters")? {
        None => BTreeMap::new(),
        Some(_) => flags(request)?,
    };
    if let Some(name) = parameters.keys().find(|name| !is_header(name)) {
        return Err(bad_request(format!("Invalid mapping expression parameter specified: {name}")));
    }
    let status = status(request, 3)?;
    let shown = method_response_view(&status, &parameters);
    cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        let method = method_of_mut(request, api)?;
        if method.responses.contains_key(&status) {
            return Err(conflict("Response already exists for this resource"));
        }
        method.responses.insert(status, parameters);
        Ok(())
    })?;
    Ok(Response::created(shown))
}

pub(super) fn put_integration_response(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    input.reject_unsupported(&["selectionPattern", "contentHandling"])?;
    let response = IntegrationResponse {
        response_parameters: input.text_map("responseParameters")?.unwrap_or_default(),
        response_templates: input.text_map("responseTemplates")?.unwrap_or_default(),
    };
    check_templates(&response.response_templates)?;
    check_literals(&response.response_parameters)?;
    let status = status(request, 3)?;
    let shown = integration_response_view(&status, &response);
    cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        let declared = method_of(request, api)?.responses.get(&status);
        let declared = declared.ok_or_else(|| not_found("Invalid Response status code specified"))?;
        if let Some(name) = response.response_parameters.keys().find(|name| !declared.contains_key(*name)) {
            return Err(bad_request(format!(
                "Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid mapping \
                 expression parameter specified: {name}]"
            )));
        }
        let integration = method_of_mut(request, api)?.integration.as_mut();
        let integration = integration.ok_or_else(|| not_found("Invalid Integration identifier specified"))?;
        integration.responses.insert(status, response);
        Ok(())
    })?;
    Ok(Response::created(shown))
}

/// Refuses templates that the local cloud cannot render.
pub(super) fn check_templates(templates: &BTreeMap<String, String>) -> Result<(), ApiError> {
    for template in templates.values() {
        Template::parse(template)
            .map_err(|part| ApiError::not_implemented(&format!("{part} in a mapping template")))?;
    }
    Ok(())
}

/// Refuses mapped values other than texts in quotation marks.
pub(super) fn check_literals(parameters: &BTreeMap<String, String>) -> Result<(), ApiError> {
    let is_literal = |value: &str| value.len() >= 2 && value.starts_with('\'') && value.ends_with('\'');
    match parameters.values().find(|value| !is_literal(value)) {
        Some(value) => Err(ApiError::not_implemented(&format!("the mapping expression {value}"))),
        None => Ok(()),
    }
}

fn is_header(name: &str) -> bool {
    name.strip_prefix("method.response.header.").is_some_and(|header| !header.is_empty())
}

/// The status code in the path. The model has a pattern for it.
fn status(request: &Request, label: usize) -> Result<String, ApiError> {
    let status = request.label(label);
    if status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit()) {
        Ok(status.to_owned())
    } else {
        Err(bad_request(format!("Invalid status code specified: {status}")))
    }
}

fn flags(request: &Request) -> Result<BTreeMap<String, bool>, ApiError> {
    let members = request.document.get("responseParameters").and_then(Value::as_object).into_iter().flatten();
    members
        .map(|(name, value)| match value.as_bool() {
            Some(flag) => Ok((name.clone(), flag)),
            None => Err(ApiError::serialization("responseParameters must be a map of true and false".to_owned())),
        })
        .collect()
}

pub(super) fn method_response_view(status: &str, parameters: &BTreeMap<String, bool>) -> Value {
    json!({ "statusCode": status, "responseParameters": (!parameters.is_empty()).then_some(parameters) })
}

pub(super) fn integration_response_view(status: &str, response: &IntegrationResponse) -> Value {
    let shown = |map: &BTreeMap<String, String>| (!map.is_empty()).then(|| map.clone());
    json!({
        "statusCode": status,
        "responseParameters": shown(&response.response_parameters),
        "responseTemplates": shown(&response.response_templates),
    })
}
