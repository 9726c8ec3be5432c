//! Tags of APIs and stages, by ARN.

use serde_json::json;

use super::{bad_request, limit_exceeded, no_api, not_found, stage::no_stage};
use crate::{
    control::{Call, Service, tags},
    protocol::{Answer, ApiError, Outcome},
    state::Tags,
};

pub(super) fn tag(call: &Call) -> Outcome {
    let input = call.input(Service::ApiGateway);
    let new = input.text_map("tags")?.ok_or_else(|| input.missing("tags"))?;
    change(call, |tags| tags::add(tags, new, bad_request, limit_exceeded))?;
    Ok(Answer::empty(204))
}

pub(super) fn untag(call: &Call) -> Outcome {
    let keys: Vec<&str> = call.params("tagKeys").collect();
    if keys.is_empty() {
        return Err(call.input(Service::ApiGateway).missing("tagKeys"));
    }
    change(call, |tags| {
        tags.retain(|key, _| !keys.contains(&key.as_str()));
        Ok(())
    })?;
    Ok(Answer::empty(204))
}

pub(super) fn list(call: &Call) -> Outcome {
    let (id, stage) = target(call)?;
    let tags = call.app.store.read(|state| {
        let api = state.region(&call.region).and_then(|region| region.apis.get(id)).ok_or_else(|| no_api(call, id))?;
        match stage {
            None => Ok(api.tags.clone()),
            Some(name) => api.stages.get(name).map(|stage| stage.tags.clone()).ok_or_else(no_stage),
        }
    })?;
    Ok(Answer::ok(json!({ "tags": tags })))
}

fn change(call: &Call, act: impl FnOnce(&mut Tags) -> Result<(), ApiError>) -> Result<(), ApiError> {
    let (id, stage) = target(call)?;
    call.app.store.write(|state| {
        let api = state.region_mut(&call.region).apis.get_mut(id).ok_or_else(|| no_api(call, id))?;
        match stage {
            None => act(&mut api.tags),
            Some(name) => act(&mut api.stages.get_mut(name).ok_or_else(no_stage)?.tags),
        }
    })
}

/// API and stage of `arn:aws:apigateway:<region>::/restapis/<id>`, or of a stage below it.
fn target(call: &Call) -> Result<(&str, Option<&str>), ApiError> {
    let arn = call.label(0);
    let path = arn.strip_prefix(&format!("arn:aws:apigateway:{}::/", call.region));
    let path = path.ok_or_else(|| bad_request("Invalid ARN specified in the request"))?;
    let parts: Vec<&str> = path.split('/').collect();
    match parts[..] {
        ["restapis", id] => Ok((id, None)),
        ["restapis", id, "stages", stage] => Ok((id, Some(stage))),
        _ => Err(not_found("Invalid resource ARN specified")),
    }
}
