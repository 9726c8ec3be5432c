//! The Lambda function: GetFunction, CreateFunction, UpdateFunctionCode, UpdateFunctionConfiguration, concurrency.
//!
//! A new function is Pending and an updated one InProgress; until that is over, AWS refuses the next update with
//! ResourceConflictException. A role that was created seconds ago cannot be assumed yet. Owned by tags.
//!
//! A new function takes two phases. [`create`] may find one that another run has just created, and returns the
//! step that is left to do; the engine decides whether this run may still write to it, and then calls [`reconcile`].

mod reconcile;
mod state;

pub use reconcile::{create, delete, reconcile, wait_until_ready};
pub use state::{Actual, Code, Desired, HANDLER, diff, observe};
