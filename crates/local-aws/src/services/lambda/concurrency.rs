//! Reserved concurrency.

use serde_json::json;

use super::{
    error::invalid,
    target::{find, find_mut, whole_function},
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
};

/// Concurrent executions per account and Region (default quota).
const MAX_CONCURRENT: u32 = 1000;

/// The part of them that cannot be reserved.
const MIN_UNRESERVED: u32 = 100;

pub(super) fn put(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let name = whole_function(request)?;
    let reserved = input.count("ReservedConcurrentExecutions", 0..=u32::MAX)?;
    let reserved = reserved.ok_or_else(|| input.missing("ReservedConcurrentExecutions"))?;
    cloud.store.write(|state| {
        let region = state.region_mut(&request.region);
        find_mut(request, region, &name)?.reserved_concurrency = Some(reserved);
        let all = region.functions.values().filter_map(|function| function.reserved_concurrency).map(u64::from);
        if all.sum::<u64>() > u64::from(MAX_CONCURRENT - MIN_UNRESERVED) {
            return Err(invalid(format!(
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution \
                 below its minimum value of [{MIN_UNRESERVED}]."
            )));
        }
        Ok(())
    })?;
    Ok(Response::ok(json!({ "ReservedConcurrentExecutions": reserved })))
}

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let name = whole_function(request)?;
    let reserved =
        cloud.store.read(|state| find(request, state, &name).map(|function| function.reserved_concurrency))?;
    Ok(Response::ok(json!({ "ReservedConcurrentExecutions": reserved })))
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    let name = whole_function(request)?;
    cloud.store.write(|state| {
        find_mut(request, state.region_mut(&request.region), &name)?.reserved_concurrency = None;
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::empty(204))
}
