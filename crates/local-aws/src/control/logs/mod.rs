//! CloudWatch Logs: groups, and the events that functions wrote.

mod event;
mod filter;
mod group;
mod tag;

use super::{Call, Service};
use crate::{
    protocol::{ApiError, Outcome},
    state::{Region, State, logs::LogGroup},
};

/// Runs an operation of Logs.
pub(super) fn run(call: &Call) -> Outcome {
    match call.operation.as_str() {
        "CreateLogGroup" => group::create(call),
        "DescribeLogGroups" => group::describe(call),
        "DeleteLogGroup" => group::delete(call),
        "PutRetentionPolicy" => group::put_retention(call),
        "DeleteRetentionPolicy" => group::delete_retention(call),
        "TagResource" => tag::tag(call),
        "UntagResource" => tag::untag(call),
        "ListTagsForResource" => tag::list(call),
        "ListTagsLogGroup" => tag::list_by_name(call),
        "DescribeLogStreams" => event::describe_streams(call),
        "GetLogEvents" => event::get(call),
        "FilterLogEvents" => event::filter(call),
        other => Err(ApiError::not_implemented(&format!("logs:{other}"))),
    }
}

fn group_name(call: &Call) -> Result<&str, ApiError> {
    call.input(Service::Logs).required("logGroupName")
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterException", message)
}

fn not_found(message: &str) -> ApiError {
    ApiError::new(400, "ResourceNotFoundException", message)
}

fn no_group() -> ApiError {
    not_found("The specified log group does not exist.")
}

fn find<'a>(call: &Call, state: &'a State, name: &str) -> Result<&'a LogGroup, ApiError> {
    state.region(&call.region).and_then(|region| region.log_groups.get(name)).ok_or_else(no_group)
}

fn find_mut<'a>(region: &'a mut Region, name: &str) -> Result<&'a mut LogGroup, ApiError> {
    region.log_groups.get_mut(name).ok_or_else(no_group)
}

/// A group's ARN, without the `:*` that stands for its streams.
fn arn(call: &Call, name: &str) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{name}", call.region, call.account())
}
