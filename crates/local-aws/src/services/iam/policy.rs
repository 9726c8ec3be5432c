//! A role's inline policies and attached managed policies.

use serde_json::{Value, json};

use super::{
    document,
    error::{invalid_input, limit_exceeded, no_such_entity},
    lookup::{find, find_mut, role_name},
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
};

/// Characters of all inline policies of a role together.
const MAX_INLINE: usize = 10_240;

/// Managed policies attached to a role (default quota).
const MAX_ATTACHED: usize = 10;

pub(super) fn put(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let role = role_name(request)?;
    let policy = input.required("PolicyName")?;
    let text = input.required("PolicyDocument")?;
    document::check_permissions(text)?;
    cloud.store.write(|state| {
        let found = find_mut(state, role)?;
        found.inline_policies.insert(policy.to_owned(), text.to_owned());
        if found.inline_policies.values().map(|text| document::size(text)).sum::<usize>() > MAX_INLINE {
            return Err(limit_exceeded(format!("Maximum policy size of {MAX_INLINE} bytes exceeded for role {role}")));
        }
        Ok(())
    })?;
    Ok(Response::empty(200))
}

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let role = role_name(request)?;
    let policy = request.input().required("PolicyName")?;
    let text = cloud.store.read(|state| {
        let found = find(state, role)?.inline_policies.get(policy).cloned();
        found.ok_or_else(|| no_policy(policy))
    })?;
    Ok(Response::ok(json!({ "RoleName": role, "PolicyName": policy, "PolicyDocument": document::encode(&text) })))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let role = role_name(request)?;
    let names: Vec<String> =
        cloud.store.read(|state| find(state, role).map(|role| role.inline_policies.keys().cloned().collect()))?;
    Ok(Response::ok(json!({ "PolicyNames": names, "IsTruncated": false })))
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    let role = role_name(request)?;
    let policy = request.input().required("PolicyName")?;
    cloud.store.write(|state| {
        let removed = find_mut(state, role)?.inline_policies.remove(policy);
        removed.map(|_| ()).ok_or_else(|| no_policy(policy))
    })?;
    Ok(Response::empty(200))
}

pub(super) fn attach(cloud: &Cloud, request: &Request) -> Outcome {
    let role = role_name(request)?;
    let arn = policy_arn(request)?;
    // Only AWS's managed policies exist here: no operation creates others.
    if !arn.starts_with("arn:aws:iam::aws:policy/") {
        return Err(no_such_entity(format!("Policy {arn} does not exist or is not attachable.")));
    }
    cloud.store.write(|state| {
        let role = find_mut(state, role)?;
        role.attached_policies.insert(arn.to_owned());
        if role.attached_policies.len() > MAX_ATTACHED {
            return Err(limit_exceeded(format!("Cannot exceed quota for PoliciesPerRole: {MAX_ATTACHED}")));
        }
        Ok(())
    })?;
    Ok(Response::empty(200))
}

pub(super) fn detach(cloud: &Cloud, request: &Request) -> Outcome {
    let role = role_name(request)?;
    let arn = policy_arn(request)?;
    cloud.store.write(|state| {
        let removed = find_mut(state, role)?.attached_policies.remove(arn);
        if removed { Ok(()) } else { Err(no_such_entity(format!("Policy {arn} was not found."))) }
    })?;
    Ok(Response::empty(200))
}

pub(super) fn list_attached(cloud: &Cloud, request: &Request) -> Outcome {
    let role = role_name(request)?;
    let attached: Vec<Value> = cloud.store.read(|state| {
        let role = find(state, role)?;
        let view = |arn: &String| json!({ "PolicyArn": arn, "PolicyName": arn.rsplit('/').next() });
        Ok::<_, ApiError>(role.attached_policies.iter().map(view).collect())
    })?;
    Ok(Response::ok(json!({ "AttachedPolicies": attached, "IsTruncated": false })))
}

fn policy_arn(request: &Request) -> Result<&str, ApiError> {
    let input = request.input();
    let arn = input.required("PolicyArn")?;
    if arn.starts_with("arn:") { Ok(arn) } else { Err(invalid_input(format!("ARN {arn} is not valid."))) }
}

fn no_policy(name: &str) -> ApiError {
    no_such_entity(format!("The role policy with name {name} cannot be found."))
}
