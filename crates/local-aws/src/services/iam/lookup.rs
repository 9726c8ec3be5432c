//! Finds the role that a request names, or returns AWS's error.

use super::error::no_such_entity;
use crate::{
    outcome::ApiError,
    request::Request,
    state::{State, iam::Role},
};

pub(super) fn role_name(request: &Request) -> Result<&str, ApiError> {
    request.input().required("RoleName")
}

fn no_role(name: &str) -> ApiError {
    no_such_entity(format!("The role with name {name} cannot be found."))
}

pub(super) fn find<'a>(state: &'a State, name: &str) -> Result<&'a Role, ApiError> {
    state.iam.roles.get(name).ok_or_else(|| no_role(name))
}

pub(super) fn find_mut<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Role, ApiError> {
    state.iam.roles.get_mut(name).ok_or_else(|| no_role(name))
}
