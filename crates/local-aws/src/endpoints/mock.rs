//! The mock integration: API Gateway answers by itself, from the method's templates.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;

use super::{gateway_error::GatewayError, proxy_event::is_binary};
use crate::{
    state::apigateway::Integration,
    template::{Template, literal},
};

/// The media type of a request without one, and of the templates that are used here.
const JSON: &str = "application/json";

/// Answers a request. The error is 500 if the request's body cannot be put into a template, or a template is no use.
pub(super) fn respond(
    integration: &Integration,
    binary_types: &[String],
    request: &Request<Bytes>,
) -> Result<Response<Bytes>, GatewayError> {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or(JSON);
    // A binary body, even an empty one, cannot be mapped unless it is converted to text first.
    if is_binary(binary_types, content_type) && integration.content_handling.as_deref() != Some("CONVERT_TO_TEXT") {
        return Err(GatewayError::Internal);
    }
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let template = integration.request_templates.get(&media_type).ok_or(GatewayError::Internal)?;
    let parameter = |name: &str| {
        let header = request.headers().iter().find(|(header, _)| header.as_str() == name);
        header.and_then(|(_, value)| Some(value.to_str().ok()?.to_owned()))
    };
    let mapped = Template::parse(template).map_err(|_| GatewayError::Internal)?.render(parameter);
    let mapped: Value = serde_json::from_str(&mapped.text).map_err(|_| GatewayError::Internal)?;
    let status = mapped["statusCode"].as_u64().ok_or(GatewayError::Internal)?.to_string();
    let answer = integration.responses.get(&status).ok_or(GatewayError::Internal)?;
    let status: StatusCode = status.parse().map_err(|_| GatewayError::Internal)?;

    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    let mut headers: Vec<(String, String)> = Vec::new();
    for (parameter, value) in &answer.response_parameters {
        if let (Some(name), Some(text)) = (parameter.strip_prefix("method.response.header."), literal(value)) {
            headers.push((name.to_owned(), text.to_owned()));
        }
    }
    if let Some(template) = answer.response_templates.get(JSON) {
        let rendered = Template::parse(template).map_err(|_| GatewayError::Internal)?.render(parameter);
        headers.extend(rendered.headers);
        // An answer with this status has no body.
        if status != StatusCode::NO_CONTENT {
            *response.body_mut() = Bytes::from(rendered.text);
        }
    }
    for (name, value) in headers {
        let name: HeaderName = name.parse().map_err(|_| GatewayError::Internal)?;
        // The last one counts: what overrides comes after what it overrides.
        response.headers_mut().insert(name, HeaderValue::from_str(&value).map_err(|_| GatewayError::Internal)?);
    }
    response.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(JSON));
    Ok(response)
}
