//! The shared state of the request handlers. Each stage, and everything below the front, gets only the parts it needs.

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
    /// The port on 127.0.0.1 that the server listens on.
    pub port: u16,
    pub faults: FaultPlan,
    /// Enforces the documented rates of operations.
    pub quotas: TokenBuckets,
    pub requests: RequestLog,
}
