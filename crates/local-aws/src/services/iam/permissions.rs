//! IAM's resource is the role, with its path.

use serde_json::Value;

use crate::{
    policy::Permission,
    request::Request,
    services::tags,
    state::{State, Tags},
};

pub(super) fn list_roles(request: &Request, _: &State) -> Vec<Permission> {
    vec![own(request, format!("arn:aws:iam::{}:role/", request.account()))]
}

pub(super) fn create_role(request: &Request, state: &State) -> Vec<Permission> {
    let tags = tags_of(request);
    let create = on(request, state).with_request_tags(&tags);
    let tagging = Permission { action: "iam:TagRole".to_owned(), ..create.clone() };
    [create].into_iter().chain((!tags.is_empty()).then_some(tagging)).collect()
}

/// The operation's action on the role that the request names.
pub(super) fn on_role(request: &Request, state: &State) -> Vec<Permission> {
    vec![on(request, state)]
}

pub(super) fn tag_role(request: &Request, state: &State) -> Vec<Permission> {
    vec![on(request, state).with_request_tags(&tags_of(request))]
}

pub(super) fn untag_role(request: &Request, state: &State) -> Vec<Permission> {
    vec![on(request, state).with_tag_keys(tags::keys_of_request(request, "TagKeys"))]
}

fn own(request: &Request, resource: String) -> Permission {
    // IAM is a global service that runs in us-east-1.
    Permission::of_operation(request, resource).with_key("aws:RequestedRegion", "us-east-1")
}

fn on(request: &Request, state: &State) -> Permission {
    let name = request.text("RoleName");
    let role = state.iam.roles.get(name);
    let given = Some(request.text("Path")).filter(|path| !path.is_empty());
    let path = role.map(|role| role.path.as_str()).or(given).unwrap_or("/");
    own(request, format!("arn:aws:iam::{}:role{path}{name}", request.account()))
        .with_resource_tags(role.map(|role| &role.tags))
}

/// The request's tags: IAM sends them as a list of keys and values.
fn tags_of(request: &Request) -> Tags {
    let items = request.document.get("Tags").and_then(Value::as_array);
    let tag = |item: &Value| Some((item["Key"].as_str()?.to_owned(), item["Value"].as_str()?.to_owned()));
    items.into_iter().flatten().filter_map(tag).collect()
}
