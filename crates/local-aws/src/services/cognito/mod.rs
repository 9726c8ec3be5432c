//! Cognito user pools: pools with their domain, resource servers, app clients and users.

mod client;
mod domain;
mod error;
mod key;
mod lookup;
mod oauth;
mod permissions;
mod pool;
mod quota;
mod resource_server;
mod setting;
mod tag;
mod user;

#[cfg(any(test, fuzzing))]
pub(crate) use self::key::generate_key;
use self::permissions::{on_pool, without_resource};
use crate::{
    operation::{Operation, Wire::Target, read, write},
    service::Service::Cognito,
};

/// Every operation of Cognito.
#[rustfmt::skip]
pub(crate) static OPERATIONS: &[Operation] = &[
    write(Cognito, "CreateUserPool", Target, quota::POOL_UPDATE, permissions::create_pool, pool::create),
    read(Cognito, "DescribeUserPool", Target, quota::POOL_READ, on_pool, pool::describe),
    write(Cognito, "UpdateUserPool", Target, quota::POOL_UPDATE, permissions::update_pool, pool::update),
    write(Cognito, "DeleteUserPool", Target, quota::POOL_UPDATE, on_pool, pool::delete),
    read(Cognito, "ListUserPools", Target, quota::POOL_READ, without_resource, pool::list),

    write(Cognito, "CreateUserPoolDomain", Target, quota::RESOURCE_UPDATE, on_pool, domain::create),
    read(Cognito, "DescribeUserPoolDomain", Target, quota::RESOURCE_READ, without_resource, domain::describe),
    write(Cognito, "DeleteUserPoolDomain", Target, quota::RESOURCE_UPDATE, on_pool, domain::delete),

    write(Cognito, "CreateResourceServer", Target, quota::RESOURCE_UPDATE, on_pool, resource_server::create),
    read(Cognito, "DescribeResourceServer", Target, quota::RESOURCE_READ, on_pool, resource_server::describe),
    write(Cognito, "UpdateResourceServer", Target, quota::RESOURCE_UPDATE, on_pool, resource_server::update),
    write(Cognito, "DeleteResourceServer", Target, quota::RESOURCE_UPDATE, on_pool, resource_server::delete),
    read(Cognito, "ListResourceServers", Target, quota::RESOURCE_READ, on_pool, resource_server::list),

    write(Cognito, "CreateUserPoolClient", Target, quota::CLIENT_UPDATE, on_pool, client::create),
    read(Cognito, "DescribeUserPoolClient", Target, quota::CLIENT_READ, on_pool, client::describe),
    write(Cognito, "UpdateUserPoolClient", Target, quota::CLIENT_UPDATE, on_pool, client::update),
    write(Cognito, "DeleteUserPoolClient", Target, quota::CLIENT_UPDATE, on_pool, client::delete),
    read(Cognito, "ListUserPoolClients", Target, quota::CLIENT_READ, on_pool, client::list),

    write(Cognito, "TagResource", Target, quota::RESOURCE_UPDATE, permissions::tag, tag::tag),
    write(Cognito, "UntagResource", Target, quota::RESOURCE_UPDATE, permissions::untag, tag::untag),
    read(Cognito, "ListTagsForResource", Target, quota::RESOURCE_READ, on_pool, tag::list),

    write(Cognito, "AdminCreateUser", Target, quota::USER_CREATION, on_pool, user::create),
    read(Cognito, "ListUsers", Target, quota::USER_LIST, on_pool, user::list),
];
