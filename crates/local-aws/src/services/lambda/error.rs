//! Lambda's error codes.

use crate::{outcome::ApiError, services::tags};

pub(super) const TAGS: tags::TagErrors = tags::TagErrors { invalid, too_many: invalid };

/// A value that Lambda itself refuses.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterValueException", message)
}

pub(super) fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new(404, "ResourceNotFoundException", message)
}

pub(super) fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new(409, "ResourceConflictException", message)
}
