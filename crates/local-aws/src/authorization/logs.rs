//! CloudWatch Logs: a group is named with the empty stream behind it, except where its tags are meant.

use super::need::{self, Need};
use crate::{control::Call, state::Tags};

pub(super) fn needs(call: &Call) -> Option<Vec<Need>> {
    let group = need::text(call, "logGroupName");
    Some(match call.operation.as_str() {
        "DescribeLogGroups" => vec![own(call, &stream(call, "", ""), "DescribeLogGroups")],
        "CreateLogGroup" => {
            let tags = need::tags(call, "tags");
            let mut needs = vec![on_group(call, &stream(call, group, ""), group).tagging(&tags)];
            if !tags.is_empty() {
                needs.push(own(call, &arn(call, group), "TagResource").tagging(&tags));
            }
            needs
        }
        "DeleteLogGroup"
        | "PutRetentionPolicy"
        | "DeleteRetentionPolicy"
        | "DescribeLogStreams"
        | "FilterLogEvents"
        | "ListTagsLogGroup" => vec![on_group(call, &stream(call, group, ""), group)],
        "GetLogEvents" => {
            vec![on_group(call, &stream(call, group, need::text(call, "logStreamName")), group)]
        }
        "TagResource" => vec![on_arn(call).tagging(&need::tags(call, "tags"))],
        "UntagResource" => vec![on_arn(call).keys(need::keys(call, "tagKeys"))],
        "ListTagsForResource" => vec![on_arn(call)],
        _ => return None,
    })
}

fn own(call: &Call, resource: &str, action: &str) -> Need {
    Need::new(call, "logs", format!("logs:{action}"), resource)
}

fn on_group(call: &Call, resource: &str, name: &str) -> Need {
    let group = |state: &crate::state::State| Some(state.region(&call.region)?.log_groups.get(name)?.tags.clone());
    let tags: Option<Tags> = call.app.store.read(group);
    own(call, resource, &call.operation).tagged(tags.as_ref())
}

fn on_arn(call: &Call) -> Need {
    let given = need::text(call, "resourceArn");
    let name = given.split(":log-group:").nth(1).unwrap_or_default();
    on_group(call, given, name)
}

fn arn(call: &Call, name: &str) -> String {
    format!("arn:aws:logs:{}:{}:log-group:{name}", call.region, call.account())
}

fn stream(call: &Call, group: &str, stream: &str) -> String {
    format!("{}:log-stream:{stream}", arn(call, group))
}
