//! What an operation returns: a response, or an error with AWS's code. `protocol` writes both on the wire.

use bytes::Bytes;
use serde_json::Value;

use crate::store::StoreError;

/// An error response of AWS.
#[derive(Debug)]
pub(crate) struct ApiError {
    pub status: u16,
    /// AWS's code, such as `ResourceNotFoundException`.
    pub code: String,
    pub message: String,
    /// Further members of the error document, such as Lambda's `Reason`.
    pub members: Vec<(&'static str, String)>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into(), members: Vec::new() }
    }

    /// A feature that the local cloud does not have. It is refused by name, never implemented in part.
    pub(crate) fn not_implemented(what: &str) -> Self {
        Self::new(501, "NotImplemented", format!("the local cloud does not implement {what}"))
    }

    /// A body that the protocol cannot parse.
    pub(crate) fn serialization(message: impl Into<String>) -> Self {
        Self::new(400, "SerializationException", message)
    }

    /// A failure of the local cloud itself.
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(500, "InternalFailure", message)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::internal(error.to_string())
    }
}

/// The response of an operation that succeeded.
#[derive(Debug)]
pub(crate) struct Response {
    pub status: u16,
    /// Headers besides those of the protocol.
    pub headers: Vec<(&'static str, String)>,
    pub content: Content,
}

/// The body of a response.
#[derive(Debug)]
pub(crate) enum Content {
    Empty,
    /// The operation's output, written as JSON, or as XML in the query protocol.
    Document(Value),
    /// Raw bytes (Invoke).
    Bytes(Bytes),
}

impl Response {
    /// 200 with a document; see [`without_nulls`].
    pub(crate) fn ok(document: Value) -> Self {
        Self { status: 200, headers: Vec::new(), content: Content::Document(without_nulls(document)) }
    }

    /// 201 with a document; see [`without_nulls`].
    pub(crate) fn created(document: Value) -> Self {
        Self { status: 201, ..Self::ok(document) }
    }

    /// A response without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), content: Content::Empty }
    }
}

/// The result of every operation.
pub(crate) type Outcome = Result<Response, ApiError>;

/// Drops members that are null: AWS omits absent members, so a view may contain `None`.
fn without_nulls(document: Value) -> Value {
    match document {
        Value::Object(members) => {
            let present = members.into_iter().filter(|(_, member)| !member.is_null());
            Value::Object(present.map(|(name, member)| (name, without_nulls(member))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(without_nulls).collect()),
        scalar => scalar,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn absent_members_are_left_out_at_every_depth() {
        let document = json!({ "a": null, "b": [{ "c": null, "d": 0 }], "e": { "f": null }, "g": false });
        assert_eq!(without_nulls(document), json!({ "b": [{ "d": 0 }], "e": {}, "g": false }));
    }
}
