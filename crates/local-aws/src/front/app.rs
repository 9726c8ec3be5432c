//! What the front of a running server works with. Its stages and everything below get only the parts that they need.

use std::sync::Arc;

use crate::{
    cloud::Cloud, credentials::Credentials, endpoints::Endpoints, faults::FaultPlan, request_log::RequestLog,
    token_buckets::TokenBuckets,
};

/// The state of the request handlers.
pub(crate) struct App {
    pub cloud: Arc<Cloud>,
    pub endpoints: Endpoints,
    /// Control-plane requests must be signed with these.
    pub credentials: Credentials,
    pub account_id: String,
    /// Where the server listens, on 127.0.0.1.
    pub port: u16,
    /// What goes wrong on demand.
    pub faults: FaultPlan,
    /// The documented rates of operations.
    pub quotas: TokenBuckets,
    pub requests: RequestLog,
}
