//! Cognito's resource is the pool, whatever hangs on it. Listings, creations and domains have none.

use super::need::{self, Need};
use crate::{control::Call, state::Tags};

pub(super) fn needs(call: &Call) -> Option<Vec<Need>> {
    Some(match call.operation.as_str() {
        "ListUserPools" | "DescribeUserPoolDomain" => vec![own(call, "*".to_owned())],
        "CreateUserPool" => {
            let tags = need::tags(call, "UserPoolTags");
            let create = own(call, "*".to_owned()).tagging(&tags);
            [create].into_iter().chain(tagging(call, arn(call, "*"), None, &tags)).collect()
        }
        "UpdateUserPool" => {
            let tags = need::tags(call, "UserPoolTags");
            let (id, there) = pool(call);
            let update = own(call, arn(call, &id)).tagged(there.as_ref()).tagging(&tags);
            [update].into_iter().chain(tagging(call, arn(call, &id), there.as_ref(), &tags)).collect()
        }
        "TagResource" => vec![on_pool(call).tagging(&need::tags(call, "Tags"))],
        "UntagResource" => vec![on_pool(call).keys(need::keys(call, "TagKeys"))],
        "DescribeUserPool"
        | "DeleteUserPool"
        | "CreateUserPoolDomain"
        | "DeleteUserPoolDomain"
        | "CreateResourceServer"
        | "DescribeResourceServer"
        | "UpdateResourceServer"
        | "DeleteResourceServer"
        | "ListResourceServers"
        | "CreateUserPoolClient"
        | "DescribeUserPoolClient"
        | "UpdateUserPoolClient"
        | "DeleteUserPoolClient"
        | "ListUserPoolClients"
        | "ListTagsForResource"
        | "AdminCreateUser"
        | "ListUsers" => {
            vec![on_pool(call)]
        }
        _ => return None,
    })
}

/// Whether tags in a creation or an update need TagResource as well is not documented. It is asked for, because a
/// policy that has it works either way.
fn tagging(call: &Call, arn: String, there: Option<&Tags>, tags: &Tags) -> Option<Need> {
    let need = Need::new(call, "cognito-idp", "cognito-idp:TagResource", arn);
    (!tags.is_empty()).then(|| need.tagged(there).tagging(tags))
}

fn own(call: &Call, resource: String) -> Need {
    Need::new(call, "cognito-idp", format!("cognito-idp:{}", call.operation), resource)
}

fn on_pool(call: &Call) -> Need {
    let (id, tags) = pool(call);
    own(call, arn(call, &id)).tagged(tags.as_ref())
}

/// The pool that the call names by id or ARN, and its tags if it is there.
fn pool(call: &Call) -> (String, Option<Tags>) {
    let by_arn = need::text(call, "ResourceArn").rsplit('/').next().unwrap_or_default();
    let id = if by_arn.is_empty() { need::text(call, "UserPoolId") } else { by_arn };
    let region = |state: &crate::state::State| Some(state.region(&call.region)?.pools.get(id)?.tags.clone());
    (id.to_owned(), call.app.store.read(region))
}

fn arn(call: &Call, id: &str) -> String {
    format!("arn:aws:cognito-idp:{}:{}:userpool/{id}", call.region, call.account())
}
