//! Users. Only their names are stored: the deployer just needs to know whether a pool has users.

use serde_json::{Value, json};

use super::lookup::{find, find_mut, pool_id};
use crate::{
    clock,
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    services::page::page,
};

pub(super) fn create(cloud: &Cloud, request: &Request) -> Outcome {
    let id = pool_id(request)?;
    let name = request.input().required("Username")?;
    cloud.store.write(|state| {
        let pool = find_mut(state.region_mut(&request.region), id)?;
        if pool.users.insert(name.to_owned()) {
            Ok(())
        } else {
            Err(ApiError::new(400, "UsernameExistsException", "User account already exists"))
        }
    })?;
    Ok(Response::ok(json!({ "User": view(name, request.now_ms) })))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let id = pool_id(request)?;
    input.reject_unsupported(&["Filter"])?;
    let limit = match input.count("Limit", 0..=60)? {
        None | Some(0) => 60,
        Some(limit) => limit,
    };
    let after = input.text("PaginationToken")?;
    let (users, next) = cloud.store.read(|state| {
        let pool = find(request, state, id)?;
        let users = pool.users.iter().map(|name| (name.as_str(), view(name, pool.created_ms)));
        Ok::<_, ApiError>(page(users, after, limit))
    })?;
    Ok(Response::ok(json!({ "Users": users, "PaginationToken": next })))
}

fn view(name: &str, created_ms: u64) -> Value {
    json!({
        "Username": name,
        "Enabled": true,
        "UserStatus": "FORCE_CHANGE_PASSWORD",
        "UserCreateDate": clock::epoch_s(created_ms),
        "UserLastModifiedDate": clock::epoch_s(created_ms),
    })
}
