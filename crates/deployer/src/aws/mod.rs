//! How to talk to AWS: clients, endpoints of the data plane, errors, the one waiter.

pub mod clients;
pub mod create;
pub mod endpoint;
pub mod error;
pub mod wait;

pub use clients::{Clients, LocalEndpoint};
pub use error::{ApiError, Doing, none_if_not_found};
