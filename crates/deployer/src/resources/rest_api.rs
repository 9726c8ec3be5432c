//! The REST API: GetRestApis, CreateRestApi, UpdateRestApi, DeleteRestApi.
//!
//! Names are not unique, so it is found by tags, which GetRestApis gives. Always regional: CreateRestApi of an
//! edge-optimised one has a tenth of the quota. DeleteRestApi is limited to 1 in 30 s for the whole account, which is a
//! wait and not a failure.

use std::time::Duration;

use anyhow::Result;
use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType, Op, PatchOperation, RestApi};

use super::{Context, Diff, Observed, Step};
use crate::{
    aws::{
        ApiError, Doing as _, create,
        error::is_not_found,
        wait::{self, Poll},
    },
    engine::plan::{FieldDiff, ResourceKind},
};

/// Several callers before us may each take 30 s.
const DELETE_DEADLINE: Duration = Duration::from_secs(300);

/// What it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    /// Name.
    pub name: String,
    /// What reaches the function Base64-encoded.
    pub binary_media_types: Vec<String>,
}

/// What it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    /// Id.
    pub id: String,
    /// What reaches the function Base64-encoded.
    pub binary_media_types: Vec<String>,
    /// `REGIONAL`, `EDGE` or `PRIVATE`.
    pub endpoint_type: String,
}

/// The stack's API, and others of the stack that a lost answer has left.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// The one that counts: the oldest.
    pub api: Observed<Actual>,
    /// The rest of this stack's.
    pub duplicates: Vec<Actual>,
}

/// Reads all APIs of our name.
pub async fn observe(cx: Context<'_>) -> Result<Found> {
    let name = cx.id.rest_api();
    let mut apis = cx.aws.apigateway.get_rest_apis().limit(500).into_paginator().items().send();
    let mut ours: Vec<RestApi> = Vec::new();
    while let Some(api) = apis.next().await {
        let api = api.doing("listing REST APIs for", &name)?;
        if api.name() == Some(&name) {
            ours.push(api);
        }
    }
    ours.sort_by_key(|api| (api.created_date.map_or(0, |date| date.as_nanos()), api.id.clone()));
    let mut found = Found::default();
    for api in ours {
        let tags = api.tags().cloned().unwrap_or_default();
        match Observed::by_tags(cx.id, actual(&api), |key| tags.get(key).map(String::as_str)) {
            Observed::Owned(duplicate) if found.api.owned().is_some() => found.duplicates.push(duplicate),
            owned @ Observed::Owned(_) => found.api = owned,
            unowned if found.api == Observed::Absent => found.api = unowned,
            _ => {}
        }
    }
    Ok(found)
}

fn actual(api: &RestApi) -> Actual {
    let types = api.endpoint_configuration().map(EndpointConfiguration::types).unwrap_or_default();
    Actual {
        id: api.id().unwrap_or_default().to_owned(),
        binary_media_types: api.binary_media_types().to_vec(),
        endpoint_type: types.first().map_or("EDGE", EndpointType::as_str).to_owned(),
    }
}

/// Compares.
pub fn diff(desired: &Desired, actual: &Actual) -> Vec<FieldDiff> {
    Diff::default()
        .set("binary_media_types", &desired.binary_media_types, &actual.binary_media_types)
        .field("endpoint_type", &EndpointType::Regional.as_str(), &actual.endpoint_type.as_str())
        .done()
}

/// Makes it so; gives its id.
pub async fn reconcile(cx: Context<'_>, desired: &Desired, step: &Step<Actual>) -> Result<String> {
    let actual = match step {
        Step::Create => return create_api(cx, desired).await,
        Step::Skip(None) => anyhow::bail!("no REST API \"{}\"", desired.name),
        Step::Skip(Some(actual)) | Step::Keep(actual) => return Ok(actual.id.clone()),
        Step::Update(actual, _) | Step::Adopt(actual, _) | Step::Replace(actual, _) => actual,
    };
    if let Step::Adopt(..) = step {
        let call = cx.aws.apigateway.tag_resource().resource_arn(cx.id.rest_api_arn(&actual.id));
        call.set_tags(Some(cx.id.tag_map())).send().await.doing("tagging REST API", &actual.id)?;
    }
    let patches = patches(desired, actual);
    if !patches.is_empty() {
        let call = cx.aws.apigateway.update_rest_api().rest_api_id(&actual.id).set_patch_operations(Some(patches));
        call.send().await.doing("updating REST API", &actual.id)?;
    }
    Ok(actual.id.clone())
}

async fn create_api(cx: Context<'_>, desired: &Desired) -> Result<String> {
    let find = async || Ok(observe(cx).await?.api.owned().map(|actual| actual.id.clone()));
    let send = async || {
        let call = cx
            .aws
            .apigateway
            .create_rest_api()
            .name(&desired.name)
            .set_binary_media_types(Some(desired.binary_media_types.clone()))
            .endpoint_configuration(EndpointConfiguration::builder().types(EndpointType::Regional).build())
            .set_tags(Some(cx.id.tag_map()));
        let once = aws_sdk_apigateway::config::Builder::default().retry_config(create::once());
        let answer = call.customize().config_override(once).send().await.map_err(ApiError::from)?;
        Ok(answer.id.unwrap_or_default())
    };
    create::create(cx.events, ResourceKind::RestApi, &desired.name, find, send).await
}

/// The media types are patched one by one, a slash in them as `~1`, as AWS documents it. MiniStack keeps the `~1` and
/// turns its list into a map; there is no call that both understand, so a change of this field works on AWS and on the
/// local cloud only.
fn patches(desired: &Desired, actual: &Actual) -> Vec<PatchOperation> {
    let path = |kind: &str| format!("/binaryMediaTypes/{}", kind.replace('~', "~0").replace('/', "~1"));
    let patch = |op, path| PatchOperation::builder().op(op).path(path);
    let mut patches = Vec::new();
    for added in desired.binary_media_types.iter().filter(|kind| !actual.binary_media_types.contains(kind)) {
        patches.push(patch(Op::Add, path(added)).build());
    }
    for removed in actual.binary_media_types.iter().filter(|kind| !desired.binary_media_types.contains(kind)) {
        patches.push(patch(Op::Remove, path(removed)).build());
    }
    let regional = EndpointType::Regional;
    if actual.endpoint_type != regional.as_str() {
        let path = format!("/endpointConfiguration/types/{}", actual.endpoint_type);
        patches.push(patch(Op::Replace, path).value(regional.as_str()).build());
    }
    patches
}

/// Deletes it with everything inside. Waits for its turn.
pub async fn delete(cx: Context<'_>, api_id: &str) -> Result<()> {
    wait::until(cx.events, ResourceKind::RestApi, DELETE_DEADLINE, async || {
        // The SDK's own retries would wait in silence.
        let once = aws_sdk_apigateway::config::Builder::default().retry_config(create::once());
        let call = cx.aws.apigateway.delete_rest_api().rest_api_id(api_id).customize().config_override(once);
        match call.send().await.map_err(ApiError::from) {
            Ok(_) => Ok(Poll::Ready(())),
            Err(error) if is_not_found(error.code()) => Ok(Poll::Ready(())),
            Err(error) if error.is_throttled() => {
                Ok(Poll::Pending("AWS deletes one API in 30 s for the whole account".into()))
            }
            Err(error) if error.in_doubt() => Ok(Poll::Pending(format!("the answer was lost ({error})"))),
            Err(error) => Err(error).doing("deleting REST API", api_id),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desired() -> Desired {
        Desired { name: "a".into(), binary_media_types: vec!["*/*".into()] }
    }

    fn actual() -> Actual {
        Actual { id: "id".into(), binary_media_types: vec!["*/*".into()], endpoint_type: "REGIONAL".into() }
    }

    #[test]
    fn the_same_is_no_diff_and_sends_no_patch() {
        assert_eq!(diff(&desired(), &actual()), []);
        assert_eq!(patches(&desired(), &actual()), []);
    }

    #[test]
    fn each_field_is_one_diff() {
        let types = diff(&desired(), &Actual { binary_media_types: Vec::new(), ..actual() });
        assert_eq!(types[0].field, "binary_media_types");
        let edge = diff(&desired(), &Actual { endpoint_type: "EDGE".into(), ..actual() });
        assert_eq!(edge[0].field, "endpoint_type");
    }

    #[test]
    fn media_types_are_escaped_and_patched_one_by_one() {
        let changed = Actual { binary_media_types: vec!["image/png".into()], ..actual() };
        let patches = patches(&desired(), &changed);
        let paths: Vec<_> = patches.iter().filter_map(PatchOperation::path).collect();
        assert_eq!(paths, ["/binaryMediaTypes/*~1*", "/binaryMediaTypes/image~1png"]);
    }
}
