//! Request rates (API Gateway developer guide, "Amazon API Gateway quotas"): all operations share one, and some have
//! their own.

use crate::{
    operation::{Quota, per_second},
    request::Request,
    token_buckets::Limit,
};

pub(super) const SHARED: Quota = Quota::Limits(|_| vec![shared()]);
pub(super) const CREATE_REST_API: Quota = Quota::Limits(create_rest_api);
pub(super) const DELETE_REST_API: Quota = Quota::Limits(|request| vec![one_in(request.operation, 30.0), shared()]);
pub(super) const CREATE_DEPLOYMENT: Quota = Quota::Limits(|request| vec![one_in(request.operation, 5.0), shared()]);
pub(super) const CHANGE_RESOURCE: Quota = Quota::Limits(|request| vec![per_second(request.operation, 5), shared()]);
pub(super) const GET_RESOURCES: Quota = Quota::Limits(|request| {
    let own = Limit { bucket: request.operation.to_owned(), rate: 2.5, burst: 5.0 };
    vec![own, shared()]
});

fn shared() -> Limit {
    Limit { bucket: "all operations".to_owned(), rate: 10.0, burst: 40.0 }
}

/// One request in this many seconds.
fn one_in(bucket: &str, seconds: f64) -> Limit {
    Limit { bucket: bucket.to_owned(), rate: 1.0 / seconds, burst: 1.0 }
}

/// Edge-optimized APIs have a lower creation rate than regional and private ones.
fn create_rest_api(request: &Request) -> Vec<Limit> {
    let types = request.document.get("endpointConfiguration").and_then(|endpoint| endpoint.get("types"));
    let edge = types.is_none_or(|types| types.as_array().is_none_or(|types| types.iter().any(|t| t == "EDGE")));
    let own = if edge { one_in("CreateRestApi (edge)", 30.0) } else { one_in(request.operation, 3.0) };
    vec![own, shared()]
}
