//! IAM's resource is the role, its path included.

use serde_json::Value;

use super::need::{self, Need};
use crate::{control::Call, state::Tags};

pub(super) fn needs(call: &Call) -> Option<Vec<Need>> {
    Some(match call.operation.as_str() {
        "ListRoles" => vec![own(call, format!("arn:aws:iam::{}:role/", call.account()))],
        "CreateRole" => {
            let tags = tags(call);
            let mut needs = vec![on_role(call).tagging(&tags)];
            if !tags.is_empty() {
                needs.push(Need { action: "iam:TagRole".to_owned(), ..needs[0].clone() });
            }
            needs
        }
        "TagRole" => vec![on_role(call).tagging(&tags(call))],
        "UntagRole" => vec![on_role(call).keys(need::keys(call, "TagKeys"))],
        "GetRole"
        | "UpdateRole"
        | "UpdateAssumeRolePolicy"
        | "DeleteRole"
        | "ListRoleTags"
        | "PutRolePolicy"
        | "GetRolePolicy"
        | "ListRolePolicies"
        | "DeleteRolePolicy"
        | "AttachRolePolicy"
        | "DetachRolePolicy"
        | "ListAttachedRolePolicies" => vec![on_role(call)],
        _ => return None,
    })
}

fn own(call: &Call, resource: String) -> Need {
    // There is one IAM, and it is in us-east-1.
    Need::new(call, "iam", format!("iam:{}", call.operation), resource).with("aws:RequestedRegion", "us-east-1")
}

fn on_role(call: &Call) -> Need {
    let name = need::text(call, "RoleName");
    call.app.store.read(|state| {
        let role = state.iam.roles.get(name);
        let asked = Some(need::text(call, "Path")).filter(|path| !path.is_empty());
        let path = role.map(|role| role.path.as_str()).or(asked).unwrap_or("/");
        own(call, format!("arn:aws:iam::{}:role{path}{name}", call.account())).tagged(role.map(|role| &role.tags))
    })
}

/// IAM's tags are a list of keys and values.
fn tags(call: &Call) -> Tags {
    let items = call.document.get("Tags").and_then(Value::as_array);
    let tag = |item: &Value| Some((item["Key"].as_str()?.to_owned(), item["Value"].as_str()?.to_owned()));
    items.into_iter().flatten().filter_map(tag).collect()
}
