//! Changing the configuration of `$LATEST`.

use super::{check_changeable, check_revision, environment, find_mut, version, view, whole_function};
use crate::{
    control::{Call, Service},
    protocol::{Answer, ApiError, Outcome},
    random,
};

pub(super) fn update(call: &Call) -> Outcome {
    let input = call.input(Service::Lambda);
    let name = whole_function(call)?;
    let revision_id = random::uuid()?;
    let shown = call.app.store.write(|state| {
        let function = find_mut(call, state.region_mut(&call.region), &name)?;
        check_changeable(function, call.now_ms)?;
        check_revision(call, &function.latest.revision_id)?;
        let mut latest = function.latest.clone();
        environment::apply(&input, &mut latest)?;
        if input.raw("Role").is_some() {
            environment::check_role(call, state, &latest.role)?;
        }
        let function = find_mut(call, state.region_mut(&call.region), &name)?;
        version::replace_latest(call, function, latest, revision_id);
        Ok::<_, ApiError>(view::configuration(function, None, call.now_ms))
    })?;
    call.app.fleet.retire(&call.region, &name);
    Ok(Answer::ok(shown))
}
