//! Patch operations: what the PATCH calls consist of.

use super::error::bad_request;
use crate::{outcome::ApiError, request::Request};

/// How a patch changes what its path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// Adds an element.
    Add,
    /// Removes it.
    Remove,
    /// Puts another value in its place.
    Replace,
}

/// One patch operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Patch {
    /// What is done.
    pub op: Op,
    /// As given.
    pub path: String,
    /// The path's parts, each with `~1` and `~0` decoded.
    pub parts: Vec<String>,
    /// The value; none with most removals.
    pub value: Option<String>,
}

impl Patch {
    /// The parts, to match on.
    pub(super) fn parts(&self) -> Vec<&str> {
        self.parts.iter().map(String::as_str).collect()
    }

    /// The value of an operation that needs one.
    pub(super) fn value(&self) -> Result<&str, ApiError> {
        self.value.as_deref().ok_or_else(|| bad_request(format!("Invalid null value for patch path {}", self.path)))
    }

    /// The value, where the empty one means none.
    pub(super) fn optional(&self) -> Option<String> {
        self.value.clone().filter(|value| !value.is_empty())
    }

    /// A whole number.
    pub(super) fn parsed<T: std::str::FromStr>(&self) -> Result<T, ApiError> {
        let value = self.value()?;
        value.parse().map_err(|_| bad_request(format!("Invalid value {value} for patch path {}", self.path)))
    }

    /// `true` or `false`.
    pub(super) fn flag(&self) -> Result<bool, ApiError> {
        self.parsed()
    }

    /// An operation that its path does not take.
    pub(super) fn unsupported(&self) -> ApiError {
        let op = match self.op {
            Op::Add => "add",
            Op::Remove => "remove",
            Op::Replace => "replace",
        };
        bad_request(format!("Invalid patch path {} for operation {op}", self.path))
    }
}

/// The patch operations of a request.
pub(super) fn read(request: &Request) -> Result<Vec<Patch>, ApiError> {
    let input = request.input();
    input
        .structures("patchOperations")?
        .unwrap_or_default()
        .iter()
        .map(|patch| {
            let op = match patch.required("op")? {
                "add" => Op::Add,
                "remove" => Op::Remove,
                "replace" => Op::Replace,
                other => return Err(ApiError::not_implemented(&format!("the patch operation {other}"))),
            };
            let path = patch.required("path")?;
            let rest = path.strip_prefix('/').ok_or_else(|| bad_request(format!("Invalid patch path {path}")))?;
            Ok(Patch {
                op,
                path: path.to_owned(),
                parts: rest.split('/').map(|part| part.replace("~1", "/").replace("~0", "~")).collect(),
                value: patch.text("value")?.map(ToOwned::to_owned),
            })
        })
        .collect()
}
