//! Cognito's IAM resource is the pool, also for everything in it. Listings, creations and lookups of domains have none.

use super::lookup::arn;
use crate::{
    policy::Permission,
    request::Request,
    services::tags,
    state::{State, Tags},
};

pub(super) fn without_resource(request: &Request, _: &State) -> Vec<Permission> {
    vec![Permission::of_operation(request, "*")]
}

pub(super) fn create_pool(request: &Request, _: &State) -> Vec<Permission> {
    let tags = tags::of_request(request, "UserPoolTags");
    let create = Permission::of_operation(request, "*").with_request_tags(&tags);
    [create].into_iter().chain(tagging(request, arn(request, "*"), None, &tags)).collect()
}

pub(super) fn update_pool(request: &Request, state: &State) -> Vec<Permission> {
    let tags = tags::of_request(request, "UserPoolTags");
    let (id, present) = pool(request, state);
    let update =
        Permission::of_operation(request, arn(request, id)).with_resource_tags(present).with_request_tags(&tags);
    [update].into_iter().chain(tagging(request, arn(request, id), present, &tags)).collect()
}

/// The operation's action on the pool that the request names.
pub(super) fn on_pool(request: &Request, state: &State) -> Vec<Permission> {
    vec![own(request, state)]
}

pub(super) fn tag(request: &Request, state: &State) -> Vec<Permission> {
    vec![own(request, state).with_request_tags(&tags::of_request(request, "Tags"))]
}

pub(super) fn untag(request: &Request, state: &State) -> Vec<Permission> {
    vec![own(request, state).with_tag_keys(tags::keys_of_request(request, "TagKeys"))]
}

/// AWS does not document whether setting tags in a creation or an update needs TagResource as well. It is required
/// here, because a policy that allows it works either way.
fn tagging(request: &Request, arn: String, present: Option<&Tags>, tags: &Tags) -> Option<Permission> {
    let permission = Permission::new(request, "cognito-idp:TagResource", arn);
    (!tags.is_empty()).then(|| permission.with_resource_tags(present).with_request_tags(tags))
}

fn own(request: &Request, state: &State) -> Permission {
    let (id, tags) = pool(request, state);
    Permission::of_operation(request, arn(request, id)).with_resource_tags(tags)
}

/// The pool that the request names by id or ARN, and its tags if it exists.
fn pool<'a>(request: &'a Request, state: &'a State) -> (&'a str, Option<&'a Tags>) {
    let by_arn = request.text("ResourceArn").rsplit('/').next().unwrap_or_default();
    let id = if by_arn.is_empty() { request.text("UserPoolId") } else { by_arn };
    let found = state.region(&request.region).and_then(|region| region.pools.get(id));
    (id, found.map(|pool| &pool.tags))
}
