//! The resources of a stack, one file each, all of one shape: `Desired` (from deploy.toml), `Actual` (the part of what
//! exists that we manage), `observe`, `diff` (pure), `reconcile` (creates, updates, adopts or replaces) and `delete`
//! (not found is success). What is deleted with its parent has no `delete`. `domain`, `function`, `permission` and
//! `deployment` differ further; each says why.
//!
//! A resource never edits another one. The stack's tags prove ownership; what cannot be tagged is a child of something
//! that can.

pub mod app_client;
pub mod authorizer;
mod context;
pub mod cors;
pub mod deployment;
pub mod domain;
pub mod function;
pub mod integration;
pub mod log_group;
pub mod method;
pub mod paths;
pub mod permission;
pub mod resource_server;
pub mod rest_api;
pub mod role;
pub mod stage;
pub mod user_pool;

pub use context::{Context, Reader};
