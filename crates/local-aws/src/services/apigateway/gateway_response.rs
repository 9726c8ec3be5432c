//! Gateway responses: how API Gateway answers what it does not pass on.

use serde_json::{Value, json};

use super::{
    error::{bad_request, not_found},
    lookup::{api, api_mut},
    response::check_literals,
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    state::apigateway::GatewayResponse,
};

/// All types with the status of each; the two defaults have none, and stand for all others of their class.
const TYPES: [(&str, Option<&str>); 21] = [
    ("ACCESS_DENIED", Some("403")),
    ("API_CONFIGURATION_ERROR", Some("500")),
    ("AUTHORIZER_CONFIGURATION_ERROR", Some("500")),
    ("AUTHORIZER_FAILURE", Some("500")),
    ("BAD_REQUEST_BODY", Some("400")),
    ("BAD_REQUEST_PARAMETERS", Some("400")),
    ("DEFAULT_4XX", None),
    ("DEFAULT_5XX", None),
    ("EXPIRED_TOKEN", Some("403")),
    ("INTEGRATION_FAILURE", Some("504")),
    ("INTEGRATION_TIMEOUT", Some("504")),
    ("INVALID_API_KEY", Some("403")),
    ("INVALID_SIGNATURE", Some("403")),
    ("MISSING_AUTHENTICATION_TOKEN", Some("403")),
    ("QUOTA_EXCEEDED", Some("429")),
    ("REQUEST_TOO_LARGE", Some("413")),
    ("RESOURCE_NOT_FOUND", Some("404")),
    ("THROTTLED", Some("429")),
    ("UNAUTHORIZED", Some("401")),
    ("UNSUPPORTED_MEDIA_TYPE", Some("415")),
    ("WAF_FILTERED", Some("403")),
];

pub(super) fn put(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let kind = known(request)?;
    input.reject_unsupported(&["statusCode", "responseTemplates"])?;
    let response = GatewayResponse { response_parameters: input.text_map("responseParameters")?.unwrap_or_default() };
    if let Some(name) = response.response_parameters.keys().find(|name| !name.starts_with("gatewayresponse.header.")) {
        return Err(bad_request(format!("Invalid response parameter specified: {name}")));
    }
    check_literals(&response.response_parameters)?;
    let shown = view(kind, Some(&response));
    cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        api.current.gateway_responses.insert(kind.0.to_owned(), response);
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::created(shown))
}

/// All types, those that nobody has changed included.
pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let shown = cloud.store.read(|state| {
        let api = api(request, state)?;
        let items: Vec<Value> =
            TYPES.into_iter().map(|kind| view(kind, api.current.gateway_responses.get(kind.0))).collect();
        Ok::<_, ApiError>(json!({ "item": items }))
    })?;
    Ok(Response::ok(shown))
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    let (name, _) = known(request)?;
    cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        let removed = api.current.gateway_responses.remove(name);
        removed.map(drop).ok_or_else(|| not_found("Invalid GatewayResponse identifier specified"))
    })?;
    Ok(Response::empty(202))
}

fn known(request: &Request) -> Result<(&'static str, Option<&'static str>), ApiError> {
    let name = request.label(1);
    let found = TYPES.into_iter().find(|(known, _)| *known == name);
    found.ok_or_else(|| bad_request(format!("Invalid Gateway Response type specified: {name}")))
}

fn view((name, status): (&str, Option<&str>), changed: Option<&GatewayResponse>) -> Value {
    json!({
        "responseType": name,
        "statusCode": status,
        "responseParameters": changed.map(|changed| changed.response_parameters.clone()).unwrap_or_default(),
        "responseTemplates": { "application/json": r#"{"message":$context.error.messageString}"# },
        "defaultResponse": changed.is_none(),
    })
}
