//! The data plane, which callers of a deployed stack use: token endpoint, key set, and the API endpoint.
//!
//! Each can be reached in two ways: by AWS's own host name (`<api>.execute-api.<region>.amazonaws.com`,
//! `<domain>.auth.<region>.amazoncognito.com`) in the `Host` header, or on the server's own address by the paths that
//! MiniStack and LocalStack share: `/_aws/execute-api/<api>/<stage>/…`, `/oauth2/token` and `/<pool id>/.well-known/…`.
//! These paths contain no Region, so the id is looked up in all of them.

mod address;
mod authorizer;
mod execute_api;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod gateway_error;
mod jwks;
mod mock;
mod proxy_event;
mod proxy_response;
mod route;
#[cfg(test)]
mod tests;
mod token;

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, header::HOST};

pub(crate) use self::address::serves;
use self::address::{Endpoint, resolve};
use crate::{cloud::Cloud, token_buckets::TokenBuckets};

/// The endpoints of a cloud.
pub(crate) struct Endpoints {
    cloud: Arc<Cloud>,
    /// The throttling limits of stages.
    throttles: TokenBuckets,
}

impl Endpoints {
    pub(crate) fn new(cloud: Arc<Cloud>) -> Self {
        Self { cloud, throttles: TokenBuckets::default() }
    }

    /// Handles a request to an endpoint.
    pub(crate) async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let store = &self.cloud.store;
        match resolve(host_of(&request).unwrap_or_default(), request.uri().path()) {
            Some(Endpoint::Token(domain)) => token::respond(store, domain.as_ref(), &request),
            Some(Endpoint::Keys(pool)) => jwks::keys(store, &pool, &request),
            Some(Endpoint::Configuration(pool)) => jwks::configuration(store, &pool, &request),
            Some(Endpoint::Api(address)) => {
                execute_api::respond(&self.cloud, &self.throttles, &address, &request).await
            }
            None => gateway_error::not_found(),
        }
    }
}

fn host_of(request: &Request<Bytes>) -> Option<&str> {
    match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => request.headers().get(HOST).and_then(|host| host.to_str().ok()),
    }
}
