//! Finds the log group that a request names, or returns AWS's error.

use super::error::not_found;
use crate::{
    outcome::ApiError,
    request::Request,
    state::{Region, State, logs::LogGroup},
};

pub(super) fn group_name(request: &Request) -> Result<&str, ApiError> {
    request.input().required("logGroupName")
}

pub(super) fn no_group() -> ApiError {
    not_found("The specified log group does not exist.")
}

pub(super) fn find<'a>(request: &Request, state: &'a State, name: &str) -> Result<&'a LogGroup, ApiError> {
    state.region(&request.region).and_then(|region| region.log_groups.get(name)).ok_or_else(no_group)
}

pub(super) fn find_mut<'a>(region: &'a mut Region, name: &str) -> Result<&'a mut LogGroup, ApiError> {
    region.log_groups.get_mut(name).ok_or_else(no_group)
}

/// The ARN of a group, without the `:*` that stands for its streams.
pub(super) fn arn(request: &Request, name: &str) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{name}", request.region, request.account())
}
