//! Decoding: finds the operation of an HTTP request, and parses its input into plain data.

use bytes::Bytes;
use http::request::Parts;
use serde_json::{Map, Value};

use crate::{
    clock,
    operation::Operation,
    outcome::ApiError,
    protocol::{Protocol, query, rest},
    request::Request,
    service::Service,
    services,
};

/// A request that could not be decoded.
pub(crate) struct Undecoded {
    /// The operation that the request names; empty if it names none.
    pub operation: String,
    pub error: ApiError,
}

impl From<ApiError> for Undecoded {
    fn from(error: ApiError) -> Self {
        Self { operation: String::new(), error }
    }
}

/// Finds the operation, and parses its input.
pub(crate) fn decode(
    service: Service,
    account_id: &str,
    region: String,
    parts: Parts,
    body: Bytes,
) -> Result<(&'static Operation, Request), Undecoded> {
    let segments = rest::segments(parts.uri.path());
    let (operation, labels, document) = match service.protocol() {
        Protocol::Query => {
            let form =
                str::from_utf8(&body).map_err(|_| ApiError::new(400, "MalformedInput", "the body is not UTF-8"))?;
            let document = query::document(if form.is_empty() { parts.uri.query().unwrap_or_default() } else { form });
            let action = document.get("Action").and_then(Value::as_str);
            let action = action.ok_or_else(|| ApiError::new(400, "MissingAction", "Missing Action"))?;
            (by_name(service, action)?, Vec::new(), document)
        }
        Protocol::Json => {
            let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
            let named = target.split_once('.').filter(|(prefix, _)| Some(*prefix) == service.target_prefix());
            let (_, name) = named.ok_or_else(|| {
                ApiError::new(400, "UnknownOperationException", format!("unknown operation {target:?}"))
            })?;
            let document = parse(&body)?;
            (by_name(service, name)?, Vec::new(), document)
        }
        Protocol::RestJson => {
            let (operation, labels) = services::route(service, &parts.method, &segments).ok_or_else(|| {
                ApiError::not_implemented(&format!("{} {} {}", service.name(), parts.method, parts.uri.path()))
            })?;
            let document = if operation.has_payload { Map::new() } else { parse(&body)? };
            (operation, labels, document)
        }
    };
    let request = Request {
        service,
        operation: operation.name,
        region,
        account_id: account_id.to_owned(),
        query: rest::pairs(parts.uri.query().unwrap_or_default()),
        method: parts.method,
        segments,
        labels,
        headers: parts.headers,
        document,
        body,
        now_ms: clock::now_ms(),
    };
    Ok((operation, request))
}

fn by_name(service: Service, name: &str) -> Result<&'static Operation, Undecoded> {
    services::find(service, name).ok_or_else(|| Undecoded {
        operation: name.to_owned(),
        error: ApiError::not_implemented(&format!("{}:{name}", service.name())),
    })
}

fn parse(body: &[u8]) -> Result<Map<String, Value>, ApiError> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(body).map_err(|error| {
        // Only the position: the body may contain secrets.
        let message = format!("not a JSON object (line {}, column {})", error.line(), error.column());
        ApiError::serialization(message)
    })
}
