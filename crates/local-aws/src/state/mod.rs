//! What the cloud remembers: plain serialisable structs, one file a service. `store` keeps them on disk.

mod account;
pub mod apigateway;
pub mod cognito;
pub mod iam;
pub mod lambda;
pub mod logs;
mod tags;

pub use account::{DEFAULT_ACCOUNT_ID, Region, State};
pub use tags::Tags;
