//! The prefix domain of a pool.

use serde_json::json;

use super::{
    error::invalid,
    lookup::{find_mut, pool_id},
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    state::cognito::Domain,
};

/// Words that a prefix may not contain.
const RESERVED: [&str; 3] = ["aws", "amazon", "cognito"];

pub(super) fn create(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let prefix = prefix(request)?;
    let id = pool_id(request)?;
    input.reject_unsupported(&["CustomDomainConfig", "Routing"])?;
    let version = input.integer("ManagedLoginVersion", 1..=2)?;
    if let Some(word) = RESERVED.iter().find(|word| prefix.contains(**word)) {
        return Err(invalid(format!("Domain cannot contain reserved word: {word}")));
    }
    cloud.store.write(|state| {
        let region = state.region_mut(&request.region);
        // AWS checks first that the pool exists.
        find_mut(region, id)?;
        let owner =
            region.pools.values().find(|pool| pool.domain.as_ref().is_some_and(|domain| domain.prefix == prefix));
        if owner.is_some() {
            return Err(invalid("Domain already associated with another user pool."));
        }
        let pool = find_mut(region, id)?;
        if pool.domain.is_some() {
            return Err(invalid("User pool already has a domain configured."));
        }
        let active_from_ms = request.now_ms + cloud.faults.domain_activation_ms;
        pool.domain = Some(Domain { prefix: prefix.to_owned(), active_from_ms });
        pool.modified_ms = request.now_ms;
        Ok(())
    })?;
    Ok(Response::ok(json!({ "ManagedLoginVersion": version })))
}

pub(super) fn describe(cloud: &Cloud, request: &Request) -> Outcome {
    let prefix = prefix(request)?;
    let description = cloud.store.read(|state| {
        let pools = state.region(&request.region)?.pools.values();
        let (pool, domain) =
            pools.filter_map(|pool| Some((pool, pool.domain.as_ref()?))).find(|(_, domain)| domain.prefix == prefix)?;
        Some(json!({
            "UserPoolId": pool.id,
            "AWSAccountId": request.account(),
            "Domain": prefix,
            "Status": if request.now_ms < domain.active_from_ms { "CREATING" } else { "ACTIVE" },
            "ManagedLoginVersion": 1,
        }))
    });
    // An unknown domain is not an error: its description is empty.
    Ok(Response::ok(json!({ "DomainDescription": description.unwrap_or_else(|| json!({})) })))
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    let prefix = prefix(request)?;
    let id = pool_id(request)?;
    cloud.store.write(|state| {
        let pool = find_mut(state.region_mut(&request.region), id)?;
        if pool.domain.as_ref().is_none_or(|domain| domain.prefix != prefix) {
            return Err(invalid("No such domain or user pool exists."));
        }
        pool.domain = None;
        pool.modified_ms = request.now_ms;
        Ok(())
    })?;
    Ok(Response::ok(json!({})))
}

fn prefix(request: &Request) -> Result<&str, ApiError> {
    request.input().required("Domain")
}
