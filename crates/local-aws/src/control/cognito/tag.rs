//! Tags of pools, by ARN.

use serde_json::json;

use super::{find, find_mut, invalid, pool};
use crate::{
    control::{Call, Service, tags},
    protocol::{Answer, ApiError, Outcome},
};

pub(super) fn tag(call: &Call) -> Outcome {
    let input = call.input(Service::Cognito);
    let id = pool_of_arn(call)?;
    let new = input.text_map("Tags")?.ok_or_else(|| input.missing("Tags"))?;
    call.app.store.write(|state| {
        let pool = find_mut(state.region_mut(&call.region), id)?;
        tags::add(&mut pool.tags, new, invalid, invalid)
    })?;
    Ok(Answer::ok(json!({})))
}

pub(super) fn untag(call: &Call) -> Outcome {
    let input = call.input(Service::Cognito);
    let id = pool_of_arn(call)?;
    let keys = input.texts("TagKeys")?.ok_or_else(|| input.missing("TagKeys"))?;
    call.app.store.write(|state| {
        find_mut(state.region_mut(&call.region), id)?.tags.retain(|key, _| !keys.contains(key));
        Ok::<_, ApiError>(())
    })?;
    Ok(Answer::ok(json!({})))
}

pub(super) fn list(call: &Call) -> Outcome {
    let id = pool_of_arn(call)?;
    let tags = call.app.store.read(|state| find(call, state, id).map(|pool| pool.tags.clone()))?;
    Ok(Answer::ok(json!({ "Tags": tags })))
}

fn pool_of_arn(call: &Call) -> Result<&str, ApiError> {
    let arn = call.input(Service::Cognito).required("ResourceArn")?;
    let own = pool::arn(call, "");
    arn.strip_prefix(&own).filter(|id| !id.is_empty()).ok_or_else(|| invalid(format!("Invalid ARN: {arn}")))
}
