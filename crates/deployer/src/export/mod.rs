//! The same stack as a template that works without this tool: Terraform's or CloudFormation's. Pure.
//!
//! A template expresses [`Desired`](crate::stack::Desired), the value that `up` works with, with symbols in place of
//! account and Region (see [`symbol`]). It includes the ownership tags, so that `token` and `predict` keep working.

pub mod cloudformation;
mod cors;
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
