//! IAM's error codes.

use crate::{outcome::ApiError, services::tags};

pub(super) const TAGS: tags::TagErrors = tags::TagErrors { invalid: invalid_input, too_many: limit_exceeded };

pub(super) fn invalid_input(message: String) -> ApiError {
    ApiError::new(400, "InvalidInput", message)
}

pub(super) fn limit_exceeded(message: String) -> ApiError {
    ApiError::new(409, "LimitExceeded", message)
}

pub(super) fn no_such_entity(message: String) -> ApiError {
    ApiError::new(404, "NoSuchEntity", message)
}
