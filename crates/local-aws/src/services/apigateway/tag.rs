//! Tags of APIs and stages, by ARN.

use serde_json::json;

use super::{
    error::{TAGS, bad_request, not_found},
    lookup::{no_api, no_stage},
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    services::tags,
    state::Tags,
};

pub(super) fn tag(cloud: &Cloud, request: &Request) -> Outcome {
    let new = request.input().required_text_map("tags")?;
    change_tags(cloud, request, |tags| TAGS.add(tags, new))?;
    Ok(Response::empty(204))
}

pub(super) fn untag(cloud: &Cloud, request: &Request) -> Outcome {
    let keys = tags::keys_of_query(request, "tagKeys")?;
    change_tags(cloud, request, |tags| {
        tags::remove(tags, &keys);
        Ok(())
    })?;
    Ok(Response::empty(204))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let (id, stage) = resource_of_arn(request)?;
    let tags = cloud.store.read(|state| {
        let api =
            state.region(&request.region).and_then(|region| region.apis.get(id)).ok_or_else(|| no_api(request, id))?;
        match stage {
            None => Ok(api.tags.clone()),
            Some(name) => api.stages.get(name).map(|stage| stage.tags.clone()).ok_or_else(no_stage),
        }
    })?;
    Ok(Response::ok(json!({ "tags": tags })))
}

fn change_tags(
    cloud: &Cloud,
    request: &Request,
    change: impl FnOnce(&mut Tags) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let (id, stage) = resource_of_arn(request)?;
    cloud.store.write(|state| {
        let api = state.region_mut(&request.region).apis.get_mut(id).ok_or_else(|| no_api(request, id))?;
        match stage {
            None => change(&mut api.tags),
            Some(name) => change(&mut api.stages.get_mut(name).ok_or_else(no_stage)?.tags),
        }
    })
}

/// The API id and stage name in `arn:aws:apigateway:<region>::/restapis/<id>[/stages/<name>]`.
fn resource_of_arn(request: &Request) -> Result<(&str, Option<&str>), ApiError> {
    let arn = request.label(0);
    let path = arn.strip_prefix(&format!("arn:aws:apigateway:{}::/", request.region));
    let path = path.ok_or_else(|| bad_request("Invalid ARN specified in the request"))?;
    let parts: Vec<&str> = path.split('/').collect();
    match parts[..] {
        ["restapis", id] => Ok((id, None)),
        ["restapis", id, "stages", stage] => Ok((id, Some(stage))),
        _ => Err(not_found("Invalid resource ARN specified")),
    }
}
