//! The error codes of CloudWatch Logs.

use crate::{outcome::ApiError, services::tags};

pub(super) const TAGS: tags::TagErrors = tags::TagErrors { invalid, too_many };
/// Errors of CreateLogGroup, which has no TooManyTagsException.
pub(super) const NEW_TAGS: tags::TagErrors = tags::TagErrors { invalid, too_many: invalid };

pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterException", message)
}

pub(super) fn not_found(message: &str) -> ApiError {
    ApiError::new(400, "ResourceNotFoundException", message)
}

fn too_many(message: String) -> ApiError {
    ApiError::new(400, "TooManyTagsException", message)
}
