//! Pagination of API Gateway's listings.

use serde_json::{Value, json};

use super::error::bad_request;
use crate::{outcome::ApiError, request::Request, services::page::page};

/// The page that a request asks for.
pub(super) struct Listing<'a> {
    position: Option<&'a str>,
    limit: u32,
}

impl<'a> Listing<'a> {
    /// Reads `position` and `limit`: 25 unless given, at most 500.
    pub(super) fn read(request: &'a Request) -> Result<Self, ApiError> {
        let limit = match request.param("limit").map(str::parse::<u32>) {
            None => 25,
            Some(Ok(limit @ 1..=500)) => limit,
            Some(_) => return Err(bad_request("Invalid limit: it must be between 1 and 500")),
        };
        Ok(Self { position: request.param("position"), limit })
    }

    /// The response with this page of `items`, which are sorted by key.
    pub(super) fn show<'b>(&self, items: impl Iterator<Item = (&'b str, Value)>) -> Value {
        let (items, next) = page(items, self.position, self.limit);
        json!({ "item": items, "position": next })
    }
}
