//! The wire protocols: rest-json (Lambda, API Gateway), JSON 1.1 (Cognito, Logs) and query with XML (IAM, STS).
//!
//! A service hands back one [`Answer`] or one [`ApiError`]; only this module knows how each looks on the wire.

pub(crate) mod input;
pub(crate) mod query;
pub(crate) mod rest;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::state::StoreError;

/// How a service is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// HTTP verbs and paths, JSON bodies.
    RestJson,
    /// `POST /` with `X-Amz-Target`, JSON bodies.
    Json,
    /// `POST /` with a form, XML answers.
    Query,
}

/// A refusal, as AWS would give it.
#[derive(Debug)]
pub(crate) struct ApiError {
    /// HTTP status.
    pub status: u16,
    /// AWS's code.
    pub code: String,
    /// For people.
    pub message: String,
    /// Further members of the error document, such as Lambda's `Reason`.
    pub members: Vec<(&'static str, String)>,
}

impl ApiError {
    /// A refusal with `code`.
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), members: Vec::new() }
    }

    /// What the local cloud does not have is refused by name, never half done.
    pub(crate) fn not_implemented(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("the local cloud does not implement {what}"))
    }

    /// A body that is not what the protocol demands.
    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new(400, "SerializationException", message)
    }

    /// A fault of our own.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "InternalFailure", message)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::internal(error.to_string())
    }
}

/// What an operation returns.
#[derive(Debug)]
pub(crate) struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers beside the protocol's own.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub content: Content,
}

/// A body.
#[derive(Debug)]
pub(crate) enum Content {
    /// Nothing.
    Empty,
    /// The operation's output: JSON, or written as XML in the query protocol.
    Document(Value),
    /// Bytes as they are (Invoke).
    Bytes(Bytes),
}

impl Answer {
    /// 200 with a document.
    pub(crate) fn ok(document: Value) -> Self {
        Self::status(200, document)
    }

    /// 201 with a document.
    pub(crate) fn created(document: Value) -> Self {
        Self::status(201, document)
    }

    /// A document.
    pub(crate) fn status(status: u16, document: Value) -> Self {
        Self { status, headers: Vec::new(), content: Content::Document(document) }
    }

    /// No document.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), content: Content::Empty }
    }
}

/// What every operation hands back.
pub(crate) type Outcome = Result<Answer, ApiError>;

/// Writes an answer to `operation`; `namespace` is the XML name space of query services.
pub(crate) fn render(
    protocol: Protocol,
    namespace: &str,
    operation: &str,
    id: &str,
    answer: Answer,
) -> Response<Bytes> {
    let (content_type, body) = match (protocol, answer.content) {
        (_, Content::Bytes(bytes)) => ("application/json", bytes),
        (Protocol::Query, Content::Document(document)) => {
            ("text/xml", query::answer(namespace, operation, id, Some(&document)))
        }
        (Protocol::Query, Content::Empty) => ("text/xml", query::answer(namespace, operation, id, None)),
        (Protocol::Json, Content::Document(document)) => ("application/x-amz-json-1.1", document.to_string().into()),
        // The SDKs accept no body, but AWS itself sends none for operations without output in JSON 1.1.
        (Protocol::Json, Content::Empty) => ("application/x-amz-json-1.1", Bytes::new()),
        (Protocol::RestJson, Content::Document(document)) => ("application/json", document.to_string().into()),
        (Protocol::RestJson, Content::Empty) => ("application/json", Bytes::new()),
    };
    let mut response = plain(answer.status, content_type, id, body);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Writes a refusal.
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
