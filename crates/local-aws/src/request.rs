//! A verified request of an operation, as plain data.

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use crate::{input::Input, service::Service};

/// A decoded request. `front::decode` creates it; every later stage reads it.
pub(crate) struct Request {
    pub service: Service,
    /// The operation's name, such as `CreateFunction`.
    pub operation: &'static str,
    /// The Region of the credential scope.
    pub region: String,
    /// The account of the local cloud.
    pub account_id: String,
    pub method: Method,
    /// The segments of the path, decoded.
    pub segments: Vec<String>,
    /// In REST services, the values of the URI's labels, in order.
    pub labels: Vec<String>,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    /// The parsed body.
    pub document: Map<String, Value>,
    /// The body as received.
    pub body: Bytes,
    /// When it arrived, in milliseconds since the epoch.
    pub now_ms: u64,
}

impl Request {
    pub(crate) fn account(&self) -> &str {
        &self.account_id
    }

    /// The label at `index`, which the operation's URI guarantees.
    pub(crate) fn label(&self, index: usize) -> &str {
        self.labels.get(index).map_or("", String::as_str)
    }

    /// A parameter of the query string.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of a query parameter that may be repeated.
    pub(crate) fn params<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Reads the body with the service's error code.
    pub(crate) fn input(&self) -> Input<'_> {
        Input::new(&self.document, self.service.validation_code())
    }

    /// A string member of the body, or an empty string: the operation itself checks whether it may be absent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.document.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}
