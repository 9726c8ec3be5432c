//! IAM: roles with their policies.

mod document;
mod policy;
mod role;

pub(super) use document::lets_lambda_assume;

use super::{Call, Service};
use crate::{
    protocol::{ApiError, Outcome},
    state::{State, iam::Role},
};

/// Runs an operation of IAM.
pub(super) fn run(call: &Call) -> Outcome {
    match call.operation.as_str() {
        "CreateRole" => role::create(call),
        "GetRole" => role::get(call),
        "ListRoles" => role::list(call),
        "UpdateRole" => role::update(call),
        "UpdateAssumeRolePolicy" => role::update_assume_policy(call),
        "DeleteRole" => role::delete(call),
        "TagRole" => role::tag(call),
        "UntagRole" => role::untag(call),
        "ListRoleTags" => role::list_tags(call),
        "PutRolePolicy" => policy::put(call),
        "GetRolePolicy" => policy::get(call),
        "ListRolePolicies" => policy::list(call),
        "DeleteRolePolicy" => policy::delete(call),
        "AttachRolePolicy" => policy::attach(call),
        "DetachRolePolicy" => policy::detach(call),
        "ListAttachedRolePolicies" => policy::list_attached(call),
        other => Err(ApiError::not_implemented(&format!("iam:{other}"))),
    }
}

fn role_name(call: &Call) -> Result<&str, ApiError> {
    call.input(Service::Iam).required("RoleName")
}

fn limit_exceeded(message: String) -> ApiError {
    ApiError::new(409, "LimitExceeded", message)
}

fn no_such_entity(message: String) -> ApiError {
    ApiError::new(404, "NoSuchEntity", message)
}

fn no_role(name: &str) -> ApiError {
    no_such_entity(format!("The role with name {name} cannot be found."))
}

fn find<'a>(state: &'a State, name: &str) -> Result<&'a Role, ApiError> {
    state.iam.roles.get(name).ok_or_else(|| no_role(name))
}

fn find_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Role, ApiError> {
    state.iam.roles.get_mut(name).ok_or_else(|| no_role(name))
}
