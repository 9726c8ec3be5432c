//! The HTTP side of a deployed stack: its token endpoint and its prediction endpoint.

pub mod cache;
mod client;
mod clock;
mod secret;
pub mod session;

pub use client::{AccessToken, Client, Reply, Unanswered, read_token};
pub use clock::now;
pub use secret::Secret;
