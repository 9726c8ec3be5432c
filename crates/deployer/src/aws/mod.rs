//! Everything about talking to AWS that is no resource: clients, endpoints of the data plane, errors, the one waiter.

pub mod clients;
pub mod create;
pub mod endpoint;
pub mod error;
pub mod wait;

pub use clients::{Clients, LocalEndpoint};
pub use error::{ApiError, Doing, found};
