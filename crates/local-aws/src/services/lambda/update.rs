//! When Lambda refuses a change: a function that is not ready, or another revision than the caller has seen.

use super::error::conflict;
use crate::{outcome::ApiError, request::Request, state::lambda::Function};

/// Refuses what fails while the function is `Pending` or an update is `InProgress`.
///
/// "Lambda function states" lists the operations: Invoke while Pending; UpdateFunctionCode, UpdateFunctionConfiguration
/// and PublishVersion in both; TagResource while InProgress. The same page says elsewhere that every operation on a
/// Pending function fails; the list is the more precise, so AddPermission and PutFunctionConcurrency are admitted.
pub(super) fn check_changeable(function: &Function, now_ms: u64) -> Result<(), ApiError> {
    check_active(function, now_ms)?;
    check_no_update(function, now_ms)
}

/// Refuses what fails while the function is `Pending`.
pub(super) fn check_active(function: &Function, now_ms: u64) -> Result<(), ApiError> {
    if now_ms >= function.active_from_ms {
        return Ok(());
    }
    let message =
        "The operation cannot be performed at this time. The function is currently in the following state: Pending";
    Err(conflict(message))
}

/// Refuses what fails while an update is `InProgress`. A creation is none.
pub(super) fn check_no_update(function: &Function, now_ms: u64) -> Result<(), ApiError> {
    if now_ms >= function.updated_from_ms || now_ms < function.active_from_ms {
        return Ok(());
    }
    let arn = &function.arn;
    let message =
        format!("The operation cannot be performed at this time. An update is in progress for resource: {arn}");
    Err(conflict(message))
}

/// Refuses a change that was meant for another revision.
pub(super) fn check_revision(request: &Request, current: &str) -> Result<(), ApiError> {
    let asked = request.input().text("RevisionId")?.or_else(|| request.param("RevisionId"));
    match asked {
        Some(asked) if asked != current => Err(ApiError::new(
            412,
            "PreconditionFailedException",
            "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to \
             retrieve the latest RevisionId",
        )),
        _ => Ok(()),
    }
}
