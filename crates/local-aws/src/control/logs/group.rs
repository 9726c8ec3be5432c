//! Log groups.

use serde_json::{Value, json};

use super::{arn, find_mut, group_name, invalid, no_group};
use crate::{
    control::{Call, Service, page::page, tags},
    protocol::{Answer, ApiError, Outcome},
    state::{Tags, logs::LogGroup},
};

/// Days that AWS offers.
const RETENTIONS: [i64; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

pub(super) fn create(call: &Call) -> Outcome {
    let input = call.input(Service::Logs);
    let name = group_name(call)?;
    input.refuse(&["kmsKeyId", "deletionProtectionEnabled"])?;
    if input.text("logGroupClass")?.is_some_and(|c| c != "STANDARD") {
        return Err(ApiError::not_implemented("the parameter logGroupClass other than STANDARD"));
    }
    let mut group_tags = Tags::new();
    tags::add(&mut group_tags, input.text_map("tags")?.unwrap_or_default(), invalid, invalid)?;
    call.app.store.write(|state| {
        let groups = &mut state.region_mut(&call.region).log_groups;
        if groups.contains_key(name) {
            let message = "The specified log group already exists";
            return Err(ApiError::new(400, "ResourceAlreadyExistsException", message));
        }
        let group = LogGroup { name: name.to_owned(), retention_days: None, tags: group_tags, created_ms: call.now_ms };
        groups.insert(name.to_owned(), group);
        Ok(())
    })?;
    Ok(Answer::empty(200))
}

pub(super) fn describe(call: &Call) -> Outcome {
    let input = call.input(Service::Logs);
    let prefix = input.text("logGroupNamePrefix")?.unwrap_or("");
    let pattern = input.text("logGroupNamePattern")?.filter(|pattern| !pattern.is_empty());
    if pattern.is_some() && !prefix.is_empty() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    input.refuse(&["accountIdentifiers", "includeLinkedAccounts", "logGroupIdentifiers"])?;
    let limit = input.count("limit", 1..=50)?.unwrap_or(50);
    let after = input.text("nextToken")?;
    let (groups, next) = call.app.store.read(|state| {
        let groups = state.region(&call.region).map(|region| region.log_groups.values()).into_iter().flatten();
        let groups = groups
            .filter(|group| group.name.starts_with(prefix))
            .filter(|group| pattern.is_none_or(|pattern| group.name.contains(pattern)));
        page(groups.map(|group| (group.name.as_str(), view(call, group))), after, limit)
    });
    let mut document = json!({ "logGroups": groups });
    if let Some(next) = next {
        document["nextToken"] = json!(next);
    }
    Ok(Answer::ok(document))
}

pub(super) fn delete(call: &Call) -> Outcome {
    let name = group_name(call)?;
    call.app.store.write(|state| {
        let removed = state.region_mut(&call.region).log_groups.remove(name);
        removed.map(|_| ()).ok_or_else(no_group)
    })?;
    call.app.fleet.delete_log_events(call.app.store.dir(), &call.region, name);
    Ok(Answer::empty(200))
}

pub(super) fn put_retention(call: &Call) -> Outcome {
    let input = call.input(Service::Logs);
    let name = group_name(call)?;
    let days = input.whole("retentionInDays", i64::MIN..=i64::MAX)?.ok_or_else(|| input.missing("retentionInDays"))?;
    if !RETENTIONS.contains(&days) {
        let set = format!("Member must satisfy enum value set: {RETENTIONS:?}");
        return Err(input.broken("retentionInDays", &format!("'{days}'"), &set));
    }
    let days = u32::try_from(days).map_err(|_| ApiError::internal("a retention is no number of days"))?;
    set_retention(call, name, Some(days))
}

pub(super) fn delete_retention(call: &Call) -> Outcome {
    set_retention(call, group_name(call)?, None)
}

fn set_retention(call: &Call, name: &str, days: Option<u32>) -> Outcome {
    call.app.store.write(|state| {
        find_mut(state.region_mut(&call.region), name)?.retention_days = days;
        Ok::<_, ApiError>(())
    })?;
    Ok(Answer::empty(200))
}

fn view(call: &Call, group: &LogGroup) -> Value {
    let arn = arn(call, &group.name);
    let mut shown = json!({
        "logGroupName": group.name,
        "creationTime": group.created_ms,
        "metricFilterCount": 0,
        "arn": format!("{arn}:*"),
        "logGroupArn": arn,
        "logGroupClass": "STANDARD",
        "storedBytes": 0,
    });
    if let Some(days) = group.retention_days {
        shown["retentionInDays"] = json!(days);
    }
    shown
}
