//! Lambda's resource is the function. Its role is passed on, which is an action of IAM.

use super::need::{self, Need};
use crate::{control::Call, state::Tags};

pub(super) fn needs(call: &Call) -> Option<Vec<Need>> {
    Some(match call.operation.as_str() {
        "ListFunctions" => vec![own(call, "*".to_owned())],
        "CreateFunction" => {
            let tags = need::tags(call, "Tags");
            let function = on_function(call, need::text(call, "FunctionName"), &call.operation).tagging(&tags);
            let tagging = Need { action: "lambda:TagResource".to_owned(), ..function.clone() };
            let mut needs = vec![function];
            needs.extend(pass_role(call));
            needs.extend((!tags.is_empty()).then_some(tagging));
            needs
        }
        "UpdateFunctionConfiguration" => [on_label(call)].into_iter().chain(pass_role(call)).collect(),
        "AddPermission" => vec![on_label(call).with("lambda:Principal", need::text(call, "Principal"))],
        "Invoke" => vec![on_function(call, call.label(0), "InvokeFunction")],
        "TagResource" => vec![on_label(call).tagging(&need::tags(call, "Tags"))],
        "UntagResource" => vec![on_label(call).keys(call.params("tagKeys").map(ToOwned::to_owned))],
        "RemovePermission" => vec![removal(call)],
        "GetFunction"
        | "GetFunctionConfiguration"
        | "DeleteFunction"
        | "UpdateFunctionCode"
        | "PublishVersion"
        | "ListVersionsByFunction"
        | "GetPolicy"
        | "PutFunctionConcurrency"
        | "GetFunctionConcurrency"
        | "DeleteFunctionConcurrency"
        | "ListTags" => vec![on_label(call)],
        _ => return None,
    })
}

/// GetFunction shows tags only to whom may list them.
pub(super) fn list_tags(call: &Call, function_arn: &str) -> Need {
    on_function(call, function_arn, "ListTags")
}

fn own(call: &Call, resource: String) -> Need {
    Need::new(call, "lambda", format!("lambda:{}", call.operation), resource)
}

fn on_label(call: &Call) -> Need {
    on_function(call, call.label(0), &call.operation)
}

/// The principal of the statement that goes is known too.
fn removal(call: &Call) -> Need {
    let name = name_of(call.label(0));
    let principal = call.app.store.read(|state| {
        let function = state.region(&call.region)?.functions.get(name)?;
        let statement = function.policy.iter().find(|statement| statement.sid == call.label(1))?;
        Some(statement.principal.clone())
    });
    match principal {
        Some(principal) => on_label(call).with("lambda:Principal", principal),
        None => on_label(call),
    }
}

fn on_function(call: &Call, named: &str, action: &str) -> Need {
    let name = name_of(named);
    let resource = format!("arn:aws:lambda:{}:{}:function:{name}", call.region, call.account());
    let resource = match call.param("Qualifier") {
        Some(qualifier) => format!("{resource}:{qualifier}"),
        None => resource,
    };
    let tags: Option<Tags> =
        call.app.store.read(|state| Some(state.region(&call.region)?.functions.get(name)?.tags.clone()));
    Need::new(call, "lambda", format!("lambda:{action}"), resource).tagged(tags.as_ref())
}

/// `f` of `f`, `1:function:f` and `arn:aws:lambda:r:1:function:f`; a version after it is dropped.
fn name_of(named: &str) -> &str {
    let after = named.split_once("function:").map_or(named, |(_, name)| name);
    after.split(':').next().unwrap_or_default()
}

fn pass_role(call: &Call) -> Option<Need> {
    let role = need::text(call, "Role");
    let need = Need::new(call, "lambda", "iam:PassRole", role).with("iam:PassedToService", "lambda.amazonaws.com");
    (!role.is_empty()).then(|| {
        let tags = call.app.store.read(|state| {
            let name = role.rsplit('/').next().unwrap_or_default();
            state.iam.roles.get(name).map(|role| role.tags.clone())
        });
        need.tagged(tags.as_ref())
    })
}
