//! Published versions, and replacing `$LATEST`.

use serde_json::{Value, json};

use super::{
    error::{invalid, not_found},
    listing::page_size,
    readiness::find_changeable,
    target::{find, function_arn, whole_function},
    view,
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    services::page::page,
    state::lambda::{Function, Version},
};

/// Replaces `$LATEST`. The new version serves invocations once the simulated update is complete.
pub(super) fn replace_latest(
    cloud: &Cloud,
    request: &Request,
    function: &mut Function,
    mut latest: Version,
    revision_id: String,
) {
    latest.revision_id = revision_id;
    latest.last_modified_ms = request.now_ms;
    let delay = cloud.faults.function_update_ms;
    let previous = std::mem::replace(&mut function.latest, latest);
    function.previous = (delay > 0).then_some(previous);
    function.updated_from_ms = request.now_ms + delay;
}

/// Publishes `$LATEST` and returns its number. If nothing has changed since the last published version, returns that
/// one.
pub(super) fn publish_latest(function: &mut Function, description: Option<&str>, now_ms: u64) -> u64 {
    let mut version = function.latest.clone();
    if let Some(description) = description {
        description.clone_into(&mut version.description);
    }
    if let Some((number, last)) = function.versions.last_key_value() {
        let comparable = |version: &Version| Version {
            revision_id: String::new(),
            last_modified_ms: 0,
            description: String::new(),
            ..version.clone()
        };
        if comparable(last) == comparable(&version) {
            return *number;
        }
    }
    version.last_modified_ms = now_ms;
    let number = function.versions.last_key_value().map_or(1, |(number, _)| number + 1);
    function.versions.insert(number, version);
    number
}

/// Checks that the published version exists.
pub(super) fn check(request: &Request, function: &Function, number: Option<u64>) -> Result<(), ApiError> {
    match number {
        Some(number) if !function.versions.contains_key(&number) => {
            let arn = function_arn(&request.region, request.account(), &function.name);
            Err(not_found(format!("Function not found: {arn}:{number}")))
        }
        _ => Ok(()),
    }
}

pub(super) fn publish(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let name = whole_function(request)?;
    input.reject_unsupported(&["PublishTo"])?;
    let description = input.text("Description")?;
    let code_sha256 = input.text("CodeSha256")?;
    let shown = cloud.store.write(|state| {
        let function = find_changeable(request, state.region_mut(&request.region), &name)?;
        if code_sha256.is_some_and(|expected| expected != function.latest.code_sha256) {
            return Err(invalid(format!(
                "CodeSHA256 ({}) is different from current CodeSHA256 in $LATEST ({}). Please try again with the \
                 CodeSHA256 in $LATEST.",
                code_sha256.unwrap_or_default(),
                function.latest.code_sha256
            )));
        }
        let number = publish_latest(function, description, request.now_ms);
        Ok(view::configuration(function, Some(number), request.now_ms))
    })?;
    Ok(Response::created(shown))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let name = whole_function(request)?;
    let limit = page_size(request)?;
    let (versions, next) = cloud.store.read(|state| {
        let function = find(request, state, &name)?;
        // Pad the numbers, so that they sort as text. `$LATEST` comes first.
        let numbers = std::iter::once(None).chain(function.versions.keys().copied().map(Some));
        let keyed: Vec<(String, Value)> = numbers
            .map(|number| {
                let key = number.map_or_else(String::new, |number| format!("{number:020}"));
                (key, view::configuration(function, number, request.now_ms))
            })
            .collect();
        let items = keyed.iter().map(|(key, value)| (key.as_str(), value.clone()));
        Ok::<_, ApiError>(page(items, request.param("Marker"), limit))
    })?;
    Ok(Response::ok(json!({ "Versions": versions, "NextMarker": next })))
}
