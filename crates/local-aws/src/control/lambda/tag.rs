//! Tags of functions, by ARN.

use serde_json::json;

use super::{check_no_update, find, find_mut, invalid, whole_function};
use crate::{
    control::{Call, Service, tags},
    protocol::{Answer, ApiError, Outcome},
};

pub(super) fn tag(call: &Call) -> Outcome {
    let input = call.input(Service::Lambda);
    let name = whole_function(call)?;
    let new = input.text_map("Tags")?.ok_or_else(|| input.missing("Tags"))?;
    call.app.store.write(|state| {
        let function = find_mut(call, state.region_mut(&call.region), &name)?;
        check_no_update(function, call.now_ms)?;
        tags::add(&mut function.tags, new, invalid, invalid)
    })?;
    Ok(Answer::empty(204))
}

pub(super) fn untag(call: &Call) -> Outcome {
    let name = whole_function(call)?;
    let keys: Vec<&str> = call.params("tagKeys").collect();
    if keys.is_empty() {
        return Err(call.input(Service::Lambda).missing("TagKeys"));
    }
    call.app.store.write(|state| {
        let function = find_mut(call, state.region_mut(&call.region), &name)?;
        function.tags.retain(|key, _| !keys.contains(&key.as_str()));
        Ok::<_, ApiError>(())
    })?;
    Ok(Answer::empty(204))
}

pub(super) fn list(call: &Call) -> Outcome {
    let name = whole_function(call)?;
    let tags = call.app.store.read(|state| find(call, state, &name).map(|function| function.tags.clone()))?;
    Ok(Answer::ok(json!({ "Tags": tags })))
}
