//! Roles and their tags.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    document,
    error::TAGS,
    lookup::{find, find_mut, role_name},
};
use crate::{
    clock,
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    random::{self, Alphabet},
    request::Request,
    services::{page::page, tags},
    state::{Tags, iam::Role},
};

pub(super) fn create(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let name = input.required("RoleName")?;
    let path = input.text("Path")?.unwrap_or("/");
    input.reject_unsupported(&["PermissionsBoundary"])?;
    let assume_role_policy = input.required("AssumeRolePolicyDocument")?;
    document::check_trust(assume_role_policy)?;
    let role_tags = TAGS.new_tags(read_tags(request)?)?;
    let role = Role {
        name: name.to_owned(),
        id: format!("AROA{}", random::id(Alphabet::Base32, 17)),
        path: path.to_owned(),
        assume_role_policy: assume_role_policy.to_owned(),
        description: input.text("Description")?.map(ToOwned::to_owned),
        max_session_duration: input.count("MaxSessionDuration", 3600..=43200)?.unwrap_or(3600),
        inline_policies: BTreeMap::new(),
        attached_policies: BTreeSet::new(),
        tags: role_tags,
        created_ms: request.now_ms,
        assumable_from_ms: request.now_ms + cloud.faults.role_propagation_ms,
    };
    let shown = view(request, &role, true);
    cloud.store.write(|state| {
        // Names are case-insensitively unique.
        if state.iam.roles.keys().any(|other| other.eq_ignore_ascii_case(name)) {
            let message = format!("Role with name {name} already exists.");
            return Err(ApiError::new(409, "EntityAlreadyExists", message));
        }
        state.iam.roles.insert(name.to_owned(), role);
        Ok(())
    })?;
    Ok(Response::ok(json!({ "Role": shown })))
}

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let name = role_name(request)?;
    let role = cloud.store.read(|state| find(state, name).map(|role| view(request, role, true)))?;
    Ok(Response::ok(json!({ "Role": role })))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let prefix = input.text("PathPrefix")?.unwrap_or("/");
    let limit = input.count("MaxItems", 1..=1000)?.unwrap_or(100);
    let marker = input.text("Marker")?;
    let (roles, next) = cloud.store.read(|state| {
        let roles = state.iam.roles.values().filter(|role| role.path.starts_with(prefix));
        // As on AWS, a listing omits tags.
        page(roles.map(|role| (role.name.as_str(), view(request, role, false))), marker, limit)
    });
    Ok(Response::ok(json!({ "Roles": roles, "IsTruncated": next.is_some(), "Marker": next })))
}

pub(super) fn update(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let name = role_name(request)?;
    let description = input.text("Description")?;
    let duration = input.count("MaxSessionDuration", 3600..=43200)?;
    cloud.store.write(|state| {
        let role = find_mut(state, name)?;
        if let Some(description) = description {
            role.description = Some(description.to_owned());
        }
        role.max_session_duration = duration.unwrap_or(role.max_session_duration);
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::ok(json!({})))
}

pub(super) fn update_assume_policy(cloud: &Cloud, request: &Request) -> Outcome {
    let name = role_name(request)?;
    let policy = request.input().required("PolicyDocument")?;
    document::check_trust(policy)?;
    cloud.store.write(|state| {
        find_mut(state, name)?.assume_role_policy = policy.to_owned();
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::empty(200))
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    let name = role_name(request)?;
    cloud.store.write(|state| {
        let role = find(state, name)?;
        let conflict = |what: &str| ApiError::new(409, "DeleteConflict", format!("Cannot delete entity, must {what}."));
        if !role.inline_policies.is_empty() {
            return Err(conflict("delete policies first"));
        }
        if !role.attached_policies.is_empty() {
            return Err(conflict("detach all policies first"));
        }
        state.iam.roles.remove(name);
        Ok(())
    })?;
    Ok(Response::empty(200))
}

pub(super) fn tag(cloud: &Cloud, request: &Request) -> Outcome {
    let name = role_name(request)?;
    let new = read_tags(request)?.ok_or_else(|| request.input().missing("Tags"))?;
    cloud.store.write(|state| TAGS.add(&mut find_mut(state, name)?.tags, new))?;
    Ok(Response::empty(200))
}

pub(super) fn untag(cloud: &Cloud, request: &Request) -> Outcome {
    let name = role_name(request)?;
    let keys = request.input().required_texts("TagKeys")?;
    cloud.store.write(|state| {
        tags::remove(&mut find_mut(state, name)?.tags, &keys);
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::empty(200))
}

pub(super) fn list_tags(cloud: &Cloud, request: &Request) -> Outcome {
    let name = role_name(request)?;
    let tags = cloud.store.read(|state| find(state, name).map(|role| tag_list(&role.tags)))?;
    Ok(Response::ok(json!({ "Tags": tags, "IsTruncated": false })))
}

fn view(request: &Request, role: &Role, with_tags: bool) -> Value {
    json!({
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.id,
        "Arn": format!("arn:aws:iam::{}:role{}{}", request.account(), role.path, role.name),
        "CreateDate": clock::iso_8601(role.created_ms),
        "AssumeRolePolicyDocument": document::encode(&role.assume_role_policy),
        "Description": role.description,
        "MaxSessionDuration": role.max_session_duration,
        "Tags": (with_tags && !role.tags.is_empty()).then(|| tag_list(&role.tags)),
    })
}

fn tag_list(tags: &Tags) -> Vec<Value> {
    tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

fn read_tags(request: &Request) -> Result<Option<BTreeMap<String, String>>, ApiError> {
    let Some(list) = request.input().structures("Tags")? else { return Ok(None) };
    list.iter()
        .map(|tag| Ok((tag.required("Key")?.to_owned(), tag.required("Value")?.to_owned())))
        .collect::<Result<_, _>>()
        .map(Some)
}
