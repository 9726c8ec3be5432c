//! The page size of Lambda's listings.

use crate::{outcome::ApiError, request::Request};

/// Reads `MaxItems`; Lambda returns at most 50 items per page.
pub(super) fn page_size(request: &Request) -> Result<u32, ApiError> {
    match request.param("MaxItems").map(str::parse::<u32>) {
        None => Ok(50),
        Some(Ok(limit @ 1..=10_000)) => Ok(limit.min(50)),
        Some(_) => Err(ApiError::new(400, "ValidationException", "MaxItems must be between 1 and 10000")),
    }
}
