//! The IAM resource of a log group ends with an empty stream name, except in operations on its tags.

use super::lookup::arn;
use crate::{policy::Permission, request::Request, services::tags, state::State};

pub(super) fn describe_groups(request: &Request, _: &State) -> Vec<Permission> {
    vec![Permission::of_operation(request, stream(request, "", ""))]
}

pub(super) fn create_group(request: &Request, state: &State) -> Vec<Permission> {
    let (group, tags) = (request.text("logGroupName"), tags::of_request(request, "tags"));
    let create = on(request, state, stream(request, group, ""), group).with_request_tags(&tags);
    let tagging = Permission::new(request, "logs:TagResource", arn(request, group)).with_request_tags(&tags);
    [create].into_iter().chain((!tags.is_empty()).then_some(tagging)).collect()
}

/// The operation's action on the group that the request names.
pub(super) fn on_group(request: &Request, state: &State) -> Vec<Permission> {
    let group = request.text("logGroupName");
    vec![on(request, state, stream(request, group, ""), group)]
}

pub(super) fn on_stream(request: &Request, state: &State) -> Vec<Permission> {
    let group = request.text("logGroupName");
    vec![on(request, state, stream(request, group, request.text("logStreamName")), group)]
}

pub(super) fn on_arn(request: &Request, state: &State) -> Vec<Permission> {
    vec![by_arn(request, state)]
}

pub(super) fn tag(request: &Request, state: &State) -> Vec<Permission> {
    vec![by_arn(request, state).with_request_tags(&tags::of_request(request, "tags"))]
}

pub(super) fn untag(request: &Request, state: &State) -> Vec<Permission> {
    vec![by_arn(request, state).with_tag_keys(tags::keys_of_request(request, "tagKeys"))]
}

fn by_arn(request: &Request, state: &State) -> Permission {
    let given = request.text("resourceArn");
    let name = given.split(":log-group:").nth(1).unwrap_or_default();
    on(request, state, given.to_owned(), name)
}

fn on(request: &Request, state: &State, resource: String, name: &str) -> Permission {
    let group = state.region(&request.region).and_then(|region| region.log_groups.get(name));
    Permission::of_operation(request, resource).with_resource_tags(group.map(|group| &group.tags))
}

fn stream(request: &Request, group: &str, stream: &str) -> String {
    format!("{}:log-stream:{stream}", arn(request, group))
}
