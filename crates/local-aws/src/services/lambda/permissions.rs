//! Lambda's IAM resource is the function. Setting its role also needs `iam:PassRole`.

use super::target::{function_arn, name_of};
use crate::{
    policy::Permission,
    request::Request,
    services::tags,
    state::{State, Tags},
};

/// The operation's own action, which has no resource.
pub(super) fn without_resource(request: &Request, _: &State) -> Vec<Permission> {
    vec![Permission::of_operation(request, "*")]
}

pub(super) fn create_function(request: &Request, state: &State) -> Vec<Permission> {
    let tags = tags::of_request(request, "Tags");
    let function = on(request, state, request.text("FunctionName"), request.operation).with_request_tags(&tags);
    let tagging = Permission { action: "lambda:TagResource".to_owned(), ..function.clone() };
    let mut permissions = vec![function];
    permissions.extend(pass_role(request, state));
    permissions.extend((!tags.is_empty()).then_some(tagging));
    permissions
}

pub(super) fn update_configuration(request: &Request, state: &State) -> Vec<Permission> {
    [on_path(request, state)].into_iter().chain(pass_role(request, state)).collect()
}

/// The operation's action on the function that the path names.
pub(super) fn on_function(request: &Request, state: &State) -> Vec<Permission> {
    vec![on_path(request, state)]
}

pub(super) fn invoke(request: &Request, state: &State) -> Vec<Permission> {
    vec![on(request, state, request.label(0), "InvokeFunction")]
}

/// GetFunction needs this to include tags in its response.
pub(super) fn list_tags(request: &Request, state: &State, function_arn: &str) -> Permission {
    on(request, state, function_arn, "ListTags")
}

pub(super) fn add_permission(request: &Request, state: &State) -> Vec<Permission> {
    vec![on_path(request, state).with_key("lambda:Principal", request.text("Principal"))]
}

/// The principal of the removed statement is a condition key too.
pub(super) fn remove_permission(request: &Request, state: &State) -> Vec<Permission> {
    let function = state.region(&request.region).and_then(|region| region.functions.get(name_of(request.label(0))));
    let mut statements = function.into_iter().flat_map(|function| &function.policy);
    let permission = on_path(request, state);
    vec![match statements.find(|statement| statement.sid == request.label(1)) {
        Some(statement) => permission.with_key("lambda:Principal", &statement.principal),
        None => permission,
    }]
}

pub(super) fn tag(request: &Request, state: &State) -> Vec<Permission> {
    vec![on_path(request, state).with_request_tags(&tags::of_request(request, "Tags"))]
}

pub(super) fn untag(request: &Request, state: &State) -> Vec<Permission> {
    vec![on_path(request, state).with_tag_keys(request.params("tagKeys").map(ToOwned::to_owned))]
}

fn on_path(request: &Request, state: &State) -> Permission {
    on(request, state, request.label(0), request.operation)
}

fn on(request: &Request, state: &State, function: &str, action: &str) -> Permission {
    let name = name_of(function);
    let resource = function_arn(&request.region, request.account(), name);
    let resource = match request.param("Qualifier") {
        Some(qualifier) => format!("{resource}:{qualifier}"),
        None => resource,
    };
    let function = state.region(&request.region).and_then(|region| region.functions.get(name));
    let tags: Option<&Tags> = function.map(|function| &function.tags);
    Permission::new(request, format!("lambda:{action}"), resource).with_resource_tags(tags)
}

fn pass_role(request: &Request, state: &State) -> Option<Permission> {
    let role = request.text("Role");
    let tags = state.iam.roles.get(role.rsplit('/').next().unwrap_or_default()).map(|role| &role.tags);
    let permission = Permission::new(request, "iam:PassRole", role)
        .with_key("iam:PassedToService", "lambda.amazonaws.com")
        .with_resource_tags(tags);
    (!role.is_empty()).then_some(permission)
}
