//! Tags of functions, by ARN.

use serde_json::json;

use super::{
    error::TAGS,
    readiness::check_no_update,
    target::{find, find_mut, whole_function},
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    services::tags,
};

pub(super) fn tag(cloud: &Cloud, request: &Request) -> Outcome {
    let name = whole_function(request)?;
    let new = request.input().required_text_map("Tags")?;
    cloud.store.write(|state| {
        let function = find_mut(request, state.region_mut(&request.region), &name)?;
        check_no_update(function, request.now_ms)?;
        TAGS.add(&mut function.tags, new)
    })?;
    Ok(Response::empty(204))
}

pub(super) fn untag(cloud: &Cloud, request: &Request) -> Outcome {
    let name = whole_function(request)?;
    let keys = tags::keys_of_query(request, "TagKeys")?;
    cloud.store.write(|state| {
        tags::remove(&mut find_mut(request, state.region_mut(&request.region), &name)?.tags, &keys);
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::empty(204))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let name = whole_function(request)?;
    let tags = cloud.store.read(|state| find(request, state, &name).map(|function| function.tags.clone()))?;
    Ok(Response::ok(json!({ "Tags": tags })))
}
