//! Cognito's error codes.

use crate::{outcome::ApiError, services::tags};

pub(super) const TAGS: tags::TagErrors = tags::TagErrors { invalid, too_many: invalid };

pub(super) fn not_found(message: String) -> ApiError {
    ApiError::new(400, "ResourceNotFoundException", message)
}

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterException", message)
}

pub(super) fn limit_exceeded(message: String) -> ApiError {
    ApiError::new(400, "LimitExceededException", message)
}
