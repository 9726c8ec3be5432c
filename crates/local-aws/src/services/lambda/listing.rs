//! The page sizes of Lambda's listings.

use crate::{outcome::ApiError, request::Request};

/// `MaxItems`, of which Lambda gives at most 50.
pub(super) fn page_size(request: &Request) -> Result<u32, ApiError> {
    match request.param("MaxItems").map(str::parse::<u32>) {
        None => Ok(50),
        Some(Ok(most @ 1..=10_000)) => Ok(most.min(50)),
        Some(_) => Err(ApiError::new(400, "ValidationException", "MaxItems must be between 1 and 10000")),
    }
}
