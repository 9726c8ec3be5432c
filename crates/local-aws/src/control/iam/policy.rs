//! A role's inline policies and attached managed policies.

use serde_json::{Value, json};

use super::{document, find, find_mut, limit_exceeded, no_such_entity, role_name};
use crate::{
    control::{Call, Service},
    protocol::{Answer, ApiError, Outcome},
};

/// Characters of all inline policies of a role.
const MOST_INLINE: usize = 10_240;

/// Managed policies that a role may have attached (default quota).
const MOST_ATTACHED: usize = 10;

pub(super) fn put(call: &Call) -> Outcome {
    let input = call.input(Service::Iam);
    let role = role_name(call)?;
    let policy = input.required("PolicyName")?;
    let text = input.required("PolicyDocument")?;
    document::check_permissions(text)?;
    call.app.store.write(|state| {
        let found = find_mut(state, role)?;
        found.inline_policies.insert(policy.to_owned(), text.to_owned());
        if found.inline_policies.values().map(|text| document::size(text)).sum::<usize>() > MOST_INLINE {
            return Err(limit_exceeded(format!("Maximum policy size of {MOST_INLINE} bytes exceeded for role {role}")));
        }
        Ok(())
    })?;
    Ok(Answer::empty(200))
}

pub(super) fn get(call: &Call) -> Outcome {
    let role = role_name(call)?;
    let policy = call.input(Service::Iam).required("PolicyName")?;
    let text = call.app.store.read(|state| {
        let found = find(state, role)?.inline_policies.get(policy).cloned();
        found.ok_or_else(|| no_policy(policy))
    })?;
    Ok(Answer::ok(json!({ "RoleName": role, "PolicyName": policy, "PolicyDocument": document::encode(&text) })))
}

pub(super) fn list(call: &Call) -> Outcome {
    let role = role_name(call)?;
    let names: Vec<String> =
        call.app.store.read(|state| find(state, role).map(|role| role.inline_policies.keys().cloned().collect()))?;
    Ok(Answer::ok(json!({ "PolicyNames": names, "IsTruncated": false })))
}

pub(super) fn delete(call: &Call) -> Outcome {
    let role = role_name(call)?;
    let policy = call.input(Service::Iam).required("PolicyName")?;
    call.app.store.write(|state| {
        let removed = find_mut(state, role)?.inline_policies.remove(policy);
        removed.map(|_| ()).ok_or_else(|| no_policy(policy))
    })?;
    Ok(Answer::empty(200))
}

pub(super) fn attach(call: &Call) -> Outcome {
    let role = role_name(call)?;
    let arn = policy_arn(call)?;
    // The account has no policies of its own here, for no operation makes one.
    if !arn.starts_with("arn:aws:iam::aws:policy/") {
        return Err(no_such_entity(format!("Policy {arn} does not exist or is not attachable.")));
    }
    call.app.store.write(|state| {
        let role = find_mut(state, role)?;
        role.attached_policies.insert(arn.to_owned());
        if role.attached_policies.len() > MOST_ATTACHED {
            return Err(limit_exceeded(format!("Cannot exceed quota for PoliciesPerRole: {MOST_ATTACHED}")));
        }
        Ok(())
    })?;
    Ok(Answer::empty(200))
}

pub(super) fn detach(call: &Call) -> Outcome {
    let role = role_name(call)?;
    let arn = policy_arn(call)?;
    call.app.store.write(|state| {
        let removed = find_mut(state, role)?.attached_policies.remove(arn);
        if removed { Ok(()) } else { Err(no_such_entity(format!("Policy {arn} was not found."))) }
    })?;
    Ok(Answer::empty(200))
}

pub(super) fn list_attached(call: &Call) -> Outcome {
    let role = role_name(call)?;
    let attached: Vec<Value> = call.app.store.read(|state| {
        let role = find(state, role)?;
        let view = |arn: &String| json!({ "PolicyArn": arn, "PolicyName": arn.rsplit('/').next() });
        Ok::<_, ApiError>(role.attached_policies.iter().map(view).collect())
    })?;
    Ok(Answer::ok(json!({ "AttachedPolicies": attached, "IsTruncated": false })))
}

fn policy_arn(call: &Call) -> Result<&str, ApiError> {
    let input = call.input(Service::Iam);
    let arn = input.required("PolicyArn")?;
    if arn.starts_with("arn:") {
        Ok(arn)
    } else {
        Err(ApiError::new(400, "InvalidInput", format!("ARN {arn} is not valid.")))
    }
}

fn no_policy(name: &str) -> ApiError {
    no_such_entity(format!("The role policy with name {name} cannot be found."))
}
