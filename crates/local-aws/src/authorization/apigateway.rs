//! API Gateway's actions are HTTP verbs, its resources the paths. What hangs on an API inherits the API's tags.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::need::{self, Need};
use crate::{control::Call, state::Tags};

/// In the path of a tag call, AWS encodes everything but what RFC 3986 leaves alone.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn needs(call: &Call) -> Option<Vec<Need>> {
    let [api, id, http] = [0, 1, 2].map(|index| call.label(index));
    let below = |path: String| format!("/restapis/{api}{path}");
    let method = || below(format!("/resources/{id}/methods/{http}"));
    let (verb, path) = match call.operation.as_str() {
        "CreateRestApi" => return Some(create(call, "/restapis", "restapis/*")),
        "CreateStage" => return Some(create(call, &below("/stages".into()), &format!("restapis/{api}/stages/*"))),
        "GetRestApis" => ("GET", "/restapis".to_owned()),
        "GetRestApi" => ("GET", below(String::new())),
        "UpdateRestApi" => ("PATCH", below(String::new())),
        "DeleteRestApi" => ("DELETE", below(String::new())),
        "GetResources" => ("GET", below("/resources".into())),
        "CreateResource" => ("POST", below(format!("/resources/{id}"))),
        "GetResource" => ("GET", below(format!("/resources/{id}"))),
        "DeleteResource" => ("DELETE", below(format!("/resources/{id}"))),
        "PutMethod" => ("PUT", method()),
        "GetMethod" => ("GET", method()),
        "UpdateMethod" => ("PATCH", method()),
        "DeleteMethod" => ("DELETE", method()),
        "PutIntegration" => ("PUT", method() + "/integration"),
        "GetIntegration" => ("GET", method() + "/integration"),
        "UpdateIntegration" => ("PATCH", method() + "/integration"),
        "DeleteIntegration" => ("DELETE", method() + "/integration"),
        "CreateAuthorizer" => ("POST", below("/authorizers".into())),
        "GetAuthorizers" => ("GET", below("/authorizers".into())),
        "GetAuthorizer" => ("GET", below(format!("/authorizers/{id}"))),
        "UpdateAuthorizer" => ("PATCH", below(format!("/authorizers/{id}"))),
        "DeleteAuthorizer" => ("DELETE", below(format!("/authorizers/{id}"))),
        "CreateDeployment" => ("POST", below("/deployments".into())),
        "GetDeployments" => ("GET", below("/deployments".into())),
        "GetDeployment" => ("GET", below(format!("/deployments/{id}"))),
        "UpdateDeployment" => ("PATCH", below(format!("/deployments/{id}"))),
        "DeleteDeployment" => ("DELETE", below(format!("/deployments/{id}"))),
        "GetStages" => ("GET", below("/stages".into())),
        "GetStage" => ("GET", below(format!("/stages/{id}"))),
        "UpdateStage" => ("PATCH", below(format!("/stages/{id}"))),
        "DeleteStage" => ("DELETE", below(format!("/stages/{id}"))),
        "TagResource" => return Some(vec![tag(call, api, &need::tags(call, "tags"))]),
        "UntagResource" => {
            let keys = call.params("tagKeys").map(ToOwned::to_owned);
            return Some(vec![on(call, "DELETE", &tags_path(api)).keys(keys)]);
        }
        "GetTags" => ("GET", tags_path(api)),
        _ => return None,
    };
    Some(vec![on(call, verb, &path)])
}

/// A creation that may carry tags. They are set by a PUT of the tags of whatever comes into being.
fn create(call: &Call, path: &str, made: &str) -> Vec<Need> {
    let tags = need::tags(call, "tags");
    let mut needs = vec![on(call, "POST", path).tagging(&tags)];
    if !tags.is_empty() {
        needs.push(tag(call, &arn(call, &format!("/{made}")), &tags));
    }
    needs
}

fn tag(call: &Call, arn: &str, tags: &Tags) -> Need {
    on(call, "PUT", &tags_path(arn)).tagging(tags)
}

/// The star of a thing that has no id yet stays as it is.
fn tags_path(arn: &str) -> String {
    format!("/tags/{}", utf8_percent_encode(arn, ENCODED).to_string().replace("%2A", "*"))
}

fn arn(call: &Call, path: &str) -> String {
    format!("arn:aws:apigateway:{}::{path}", call.region)
}

fn on(call: &Call, verb: &str, path: &str) -> Need {
    let need = Need::new(call, "apigateway", format!("apigateway:{verb}"), arn(call, path));
    let Some(below) = path.strip_prefix("/restapis/") else { return need };
    let parts: Vec<&str> = below.split('/').collect();
    call.app.store.read(|state| {
        let api = state.region(&call.region).and_then(|region| region.apis.get(parts[0]));
        let need = need.tagged(api.map(|api| &api.tags));
        match (api, parts.as_slice()) {
            // A stage's own tags come before those that it inherits.
            (Some(api), [_, "stages", name]) => need.tagged(api.stages.get(*name).map(|stage| &stage.tags)),
            _ => need,
        }
    })
}
