//! Log groups.

use serde_json::{Value, json};

use super::{
    error::{NEW_TAGS, invalid},
    lookup::{arn, find_mut, group_name, no_group},
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    services::page::page,
    state::logs::LogGroup,
};

/// The retention periods that AWS allows, in days.
const RETENTIONS: [i64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

pub(super) fn create(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let name = group_name(request)?;
    input.reject_unsupported(&["kmsKeyId", "deletionProtectionEnabled"])?;
    if input.text("logGroupClass")?.is_some_and(|c| c != "STANDARD") {
        return Err(ApiError::not_implemented("the parameter logGroupClass other than STANDARD"));
    }
    let group_tags = NEW_TAGS.new_tags(input.text_map("tags")?)?;
    cloud.store.write(|state| {
        let groups = &mut state.region_mut(&request.region).log_groups;
        if groups.contains_key(name) {
            let message = "The specified log group already exists";
            return Err(ApiError::new(400, "ResourceAlreadyExistsException", message));
        }
        let group =
            LogGroup { name: name.to_owned(), retention_days: None, tags: group_tags, created_ms: request.now_ms };
        groups.insert(name.to_owned(), group);
        Ok(())
    })?;
    Ok(Response::empty(200))
}

pub(super) fn describe(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let prefix = input.text("logGroupNamePrefix")?.unwrap_or("");
    let pattern = input.text("logGroupNamePattern")?.filter(|pattern| !pattern.is_empty());
    if pattern.is_some() && !prefix.is_empty() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    input.reject_unsupported(&["accountIdentifiers", "includeLinkedAccounts", "logGroupIdentifiers"])?;
    let limit = input.count("limit", 1..=50)?.unwrap_or(50);
    let after = input.text("nextToken")?;
    let (groups, next) = cloud.store.read(|state| {
        let groups = state.region(&request.region).map(|region| region.log_groups.values()).into_iter().flatten();
        let groups = groups
            .filter(|group| group.name.starts_with(prefix))
            .filter(|group| pattern.is_none_or(|pattern| group.name.contains(pattern)));
        page(groups.map(|group| (group.name.as_str(), view(request, group))), after, limit)
    });
    Ok(Response::ok(json!({ "logGroups": groups, "nextToken": next })))
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    let name = group_name(request)?;
    cloud.store.write(|state| {
        let removed = state.region_mut(&request.region).log_groups.remove(name);
        removed.map(|_| ()).ok_or_else(no_group)
    })?;
    cloud.functions.delete_log_events(&request.region, name);
    Ok(Response::empty(200))
}

pub(super) fn put_retention(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let name = group_name(request)?;
    let days =
        input.integer("retentionInDays", i64::MIN..=i64::MAX)?.ok_or_else(|| input.missing("retentionInDays"))?;
    if !RETENTIONS.contains(&days) {
        let set = format!("Member must satisfy enum value set: {RETENTIONS:?}");
        return Err(input.constraint_error("retentionInDays", &format!("'{days}'"), &set));
    }
    let days = u32::try_from(days).map_err(|_| ApiError::internal("a retention period is not a number of days"))?;
    set_retention(cloud, request, name, Some(days))
}

pub(super) fn delete_retention(cloud: &Cloud, request: &Request) -> Outcome {
    set_retention(cloud, request, group_name(request)?, None)
}

fn set_retention(cloud: &Cloud, request: &Request, name: &str, days: Option<u32>) -> Outcome {
    cloud.store.write(|state| {
        find_mut(state.region_mut(&request.region), name)?.retention_days = days;
        Ok::<_, ApiError>(())
    })?;
    Ok(Response::empty(200))
}

fn view(request: &Request, group: &LogGroup) -> Value {
    let arn = arn(request, &group.name);
    json!({
        "logGroupName": group.name,
        "creationTime": group.created_ms,
        "metricFilterCount": 0,
        "arn": format!("{arn}:*"),
        "logGroupArn": arn,
        "logGroupClass": "STANDARD",
        "storedBytes": 0,
        "retentionInDays": group.retention_days,
    })
}
