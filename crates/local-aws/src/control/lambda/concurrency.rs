//! Reserved concurrency.

use serde_json::json;

use super::{find, find_mut, invalid, whole_function};
use crate::{
    control::{Call, Service},
    protocol::{Answer, ApiError, Outcome},
};

/// Concurrent executions of an account and Region (default quota).
const ACCOUNT: u32 = 1000;

/// Of which so many cannot be reserved.
const UNRESERVED: u32 = 100;

pub(super) fn put(call: &Call) -> Outcome {
    let input = call.input(Service::Lambda);
    let name = whole_function(call)?;
    let most = input.count("ReservedConcurrentExecutions", 0..=u32::MAX)?;
    let most = most.ok_or_else(|| input.missing("ReservedConcurrentExecutions"))?;
    call.app.store.write(|state| {
        let region = state.region_mut(&call.region);
        find_mut(call, region, &name)?.reserved_concurrency = Some(most);
        let reserved = region.functions.values().filter_map(|function| function.reserved_concurrency).map(u64::from);
        if reserved.sum::<u64>() > u64::from(ACCOUNT - UNRESERVED) {
            return Err(invalid(format!(
                "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution \
                 below its minimum value of [{UNRESERVED}]."
            )));
        }
        Ok(())
    })?;
    Ok(Answer::ok(json!({ "ReservedConcurrentExecutions": most })))
}

pub(super) fn get(call: &Call) -> Outcome {
    let name = whole_function(call)?;
    let most = call.app.store.read(|state| find(call, state, &name).map(|function| function.reserved_concurrency))?;
    Ok(Answer::ok(most.map_or_else(|| json!({}), |most| json!({ "ReservedConcurrentExecutions": most }))))
}

pub(super) fn delete(call: &Call) -> Outcome {
    let name = whole_function(call)?;
    call.app.store.write(|state| {
        find_mut(call, state.region_mut(&call.region), &name)?.reserved_concurrency = None;
        Ok::<_, ApiError>(())
    })?;
    Ok(Answer::empty(204))
}
