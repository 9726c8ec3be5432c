//! Tags of log groups, by ARN or, the older way, by name.

use serde_json::json;

use super::{arn, find, find_mut, group_name, invalid};
use crate::{
    control::{Call, Service, tags},
    protocol::{Answer, ApiError, Outcome},
};

pub(super) fn tag(call: &Call) -> Outcome {
    let input = call.input(Service::Logs);
    let name = group_of_arn(call)?;
    let new = input.text_map("tags")?.ok_or_else(|| input.missing("tags"))?;
    call.app.store.write(|state| {
        let group = find_mut(state.region_mut(&call.region), name)?;
        tags::add(&mut group.tags, new, invalid, too_many)
    })?;
    Ok(Answer::empty(200))
}

pub(super) fn untag(call: &Call) -> Outcome {
    let input = call.input(Service::Logs);
    let name = group_of_arn(call)?;
    let keys = input.texts("tagKeys")?.ok_or_else(|| input.missing("tagKeys"))?;
    call.app.store.write(|state| {
        find_mut(state.region_mut(&call.region), name)?.tags.retain(|key, _| !keys.contains(key));
        Ok::<_, ApiError>(())
    })?;
    Ok(Answer::empty(200))
}

pub(super) fn list(call: &Call) -> Outcome {
    show(call, group_of_arn(call)?)
}

pub(super) fn list_by_name(call: &Call) -> Outcome {
    show(call, group_name(call)?)
}

fn too_many(message: String) -> ApiError {
    ApiError::new(400, "TooManyTagsException", message)
}

fn show(call: &Call, name: &str) -> Outcome {
    let tags = call.app.store.read(|state| find(call, state, name).map(|group| group.tags.clone()))?;
    Ok(Answer::ok(json!({ "tags": tags })))
}

/// AWS takes the ARN without `:*` at its end, and refuses the other.
fn group_of_arn(call: &Call) -> Result<&str, ApiError> {
    let given = call.input(Service::Logs).required("resourceArn")?;
    let name = given.strip_prefix(&arn(call, "")).filter(|name| !name.is_empty() && !name.contains(':'));
    name.ok_or_else(|| invalid(format!("1 validation error detected: {given} is not the ARN of a log group")))
}
