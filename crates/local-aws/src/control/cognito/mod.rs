//! Cognito user pools: pools with their domain, resource servers, app clients and users.

mod client;
mod domain;
mod key;
mod oauth;
mod pool;
mod resource_server;
mod setting;
mod tag;
mod user;

use super::{Call, Service};
use crate::{
    protocol::{ApiError, Outcome},
    state::{Region, State, cognito::UserPool},
};

/// Runs an operation of Cognito.
pub(super) fn run(call: &Call) -> Outcome {
    match call.operation.as_str() {
        "CreateUserPool" => pool::create(call),
        "DescribeUserPool" => pool::describe(call),
        "UpdateUserPool" => pool::update(call),
        "DeleteUserPool" => pool::delete(call),
        "ListUserPools" => pool::list(call),
        "CreateUserPoolDomain" => domain::create(call),
        "DescribeUserPoolDomain" => domain::describe(call),
        "DeleteUserPoolDomain" => domain::delete(call),
        "CreateResourceServer" => resource_server::create(call),
        "DescribeResourceServer" => resource_server::describe(call),
        "UpdateResourceServer" => resource_server::update(call),
        "DeleteResourceServer" => resource_server::delete(call),
        "ListResourceServers" => resource_server::list(call),
        "CreateUserPoolClient" => client::create(call),
        "DescribeUserPoolClient" => client::describe(call),
        "UpdateUserPoolClient" => client::update(call),
        "DeleteUserPoolClient" => client::delete(call),
        "ListUserPoolClients" => client::list(call),
        "TagResource" => tag::tag(call),
        "UntagResource" => tag::untag(call),
        "ListTagsForResource" => tag::list(call),
        "AdminCreateUser" => user::create(call),
        "ListUsers" => user::list(call),
        other => Err(ApiError::not_implemented(&format!("cognito-idp:{other}"))),
    }
}

fn pool_id(call: &Call) -> Result<&str, ApiError> {
    call.input(Service::Cognito).required("UserPoolId")
}

fn no_pool(id: &str) -> ApiError {
    not_found(format!("User pool {id} does not exist."))
}

fn not_found(message: String) -> ApiError {
    ApiError::new(400, "ResourceNotFoundException", message)
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "InvalidParameterException", message)
}

fn limit_exceeded(message: String) -> ApiError {
    ApiError::new(400, "LimitExceededException", message)
}

fn find<'a>(call: &Call, state: &'a State, id: &str) -> Result<&'a UserPool, ApiError> {
    state.region(&call.region).and_then(|region| region.pools.get(id)).ok_or_else(|| no_pool(id))
}

fn find_mut<'a>(region: &'a mut Region, id: &str) -> Result<&'a mut UserPool, ApiError> {
    region.pools.get_mut(id).ok_or_else(|| no_pool(id))
}
