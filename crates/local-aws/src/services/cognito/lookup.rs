//! Finds the user pool that a request names, or returns AWS's error.

use super::error::not_found;
use crate::{
    outcome::ApiError,
    request::Request,
    state::{Region, State, cognito::UserPool},
};

pub(super) fn pool_id(request: &Request) -> Result<&str, ApiError> {
    request.input().required("UserPoolId")
}

pub(super) fn no_pool(id: &str) -> ApiError {
    not_found(format!("User pool {id} does not exist."))
}

pub(super) fn find<'a>(request: &Request, state: &'a State, id: &str) -> Result<&'a UserPool, ApiError> {
    state.region(&request.region).and_then(|region| region.pools.get(id)).ok_or_else(|| no_pool(id))
}

pub(super) fn find_mut<'a>(region: &'a mut Region, id: &str) -> Result<&'a mut UserPool, ApiError> {
    region.pools.get_mut(id).ok_or_else(|| no_pool(id))
}

/// The ARN of a pool, in the Region of the request.
pub(super) fn arn(request: &Request, id: &str) -> String {
    format!("arn:aws:cognito-idp:{}:{}:userpool/{id}", request.region, request.account())
}
