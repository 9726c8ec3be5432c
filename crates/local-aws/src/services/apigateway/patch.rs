//! The patch operations of PATCH requests.

use serde_json::Value;

use super::{error::bad_request, lookup::api_mut};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    state::apigateway::RestApi,
};

/// How a patch changes the value at its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Remove,
    Replace,
}

/// One patch operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Patch {
    pub op: Op,
    /// The path as sent.
    pub path: String,
    /// The segments of the path, with `~1` and `~0` decoded.
    pub parts: Vec<String>,
    /// `None` for most removals.
    pub value: Option<String>,
}

impl Patch {
    /// The segments of the path, to match on.
    pub(super) fn parts(&self) -> Vec<&str> {
        self.parts.iter().map(String::as_str).collect()
    }

    /// The value of a patch that requires one.
    pub(super) fn value(&self) -> Result<&str, ApiError> {
        self.value.as_deref().ok_or_else(|| bad_request(format!("Invalid null value for patch path {}", self.path)))
    }

    /// The value; an empty string counts as none.
    pub(super) fn optional(&self) -> Option<String> {
        self.value.clone().filter(|value| !value.is_empty())
    }

    /// The value, parsed.
    pub(super) fn parsed<T: std::str::FromStr>(&self) -> Result<T, ApiError> {
        let value = self.value()?;
        value.parse().map_err(|_| bad_request(format!("Invalid value {value} for patch path {}", self.path)))
    }

    /// `true` or `false`.
    pub(super) fn flag(&self) -> Result<bool, ApiError> {
        self.parsed()
    }

    /// The error for an operation that the path does not support.
    pub(super) fn unsupported(&self) -> ApiError {
        let op = match self.op {
            Op::Add => "add",
            Op::Remove => "remove",
            Op::Replace => "replace",
        };
        bad_request(format!("Invalid patch path {} for operation {op}", self.path))
    }
}

/// Applies the patch operations of a request to its API, and responds with the view that `change` returns.
pub(super) fn update(
    cloud: &Cloud,
    request: &Request,
    change: impl FnOnce(&mut RestApi, &[Patch]) -> Result<Value, ApiError>,
) -> Outcome {
    let patches = read(request)?;
    let shown = cloud.store.write(|state| change(api_mut(request, state.region_mut(&request.region))?, &patches))?;
    Ok(Response::ok(shown))
}

fn read(request: &Request) -> Result<Vec<Patch>, ApiError> {
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
