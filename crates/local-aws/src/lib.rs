//! An embedded local cloud: the AWS operations that the deployer uses, on 127.0.0.1.
//!
//! Two planes share one listener. The control plane speaks AWS's wire protocols (STS, IAM, Lambda, CloudWatch Logs,
//! Cognito, API Gateway) and verifies SigV4. The data plane is what callers of a deployed stack meet: the token
//! endpoint, the key set, and an API endpoint that enforces its authorizer and runs the function's real `bootstrap`.
//!
//! It refuses what AWS refuses. It is no general emulator: an operation that the deployer does not use answers
//! `NotImplemented` by name.
//!
//! Data flows one way: `front` (host, signature, routing) → `protocol` (decode) → `model` (check) → [`authorization`] (when
//! a policy is enforced) → `control`, or `data` → [`state`].

pub mod authorization;
mod clock;
mod control;
mod credentials;
mod data;
pub mod faults;
mod front;
#[cfg(fuzzing)]
pub mod fuzzing;
mod model;
mod protocol;
mod quota;
mod random;
mod requests;
pub mod server;
mod signature;
pub mod state;

pub use authorization::{Need, Policy, PolicyError};
pub use credentials::Credentials;
pub use faults::{Fault, Faults};
pub use requests::{Conformity, RequestLog, RequestRecord, depth};
pub use server::{Options, Server, StartError, start};
