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

/// Concurrent executions of an account and Region (default quota).
const ACCOUNT: u32 = 1000;

/// Of which so many cannot be reserved.
const UNRESERVED: u32 = 100;

pub(super) fn put(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let name = whole_function(request)?;
    let most = input.count("ReservedConcurrentExecutions", 0..=u32::MAX)?;
    let most = most.ok_or_else(|| input.missing("ReservedConcurrentExecutions"))?;
    cloud.store.write(|state| {
        let region = state.region_mut(&request.region);
        find_mut(request, region, &name)?.reserved_concurrency = Some(most);
        let reserved = region.functions.values().filter_map(|function| function.reserved_concurrency).map(u64::from);
        if reserved.sum::<u64>() > u64::from(ACCOUNT - UNRESERVED) {
            return Err(invalid(format!(
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution \
                 below its minimum value of [{UNRESERVED}]."
            )));
        }
        Ok(())
    })?;
    Ok(Response::ok(json!({ "ReservedConcurrentExecutions": most })))
}

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let name = whole_function(request)?;
    let most = cloud.store.read(|state| find(request, state, &name).map(|function| function.reserved_concurrency))?;
    Ok(Response::ok(json!({ "ReservedConcurrentExecutions": most })))
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    let name = whole_function(request)?;
    cloud.store.write(|state| {
        find_mut(request, state.region_mut(&request.region), &name)?.reserved_concurrency = None;
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::empty(204))
}
