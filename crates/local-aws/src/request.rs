//! One verified request of an operation, as plain data.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use crate::{input::Input, service::Service};

/// What a client asked for. `front::decode` makes it; every later stage reads it.
pub(crate) struct Request {
    pub service: Service,
    /// The operation's name, such as `CreateFunction`.
    pub operation: &'static str,
    /// Region of the credential scope.
    pub region: String,
    /// The account that everything lives in.
    pub account_id: String,
    pub method: Method,
    /// The path's segments, decoded.
    pub segments: Vec<String>,
    /// What the path names, in REST services: the values of the route's labels, in order.
    pub labels: Vec<String>,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    /// The parsed body.
    pub document: Map<String, Value>,
    /// The body as received.
    pub body: Bytes,
    /// When it was received, milliseconds since the epoch.
    pub now_ms: u64,
}

impl Request {
    pub(crate) fn account(&self) -> &str {
        &self.account_id
    }

    /// The label at `index`; the route guarantees that it exists.
    pub(crate) fn label(&self, index: usize) -> &str {
        self.labels.get(index).map_or("", String::as_str)
    }

    /// A parameter of the query string.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter that may be repeated.
    pub(crate) fn params<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body, read with the service's rules.
    pub(crate) fn input(&self) -> Input<'_> {
        Input::new(&self.document, self.service.validation_code())
    }

    /// A string member of the body, or nothing: whether it may be absent is the operation's to say.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.document.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}
