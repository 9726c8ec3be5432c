//! An embedded local cloud: the AWS operations that the deployer and its tests use, on 127.0.0.1.
//!
//! Two planes share one listener. The control plane speaks AWS's wire protocols (STS, IAM, Lambda, CloudWatch Logs,
//! Cognito, API Gateway) and verifies SigV4. The data plane is what callers of a deployed stack use: the token
//! endpoint, the key set, and an API endpoint that enforces its authorizer and runs the function's real `bootstrap`.
//!
//! It refuses what AWS refuses. It is not a general emulator: an operation that neither the deployer nor its
//! tests use is refused by name with `NotImplemented`.
//!
//! A control-plane request passes through these stages: `front` decodes it (with `protocol` and `services`), checks it
//! against `model`, authorizes it (with [`Policy`]), throttles it, runs its [operation](operations), and records it. An
//! operation is one row of its service's table, and works on a `cloud`: the store and the functions.

mod clock;
mod cloud;
mod credentials;
mod endpoints;
pub mod faults;
mod front;
mod functions;
#[cfg(fuzzing)]
pub mod fuzzing;
mod input;
mod model;
mod operation;
mod outcome;
mod policy;
mod protocol;
mod random;
mod request;
mod request_log;
pub mod server;
mod service;
mod services;
mod signature;
pub mod state;
mod store;
mod template;
#[cfg(test)]
mod testing;
mod token_buckets;

pub use credentials::Credentials;
pub use faults::{Fault, Faults};
pub use policy::{Permission, Policy, PolicyError};
pub use request_log::{Conformity, RequestLog, RequestRecord, depth};
pub use server::{Options, Server, StartError, start};
pub use store::StoreError;

/// Every operation that the local cloud has, as `service operation`: `lambda CreateFunction`.
pub fn operations() -> impl Iterator<Item = String> {
    services::operations().map(|operation| format!("{} {}", operation.service.name(), operation.name))
}
