//! The wire protocols: rest-json (Lambda, API Gateway), JSON 1.1 (Cognito, Logs) and query with XML (IAM, STS).
//!
//! An operation returns one [`outcome::Response`] or one [`ApiError`]; only this module knows how each looks on the
//! wire.

pub(crate) mod query;
pub(crate) mod rest;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::json;

use crate::outcome::{self, ApiError, Content};

/// The wire protocol of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP verbs and paths, JSON bodies.
    RestJson,
    /// `POST /` with `X-Amz-Target`, JSON bodies.
    Json,
    /// `POST /` with a form, XML responses.
    Query,
}

/// Writes the response of `operation`; `namespace` is the XML namespace of query services.
pub(crate) fn render(
    protocol: Protocol,
    namespace: &str,
    operation: &str,
    id: &str,
    response: outcome::Response,
) -> Response<Bytes> {
    let (content_type, body) = match (protocol, response.content) {
        (_, Content::Bytes(bytes)) => ("application/json", bytes),
        (Protocol::Query, Content::Document(document)) => {
            ("text/xml", query::response(namespace, operation, id, Some(&document)))
        }
        (Protocol::Query, Content::Empty) => ("text/xml", query::response(namespace, operation, id, None)),
        (Protocol::Json, Content::Document(document)) => ("application/x-amz-json-1.1", document.to_string().into()),
        // The SDKs accept no body, but AWS itself sends none for operations without output in JSON 1.1.
        (Protocol::Json, Content::Empty) => ("application/x-amz-json-1.1", Bytes::new()),
        (Protocol::RestJson, Content::Document(document)) => ("application/json", document.to_string().into()),
        (Protocol::RestJson, Content::Empty) => ("application/json", Bytes::new()),
    };
    let mut rendered = plain(response.status, content_type, id, body);
    for (name, value) in response.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            rendered.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    rendered
}

/// Writes an error response.
pub(crate) fn render_error(protocol: Protocol, namespace: &str, id: &str, error: &ApiError) -> Response<Bytes> {
    match protocol {
        Protocol::Query => plain(error.status, "text/xml", id, query::error(namespace, id, error)),
        Protocol::Json => {
            let body = json!({ "__type": error.code, "message": error.message });
            plain(error.status, "application/x-amz-json-1.1", id, body.to_string().into())
        }
        Protocol::RestJson => {
            let mut body = json!({ "message": error.message });
            for (name, value) in &error.members {
                body[*name] = json!(value);
            }
            let mut response = plain(error.status, "application/json", id, body.to_string().into());
            if let Ok(code) = HeaderValue::from_str(&error.code) {
                response.headers_mut().insert(HeaderName::from_static("x-amzn-errortype"), code);
            }
            response
        }
    }
}

fn plain(status: u16, content_type: &'static str, id: &str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    response
}
