//! Tests of the endpoints, with a function that really runs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod addresses;
mod api;
mod authorizer;
mod mock;
mod token;
mod wire;
