//! Reading a request's body up to a limit.

use std::error::Error as _;

use axum::body::{Body, to_bytes};
use bytes::Bytes;

/// Why a body was not read.
pub(super) enum BodyError {
    /// Longer than the limit.
    TooLong,
    /// Cut off or malformed.
    Incomplete,
}

/// Reads at most `limit` bytes.
pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    to_bytes(body, limit).await.map_err(|error| {
        let is_too_long = error.source().is_some_and(|source| source.is::<http_body_util::LengthLimitError>());
        if is_too_long { BodyError::TooLong } else { BodyError::Incomplete }
    })
}
