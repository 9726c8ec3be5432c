//! The configuration of `$LATEST`, or of a published version.

use super::{
    readiness::find_changeable,
    settings,
    target::{find, find_mut, target, whole_function},
    version, view,
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    random,
    request::Request,
};

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let target = target(request)?;
    let document = cloud.store.read(|state| {
        let function = find(request, state, &target.name)?;
        version::check(request, function, target.version)?;
        Ok::<_, ApiError>(view::configuration(function, target.version, request.now_ms))
    })?;
    Ok(Response::ok(document))
}

pub(super) fn update(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let name = whole_function(request)?;
    let revision_id = random::uuid();
    let shown = cloud.store.write(|state| {
        let function = find_changeable(request, state.region_mut(&request.region), &name)?;
        let mut latest = function.latest.clone();
        settings::apply(&input, &mut latest)?;
        if input.raw("Role").is_some() {
            settings::check_role(request, state, &latest.role)?;
        }
        let function = find_mut(request, state.region_mut(&request.region), &name)?;
        version::replace_latest(cloud, request, function, latest, revision_id);
        Ok::<_, ApiError>(view::configuration(function, None, request.now_ms))
    })?;
    cloud.functions.retire(&request.region, &name);
    Ok(Response::ok(shown))
}
