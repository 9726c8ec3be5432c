//! API Gateway's IAM actions are HTTP methods, and its IAM resources are paths. Everything below an API inherits the
//! API's tags.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::{policy::Permission, request::Request, services::tags, state::State};

/// In the path of tag requests, AWS encodes everything except the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The request's method on its path.
pub(super) fn on_path(request: &Request, state: &State) -> Vec<Permission> {
    vec![on(request, state, request.method.as_str(), &path(request))]
}

pub(super) fn create_rest_api(request: &Request, state: &State) -> Vec<Permission> {
    create(request, state, "restapis/*")
}

pub(super) fn create_stage(request: &Request, state: &State) -> Vec<Permission> {
    create(request, state, &format!("restapis/{}/stages/*", request.label(0)))
}

pub(super) fn get_tags(request: &Request, state: &State) -> Vec<Permission> {
    vec![on(request, state, "GET", &tags_path(request.label(0)))]
}

pub(super) fn tag(request: &Request, state: &State) -> Vec<Permission> {
    let tags = tags::of_request(request, "tags");
    vec![on(request, state, "PUT", &tags_path(request.label(0))).with_request_tags(&tags)]
}

pub(super) fn untag(request: &Request, state: &State) -> Vec<Permission> {
    let keys = request.params("tagKeys").map(ToOwned::to_owned);
    vec![on(request, state, "DELETE", &tags_path(request.label(0))).with_tag_keys(keys)]
}

/// Permissions for a creation. If it sets tags, it also needs PUT on the tags of `created`.
fn create(request: &Request, state: &State, created: &str) -> Vec<Permission> {
    let tags = tags::of_request(request, "tags");
    let mut permissions = vec![on(request, state, "POST", &path(request)).with_request_tags(&tags)];
    if !tags.is_empty() {
        let path = tags_path(&arn(request, &format!("/{created}")));
        permissions.push(on(request, state, "PUT", &path).with_request_tags(&tags));
    }
    permissions
}

fn path(request: &Request) -> String {
    format!("/{}", request.segments.join("/"))
}

/// The star, which stands for an id that does not exist yet, stays unencoded.
fn tags_path(arn: &str) -> String {
    format!("/tags/{}", utf8_percent_encode(arn, ENCODED).to_string().replace("%2A", "*"))
}

fn arn(request: &Request, path: &str) -> String {
    format!("arn:aws:apigateway:{}::{path}", request.region)
}

fn on(request: &Request, state: &State, method: &str, path: &str) -> Permission {
    let permission = Permission::new(request, format!("apigateway:{method}"), arn(request, path));
    let Some(below) = path.strip_prefix("/restapis/") else { return permission };
    let parts: Vec<&str> = below.split('/').collect();
    let api = state.region(&request.region).and_then(|region| region.apis.get(parts[0]));
    let permission = permission.with_resource_tags(api.map(|api| &api.tags));
    match (api, parts.as_slice()) {
        // A stage's own tags override those that it inherits.
        (Some(api), [_, "stages", name]) => {
            permission.with_resource_tags(api.stages.get(*name).map(|stage| &stage.tags))
        }
        _ => permission,
    }
}
