//! The deployed stack as its callers meet it: the token endpoint and the prediction endpoint.

pub mod access;
mod backoff;
pub mod cache;
mod client;
mod secret;

pub use backoff::Backoff;
pub use client::{AccessToken, Client, Reply, Unanswered, read_token};
pub use secret::Secret;

/// Seconds since the Unix epoch.
pub fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
