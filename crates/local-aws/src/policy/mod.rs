//! The caller's IAM policy: parsed strictly, then checked for each permission that a request needs.

mod condition;
mod document;
mod error;
mod guard;
mod pattern;
mod permission;

pub use document::Policy;
pub use error::PolicyError;
pub(crate) use guard::Guard;
pub(crate) use pattern::matches;
pub use permission::Permission;
