//! The same stack as a template that works without this tool: Terraform's or CloudFormation's. Pure.
//!
//! A template says what [`Desired`](crate::stack::Desired) says, the value that `up` works with, derived for an account
//! and a Region that are still symbols (see [`symbol`]). It includes the ownership tags, so that `token` and `predict`
//! go on working.

pub mod cloudformation;
mod existing;
mod hcl;
mod import;
mod source;
pub mod symbol;
pub mod terraform;
mod yaml;

#[cfg(test)]
mod tests;

pub use existing::Existing;
pub use source::{File, Prefix, Source, Template};
