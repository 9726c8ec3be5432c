//! The state of the cloud: plain serialisable structs, one file for each service. `store` keeps them on disk.

mod account;
pub mod apigateway;
pub mod cognito;
pub mod iam;
pub mod lambda;
pub mod logs;
mod tags;

pub use account::{DEFAULT_ACCOUNT_ID, Region, State};
pub use tags::Tags;
