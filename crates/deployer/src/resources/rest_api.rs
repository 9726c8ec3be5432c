//! The REST API: GetRestApis, CreateRestApi, UpdateRestApi, DeleteRestApi.
//!
//! Names are not unique, so it is found by its tags, which GetRestApis returns, whatever its name is. It is always
//! regional: CreateRestApi of an edge-optimised one has a tenth of the quota. DeleteRestApi is limited to 1 in 30 s for
//! the whole account; that is a wait and not a failure.

use std::time::{Duration, Instant};

use anyhow::Result;
use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType, Op, PatchOperation, RestApi};

use super::{Context, Reader};
use crate::{
    aws::{
        ApiError, Doing as _, create,
        error::is_not_found,
        wait::{self, Poll},
    },
    change::{Diff, FieldDiff, Observed, ResourceKind, Step},
    names::{STACK_TAG, STAGE_TAG, StackKey},
};

/// Each caller ahead of us in the queue takes 30 s.
const DELETE_DEADLINE: Duration = Duration::from_secs(900);

/// How long to try again while no answer comes: a service that is down is not a queue.
const UNANSWERED_DEADLINE: Duration = Duration::from_secs(20);

/// The field that takes effect only with the next deployment.
pub const ENDPOINT_DISABLED: &str = "disable_execute_api_endpoint";

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Desired {
    pub name: String,
    /// Bodies of these types reach the function Base64-encoded.
    pub binary_media_types: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actual {
    pub id: String,
    pub name: String,
    /// Bodies of these types reach the function Base64-encoded.
    pub binary_media_types: Vec<String>,
    /// Whether the endpoint that callers use is switched off.
    pub endpoint_disabled: bool,
    /// `REGIONAL`, `EDGE` or `PRIVATE`.
    pub endpoint_type: String,
}

/// The APIs that were found in the account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Discovered {
    /// The stack's: its oldest.
    pub api: Observed<Actual>,
    /// Duplicates of the stack's API, left by a create call whose answer was lost.
    pub duplicates: Vec<Actual>,
    /// APIs of other stacks in the same stage.
    pub neighbours: Vec<Neighbour>,
}

/// Another stack's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// The owner, according to its tags.
    pub stack: String,
    /// Id.
    pub api_id: String,
}

/// Reads all APIs.
pub async fn observe(cx: Reader<'_>) -> Result<Discovered> {
    let answer = cx.aws.apigateway.get_rest_apis().limit(500).into_paginator().items().send().try_collect().await;
    let mut apis = answer.doing("listing REST APIs for", &cx.id.rest_api())?;
    apis.sort_by_key(|api| (api.created_date.map_or(0, |date| date.as_nanos()), api.id.clone()));
    Ok(sort(cx.id, &apis))
}

/// Sorts APIs into ours, one that only has our name, and those of other stacks. They come oldest first.
fn sort(id: &StackKey, apis: &[RestApi]) -> Discovered {
    let name = id.rest_api();
    let mut found = Discovered::default();
    for api in apis {
        let tag = |key: &str| api.tags().and_then(|tags| tags.get(key)).map(String::as_str);
        match Observed::by_tags(id, actual(api), tag) {
            Observed::Owned(duplicate) if found.api.owned().is_some() => found.duplicates.push(duplicate),
            owned @ Observed::Owned(_) => found.api = owned,
            unowned if api.name() == Some(&name) && found.api == Observed::Absent => found.api = unowned,
            _ => {}
        }
        if let (Some(stack), Some(stage)) = (tag(STACK_TAG), tag(STAGE_TAG))
            && stage == id.stage
            && stack != id.name
        {
            let api_id = api.id().unwrap_or_default().to_owned();
            found.neighbours.push(Neighbour { stack: stack.to_owned(), api_id });
        }
    }
    found
}

fn actual(api: &RestApi) -> Actual {
    let types = api.endpoint_configuration().map(EndpointConfiguration::types).unwrap_or_default();
    Actual {
        id: api.id().unwrap_or_default().to_owned(),
        name: api.name().unwrap_or_default().to_owned(),
        endpoint_disabled: api.disable_execute_api_endpoint,
        binary_media_types: api.binary_media_types().to_vec(),
        endpoint_type: types.first().map_or("EDGE", EndpointType::as_str).to_owned(),
    }
}

pub fn diff(desired: &Desired, actual: Option<&Actual>) -> Vec<FieldDiff> {
    let media_types = actual.map(|actual| actual.binary_media_types.as_slice());
    Diff::default()
        .field("name", &desired.name, actual.map(|actual| &actual.name))
        .set("binary_media_types", &desired.binary_media_types, media_types)
        .field("endpoint_type", EndpointType::Regional.as_str(), actual.map(|actual| actual.endpoint_type.as_str()))
        .field(ENDPOINT_DISABLED, false, actual.map(|actual| actual.endpoint_disabled))
        .done()
}

/// The ids of an API after it was reconciled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids {
    pub api_id: String,
    /// Id of its root path, where AWS has returned it already.
    pub root_id: Option<String>,
}

impl Ids {
    fn of(actual: &Actual) -> Self {
        Self { api_id: actual.id.clone(), root_id: None }
    }
}

/// Brings it to the desired state.
pub async fn reconcile(cx: Context<'_>, desired: &Desired, step: &Step<Actual>) -> Result<Ids> {
    let actual = match step {
        Step::Create => return create_api(cx, desired).await,
        Step::Skip(None) => anyhow::bail!("reading REST API \"{}\": it does not exist", desired.name),
        Step::Skip(Some(actual)) | Step::Keep(actual) => return Ok(Ids::of(actual)),
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
    Ok(Ids::of(actual))
}

async fn create_api(cx: Context<'_>, desired: &Desired) -> Result<Ids> {
    let find = async || Ok(observe(cx.reader()).await?.api.owned().map(Ids::of));
    let send = async || {
        let call = cx
            .aws
            .apigateway
            .create_rest_api()
            .name(&desired.name)
            .set_binary_media_types(Some(desired.binary_media_types.clone()))
            .endpoint_configuration(EndpointConfiguration::builder().types(EndpointType::Regional).build())
            .set_tags(Some(cx.id.tag_map()));
        let answer =
            call.customize().config_override(create::api_gateway_once()).send().await.map_err(ApiError::from)?;
        Ok(Ids { api_id: answer.id.unwrap_or_default(), root_id: answer.root_resource_id })
    };
    create::create(cx.events, ResourceKind::RestApi, &desired.name, find, send).await
}

/// Media types are patched one by one, with a slash in them written as `~1`, as AWS documents it. MiniStack keeps the
/// `~1` and turns its list into a map. No call suits both, so a change of this field works on AWS and on the local
/// cloud only.
fn patches(desired: &Desired, actual: &Actual) -> Vec<PatchOperation> {
    let path = |kind: &str| format!("/binaryMediaTypes/{}", kind.replace('~', "~0").replace('/', "~1"));
    let patch = |op, path: String| PatchOperation::builder().op(op).path(path);
    let mut patches = Vec::new();
    for added in desired.binary_media_types.iter().filter(|kind| !actual.binary_media_types.contains(kind)) {
        patches.push(patch(Op::Add, path(added)).build());
    }
    for removed in actual.binary_media_types.iter().filter(|kind| !desired.binary_media_types.contains(kind)) {
        patches.push(patch(Op::Remove, path(removed)).build());
    }
    if actual.name != desired.name {
        patches.push(patch(Op::Replace, "/name".into()).value(&desired.name).build());
    }
    if actual.endpoint_disabled {
        patches.push(patch(Op::Replace, "/disableExecuteApiEndpoint".into()).value("false").build());
    }
    let regional = EndpointType::Regional;
    if actual.endpoint_type != regional.as_str() {
        let path = format!("/endpointConfiguration/types/{}", actual.endpoint_type);
        patches.push(patch(Op::Replace, path).value(regional.as_str()).build());
    }
    patches
}

/// Deletes it with everything in it. Waits for its turn.
pub async fn delete(cx: Context<'_>, api_id: &str) -> Result<()> {
    let mut lost_since = None;
    wait::until(cx.events, ResourceKind::RestApi, DELETE_DEADLINE, async || {
        // The SDK's own retries would wait without telling the user.
        let call = cx
            .aws
            .apigateway
            .delete_rest_api()
            .rest_api_id(api_id)
            .customize()
            .config_override(create::api_gateway_once());
        match call.send().await.map_err(ApiError::from) {
            Ok(_) => Ok(Poll::Ready(())),
            Err(error) if is_not_found(error.code()) => Ok(Poll::Ready(())),
            Err(error) if error.is_throttled() => {
                Ok(Poll::Pending("AWS deletes one API in 30 s for the whole account".into()))
            }
            Err(error)
                if error.in_doubt() && lost_since.get_or_insert_with(Instant::now).elapsed() < UNANSWERED_DEADLINE =>
            {
                Ok(Poll::Pending(format!("the answer was lost ({error})")))
            }
            Err(error) => Err(error).doing("deleting REST API", api_id),
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{names::StackId, testing::fields};

    fn desired() -> Desired {
        Desired { name: "a".into(), binary_media_types: vec!["*/*".into()] }
    }

    fn actual() -> Actual {
        Actual {
            id: "id".into(),
            name: "a".into(),
            binary_media_types: vec!["*/*".into()],
            endpoint_disabled: false,
            endpoint_type: "REGIONAL".into(),
        }
    }

    #[test]
    fn the_same_is_no_diff_and_sends_no_patch() {
        assert_eq!(diff(&desired(), Some(&actual())), []);
        assert_eq!(patches(&desired(), &actual()), []);
    }

    #[test]
    fn each_field_is_one_diff_and_has_a_patch() {
        let cases = [
            ("name", Actual { name: "b".into(), ..actual() }),
            ("binary_media_types", Actual { binary_media_types: Vec::new(), ..actual() }),
            ("endpoint_type", Actual { endpoint_type: "EDGE".into(), ..actual() }),
            (ENDPOINT_DISABLED, Actual { endpoint_disabled: true, ..actual() }),
        ];
        for (field, changed) in cases {
            let found = diff(&desired(), Some(&changed));
            assert_eq!(fields(&found), [field]);
            assert_eq!(patches(&desired(), &changed).len(), 1);
        }
    }

    #[test]
    fn ours_is_found_by_tags_and_others_by_name() {
        let api = |id: &str, name: &str, tags: &[(&str, &str)]| {
            let mut api = RestApi::builder().id(id).name(name);
            for (key, value) in tags {
                api = api.tags(*key, *value);
            }
            api.build()
        };
        let id = StackId::new("a", "dev", "us-east-1", "123456789012");
        let owned = |stack| [(STACK_TAG, stack), (STAGE_TAG, "dev")];
        let found = sort(
            &id,
            &[
                api("1", "a-dev", &[]),
                api("2", "renamed", &owned("a")),
                api("3", "b-dev", &owned("b")),
                api("4", "a-dev", &owned("a")),
            ],
        );
        assert_eq!(found.api.owned().map(|api| api.id.as_str()), Some("2"));
        assert_eq!(found.duplicates.iter().map(|api| api.id.as_str()).collect::<Vec<_>>(), ["4"]);
        assert_eq!(found.neighbours, [Neighbour { stack: "b".into(), api_id: "3".into() }]);
        assert!(matches!(sort(&id, &[api("1", "a-dev", &[])]).api, Observed::Unowned { owner: None, .. }));
    }

    #[test]
    fn media_types_are_escaped_and_patched_one_by_one() {
        let changed = Actual { binary_media_types: vec!["image/png".into()], ..actual() };
        let patches = patches(&desired(), &changed);
        let paths: Vec<_> = patches.iter().filter_map(PatchOperation::path).collect();
        assert_eq!(paths, ["/binaryMediaTypes/*~1*", "/binaryMediaTypes/image~1png"]);
    }
}
