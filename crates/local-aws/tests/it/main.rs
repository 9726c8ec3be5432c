//! The real AWS SDK clients against a local cloud in process: what it does, what it refuses, what it remembers.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod apigateway;
mod authorization;
mod cloud;
mod cognito;
mod door;
mod faults;
mod functions;
mod iam;
mod load;
mod logs;
mod models;
mod refusals;
mod restart;
mod signatures;
