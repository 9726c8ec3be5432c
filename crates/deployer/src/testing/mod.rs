//! What tests of several modules share: a stack in a local cloud, its configuration, and servers that answer as it
//! does.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cloud;
mod endpoint;
mod stack;

use crate::change::FieldDiff;

pub(crate) use cloud::{Cloud, apply, changed, copy_files};
pub(crate) use endpoint::{outputs, serve, token_endpoint};
pub(crate) use stack::{code, config, target};

/// The names of the fields that differ.
pub(crate) fn fields(diff: &[FieldDiff]) -> Vec<&str> {
    diff.iter().map(|diff| diff.field.as_str()).collect()
}

/// The members of an SDK request that are not set; those of structures inside it do not count.
pub(crate) fn unset_members(request: &impl std::fmt::Debug) -> Vec<String> {
    let shown = format!("{request:#?}");
    let members = shown.lines().filter_map(|line| line.strip_prefix("    ").filter(|line| !line.starts_with(' ')));
    members.filter_map(|member| member.strip_suffix(": None,").map(ToOwned::to_owned)).collect()
}
