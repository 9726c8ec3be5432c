//! Tags of pools, by ARN.

use serde_json::json;

use super::{
    error::{TAGS, invalid},
    lookup::{arn, find, find_mut},
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    services::tags,
};

pub(super) fn tag(cloud: &Cloud, request: &Request) -> Outcome {
    let id = pool_of_arn(request)?;
    let new = request.input().required_text_map("Tags")?;
    cloud.store.write(|state| {
        let pool = find_mut(state.region_mut(&request.region), id)?;
        TAGS.add(&mut pool.tags, new)
    })?;
    Ok(Response::ok(json!({})))
}

pub(super) fn untag(cloud: &Cloud, request: &Request) -> Outcome {
    let id = pool_of_arn(request)?;
    let keys = request.input().required_texts("TagKeys")?;
    cloud.store.write(|state| {
        tags::remove(&mut find_mut(state.region_mut(&request.region), id)?.tags, &keys);
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::ok(json!({})))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let id = pool_of_arn(request)?;
    let tags = cloud.store.read(|state| find(request, state, id).map(|pool| pool.tags.clone()))?;
    Ok(Response::ok(json!({ "Tags": tags })))
}

fn pool_of_arn(request: &Request) -> Result<&str, ApiError> {
    let given = request.input().required("ResourceArn")?;
    let id = given.strip_prefix(&arn(request, "")).filter(|id| !id.is_empty());
    id.ok_or_else(|| invalid(format!("Invalid ARN: {given}")))
}
