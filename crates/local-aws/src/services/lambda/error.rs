//! Lambda's error codes.

use crate::{outcome::ApiError, services::tags};

pub(super) const TAGS: tags::TagErrors = tags::TagErrors { invalid, too_many: invalid };

/// The error for a value that violates a rule beyond the model.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterValueException", message)
}

pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new(404, "ResourceNotFoundException", message)
}

pub(super) fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new(409, "ResourceConflictException", message)
}
