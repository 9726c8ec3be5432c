//! Log streams and events of a group.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    error::{invalid, not_found},
    filter::Filter,
    lookup::{arn, find},
};
use crate::{
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    services::page::page,
    state::logs::LogEvent,
};

/// The most events in one response.
const MAX_EVENTS: u32 = 10_000;

pub(super) fn describe_streams(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let group = group_of(request)?;
    let prefix = input.text("logStreamNamePrefix")?.unwrap_or("");
    let by_time = input.text("orderBy")? == Some("LastEventTime");
    if by_time && !prefix.is_empty() {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let descending = input.flag("descending")?.unwrap_or(false);
    let limit = input.count("limit", 1..=50)?.unwrap_or(50);
    let group_arn = arn(request, group);
    let mut streams: Vec<(String, Value)> = events_of(cloud, request, group)?
        .into_iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, events)| {
            let first = events.first().map_or(0, |event| event.timestamp_ms);
            let last = events.last().map_or(0, |event| event.timestamp_ms);
            let shown = json!({
                "logStreamName": name,
                "creationTime": first,
                "firstEventTimestamp": first,
                "lastEventTimestamp": last,
                "lastIngestionTime": last,
                "arn": format!("{group_arn}:log-stream:{name}"),
                "storedBytes": 0,
            });
            let key = if by_time { format!("{last:020}/{name}") } else { name };
            (key, shown)
        })
        .collect();
    streams.sort_by(|(one, _), (other, _)| one.cmp(other));
    if descending {
        streams.reverse();
    }
    // The token is the position in the sorted list: unlike a key, it works in both directions.
    let keyed: Vec<(String, Value)> =
        streams.into_iter().enumerate().map(|(index, (_, shown))| (format!("{index:06}"), shown)).collect();
    let items = keyed.iter().map(|(key, shown)| (key.as_str(), shown.clone()));
    let (streams, next) = page(items, input.text("nextToken")?, limit);
    Ok(Response::ok(json!({ "logStreams": streams, "nextToken": next })))
}

/// Returns the latest events, or with `startFromHead` the first ones, or the page of the token. A token is `f/`
/// (forward) or `b/` (backward) and the index where the page begins or ends.
pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let group = group_of(request)?;
    let stream = input.required("logStreamName")?;
    let (from, to) = span(request)?;
    let limit = limit(request)?;
    let from_head = input.flag("startFromHead")?.unwrap_or(false);
    let events = events_of(cloud, request, group)?;
    let events = events.get(stream).ok_or_else(|| not_found("The specified log stream does not exist."))?;
    let events: Vec<&LogEvent> =
        events.iter().filter(|event| event.timestamp_ms >= from && event.timestamp_ms < to).collect();
    let position = |token: &str| token.parse::<usize>().map_err(|_| invalid("The specified nextToken is invalid."));
    let (start, end) = match input.text("nextToken")? {
        Some(token) => match token.split_once('/') {
            Some(("f", at)) => {
                let start = position(at)?.min(events.len());
                (start, start.saturating_add(limit).min(events.len()))
            }
            Some(("b", at)) => {
                let end = position(at)?.min(events.len());
                (end.saturating_sub(limit), end)
            }
            _ => return Err(invalid("The specified nextToken is invalid.")),
        },
        None if from_head => (0, limit.min(events.len())),
        None => (events.len().saturating_sub(limit), events.len()),
    };
    let shown: Vec<Value> = events[start..end]
        .iter()
        .map(|event| {
            let at = event.timestamp_ms;
            json!({ "timestamp": at, "ingestionTime": at, "message": event.message })
        })
        .collect();
    Ok(Response::ok(json!({
        "events": shown,
        "nextForwardToken": format!("f/{end}"),
        "nextBackwardToken": format!("b/{start}"),
    })))
}

pub(super) fn filter(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let group = group_of(request)?;
    let (from, to) = span(request)?;
    let limit = limit(request)?;
    let names = input.texts("logStreamNames")?;
    let prefix = input.text("logStreamNamePrefix")?;
    if names.is_some() && prefix.is_some() {
        return Err(invalid("logStreamNames and logStreamNamePrefix cannot be used together."));
    }
    let filter = Filter::read(input.text("filterPattern")?.unwrap_or(""))?;
    let mut found: Vec<(u64, String, usize, String)> = Vec::new();
    for (stream, events) in events_of(cloud, request, group)? {
        let wanted = names.as_ref().is_none_or(|names| names.contains(&stream));
        if !wanted || prefix.is_some_and(|prefix| !stream.starts_with(prefix)) {
            continue;
        }
        let events = events.into_iter().enumerate();
        found.extend(
            events
                .filter(|(_, event)| event.timestamp_ms >= from && event.timestamp_ms < to)
                .filter(|(_, event)| filter.matches(&event.message))
                .map(|(index, event)| (event.timestamp_ms, stream.clone(), index, event.message)),
        );
    }
    found.sort();
    let start = match input.text("nextToken")? {
        None => 0,
        Some(token) => token.parse().map_err(|_| invalid("The specified nextToken is invalid."))?,
    };
    let total = found.len();
    let shown: Vec<Value> = found
        .into_iter()
        .skip(start)
        .take(limit)
        .map(|(at, stream, index, message)| {
            json!({
                "logStreamName": stream,
                "timestamp": at,
                "ingestionTime": at,
                "message": message,
                // Unique in the group, and stable as long as the stream keeps its first events.
                "eventId": format!("{at:020}{index:010}{stream}"),
            })
        })
        .collect();
    let end = start.saturating_add(shown.len());
    let next = (end < total).then(|| end.to_string());
    Ok(Response::ok(json!({ "events": shown, "searchedLogStreams": [], "nextToken": next })))
}

/// The group that the request names by name or by ARN.
fn group_of(request: &Request) -> Result<&str, ApiError> {
    let input = request.input();
    let name = match (input.text("logGroupName")?, input.text("logGroupIdentifier")?) {
        (Some(name), None) => name,
        (None, Some(identifier)) => {
            let name = identifier.strip_prefix(&arn(request, "")).unwrap_or(identifier);
            name.strip_suffix(":*").unwrap_or(name)
        }
        _ => return Err(invalid("Exactly one of logGroupName and logGroupIdentifier is needed.")),
    };
    Ok(name)
}

fn events_of(cloud: &Cloud, request: &Request, group: &str) -> Result<BTreeMap<String, Vec<LogEvent>>, ApiError> {
    cloud.store.read(|state| find(request, state, group).map(|_| ()))?;
    Ok(cloud.functions.log_events(&request.region, group))
}

/// `startTime` (inclusive) and `endTime` (exclusive).
fn span(request: &Request) -> Result<(u64, u64), ApiError> {
    let input = request.input();
    let from = input.integer("startTime", 0..=i64::MAX)?.and_then(|at| u64::try_from(at).ok());
    let to = input.integer("endTime", 0..=i64::MAX)?.and_then(|at| u64::try_from(at).ok());
    Ok((from.unwrap_or(0), to.unwrap_or(u64::MAX)))
}

fn limit(request: &Request) -> Result<usize, ApiError> {
    let limit = request.input().count("limit", 1..=MAX_EVENTS)?.unwrap_or(MAX_EVENTS);
    Ok(usize::try_from(limit).unwrap_or(usize::MAX))
}
