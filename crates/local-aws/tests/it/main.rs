//! Tests with the real AWS SDK clients and an in-process local cloud: what it does, what it refuses, and what it
//! persists.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod apigateway;
mod authorization;
mod cloud;
mod cognito;
mod faults;
mod iam;
mod lambda;
mod load;
mod logs;
mod models;
mod raw_http;
mod refusals;
mod restart;
mod signatures;
