//! Users: only their names, which is what a pool's deletion turns on.

use serde_json::{Value, json};

use super::{find, find_mut, pool_id};
use crate::{
    clock,
    control::{Call, Service, page::page},
    protocol::{Answer, ApiError, Outcome},
};

pub(super) fn create(call: &Call) -> Outcome {
    let id = pool_id(call)?;
    let name = call.input(Service::Cognito).required("Username")?;
    call.app.store.write(|state| {
        let pool = find_mut(state.region_mut(&call.region), id)?;
        if pool.users.insert(name.to_owned()) {
            Ok(())
        } else {
            Err(ApiError::new(400, "UsernameExistsException", "User account already exists"))
        }
    })?;
    Ok(Answer::ok(json!({ "User": view(name, call.now_ms) })))
}

pub(super) fn list(call: &Call) -> Outcome {
    let input = call.input(Service::Cognito);
    let id = pool_id(call)?;
    input.refuse(&["Filter"])?;
    let most = match input.count("Limit", 0..=60)? {
        None | Some(0) => 60,
        Some(most) => most,
    };
    let after = input.text("PaginationToken")?;
    let (users, next) = call.app.store.read(|state| {
        let pool = find(call, state, id)?;
        let users = pool.users.iter().map(|name| (name.as_str(), view(name, pool.created_ms)));
        Ok::<_, ApiError>(page(users, after, most))
    })?;
    let mut document = json!({ "Users": users });
    if let Some(next) = next {
        document["PaginationToken"] = json!(next);
    }
    Ok(Answer::ok(document))
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
