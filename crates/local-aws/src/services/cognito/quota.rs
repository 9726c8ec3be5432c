//! Request rates (Cognito developer guide, "API operation categories and request rate quotas"). The category of the tag
//! operations is not documented; they count as operations on resources of a pool.

use serde_json::Value;

use crate::{
    operation::{Quota, per_second},
    request::Request,
    token_buckets::Limit,
};

pub(super) const POOL_READ: Quota = Quota::Limits(|_| vec![per_second("UserPoolRead", 15)]);
pub(super) const POOL_UPDATE: Quota = Quota::Limits(|_| vec![per_second("UserPoolUpdate", 15)]);
pub(super) const CLIENT_READ: Quota = Quota::Limits(|request| per_pool(request, "UserPoolClientRead", 15));
pub(super) const CLIENT_UPDATE: Quota = Quota::Limits(|request| per_pool(request, "UserPoolClientUpdate", 15));
pub(super) const RESOURCE_READ: Quota = Quota::Limits(|request| per_pool(request, "UserPoolResourceRead", 20));
pub(super) const RESOURCE_UPDATE: Quota = Quota::Limits(|request| per_pool(request, "UserPoolResourceUpdate", 15));
pub(super) const USER_CREATION: Quota = Quota::Limits(|_| vec![per_second("UserCreation", 50)]);
pub(super) const USER_LIST: Quota = Quota::Limits(|_| vec![per_second("UserList", 30)]);

/// The category's rate, and 5 requests per second for each operation and pool ("Any individual operation in this
/// category … at a rate higher than 5 RPS for a single user pool").
fn per_pool(request: &Request, category: &str, rate: u32) -> Vec<Limit> {
    let pool =
        ["UserPoolId", "ResourceArn"].iter().find_map(|name| request.document.get(*name)).and_then(Value::as_str);
    let own = pool.map(|pool| per_second(&format!("{} {pool}", request.operation), 5));
    [per_second(category, rate)].into_iter().chain(own).collect()
}
