//! Tags of log groups, by ARN, or by name in the older operation.

use serde_json::json;

use super::{
    error::{TAGS, invalid},
    lookup::{arn, find, find_mut, group_name},
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    services::tags,
};

pub(super) fn tag(cloud: &Cloud, request: &Request) -> Outcome {
    let name = group_of_arn(request)?;
    let new = request.input().required_text_map("tags")?;
    cloud.store.write(|state| {
        let group = find_mut(state.region_mut(&request.region), name)?;
        TAGS.add(&mut group.tags, new)
    })?;
    Ok(Response::empty(200))
}

pub(super) fn untag(cloud: &Cloud, request: &Request) -> Outcome {
    let name = group_of_arn(request)?;
    let keys = request.input().required_texts("tagKeys")?;
    cloud.store.write(|state| {
        tags::remove(&mut find_mut(state.region_mut(&request.region), name)?.tags, &keys);
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::empty(200))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    show(cloud, request, group_of_arn(request)?)
}

pub(super) fn list_by_name(cloud: &Cloud, request: &Request) -> Outcome {
    show(cloud, request, group_name(request)?)
}

fn show(cloud: &Cloud, request: &Request, name: &str) -> Outcome {
    let tags = cloud.store.read(|state| find(request, state, name).map(|group| group.tags.clone()))?;
    Ok(Response::ok(json!({ "tags": tags })))
}

/// The name of the group in the ARN. AWS refuses an ARN that ends with `:*`.
fn group_of_arn(request: &Request) -> Result<&str, ApiError> {
    let given = request.input().required("resourceArn")?;
    let name = given.strip_prefix(&arn(request, "")).filter(|name| !name.is_empty() && !name.contains(':'));
    name.ok_or_else(|| invalid(format!("1 validation error detected: {given} is not the ARN of a log group")))
}
