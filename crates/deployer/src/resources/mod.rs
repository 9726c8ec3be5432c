//! The resources of a stack, one file each, all of one shape:
//! `Desired` (from deploy.toml) and `Actual` (what we manage of what is there), `observe`, `diff` (pure), `reconcile`
//! (serves create, update, adopt and replace), `delete` (not found is success).
//!
//! A resource never edits another one. Ownership is proven by the stack's tags; what cannot be tagged hangs on what can.

pub mod app_client;
pub mod authorizer;
mod context;
pub mod deployment;
pub mod domain;
pub mod function;
pub mod log_group;
pub mod method;
pub mod permission;
pub mod resource_server;
pub mod rest_api;
pub mod role;
pub mod stage;
pub mod user_pool;

pub use context::{Context, Reader};
