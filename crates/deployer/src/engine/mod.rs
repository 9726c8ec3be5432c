//! Observe → plan → apply. Planning is pure and does no I/O; apply decides nothing.

pub mod apply;
pub mod destroy;
pub mod lookup;
pub mod node;
pub mod observe;
pub mod plan;
mod planner;
mod unchanged;

pub use apply::apply;
pub use lookup::{client_secret, lookup};
pub use observe::{World, observe};
pub use plan::{Options, Plan};
pub use planner::plan;
pub use unchanged::check_unchanged;

#[cfg(test)]
mod tests;
