//! When Lambda refuses a change: while the function is not ready, or if the caller expects another revision.

use super::{error::conflict, target::find_mut};
use crate::{
    outcome::ApiError,
    request::Request,
    state::{Region, lambda::Function},
};

/// Finds a function that a request may change now: it is ready, and has the revision that the caller expects.
pub(super) fn find_changeable<'a>(
    request: &Request,
    region: &'a mut Region,
    name: &str,
) -> Result<&'a mut Function, ApiError> {
    let function = find_mut(request, region, name)?;
    check_changeable(function, request.now_ms)?;
    check_revision(request, &function.latest.revision_id)?;
    Ok(function)
}

/// Checks that the function is neither `Pending` nor has an update `InProgress`.
///
/// "Lambda function states" lists the operations: Invoke while Pending; UpdateFunctionCode, UpdateFunctionConfiguration
/// and PublishVersion in both; TagResource while InProgress. The same page says elsewhere that every operation on a
/// Pending function fails. The list is more precise, so AddPermission and PutFunctionConcurrency are allowed.
pub(super) fn check_changeable(function: &Function, now_ms: u64) -> Result<(), ApiError> {
    check_active(function, now_ms)?;
    check_no_update(function, now_ms)
}

/// Checks that the function is not `Pending`.
pub(super) fn check_active(function: &Function, now_ms: u64) -> Result<(), ApiError> {
    if now_ms >= function.active_from_ms {
        return Ok(());
    }
    let message =
        "The operation cannot be performed at this time. The function is currently in the following state: Pending";
    Err(conflict(message))
}

/// Checks that no update is `InProgress`. A creation does not count as an update.
pub(super) fn check_no_update(function: &Function, now_ms: u64) -> Result<(), ApiError> {
    if now_ms >= function.updated_from_ms || now_ms < function.active_from_ms {
        return Ok(());
    }
    let arn = &function.arn;
    let message =
        format!("The operation cannot be performed at this time. An update is in progress for resource: {arn}");
    Err(conflict(message))
}

/// Checks that the request's `RevisionId`, if it has one, is the current revision.
pub(super) fn check_revision(request: &Request, current: &str) -> Result<(), ApiError> {
    let expected = request.input().text("RevisionId")?.or_else(|| request.param("RevisionId"));
    match expected {
        Some(expected) if expected != current => Err(ApiError::new(
            412,
            "PreconditionFailedException",
            "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to \
             retrieve the latest RevisionId",
        )),
        _ => Ok(()),
    }
}
