//! A deployment: CreateDeployment, GetDeployments, DeleteDeployment. Hangs on the API.
//!
//! A deployment is a snapshot of methods, integrations, authorizers and media types; none of it reaches callers before
//! the next one. It cannot be read back, so its description holds a digest of what it was made of, and the stage's
//! description says which deployment we made and of what: it is up to date while the stage still points at that one and
//! the digest of what we want is the same. Where the stage is gone or points elsewhere, the deployments themselves tell
//! whether one of what we want is still there. Never created with a stage name, which would create or repoint the stage
//! silently.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Context, Reader, authorizer, method, rest_api};
use crate::{
    aws::{ApiError, Doing as _, create},
    change::{Diff, FieldDiff, KNOWN_AFTER_APPLY, ResourceKind, sorted},
    names::digest_hex,
};

/// Everything that a deployment of this stack snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(Value);

impl Snapshot {
    /// Of these parts and these ids.
    pub fn new(api: &rest_api::Desired, method: &method::Desired, authorizer_id: &str, pool_arn: &str) -> Self {
        Self(json!({
            "binary_media_types": sorted(&api.binary_media_types),
            "authorizer": [authorizer_id, pool_arn, authorizer::IDENTITY_SOURCE],
            "method": [method::HTTP_METHOD, sorted(&method.scopes)],
            "integration": [method.uri, method.timeout_ms],
        }))
    }

    /// Tells two snapshots apart. Short, for it stands in a description.
    pub fn digest(&self) -> String {
        // serde_json keeps keys in one order, so equal snapshots have equal text.
        digest_hex(&self.0.to_string(), 8)
    }
}

/// A deployment that we made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Deployment id.
    pub deployment_id: String,
    /// [`Snapshot::digest`].
    pub snapshot: String,
}

impl Record {
    /// From a stage's description; none where it is not of ours.
    pub fn parse(description: &str) -> Option<Self> {
        let mut words = description.strip_prefix("deployer ")?.split(' ');
        let deployment_id = words.next()?.strip_prefix("deployment=")?.to_owned();
        let snapshot = words.next()?.strip_prefix("snapshot=")?.to_owned();
        Some(Self { deployment_id, snapshot })
    }

    /// As a stage's description.
    pub fn description(&self) -> String {
        format!("deployer deployment={} snapshot={}", self.deployment_id, self.snapshot)
    }
}

/// How a deployment's own description begins.
const DESCRIPTION: &str = "deployer snapshot=";

/// The deployments that we made, the newest first.
pub async fn list(cx: Reader<'_>, api_id: &str) -> Result<Vec<Record>> {
    let mut ours = Vec::new();
    let mut position = None;
    loop {
        let call = cx.aws.apigateway.get_deployments().rest_api_id(api_id).limit(500).set_position(position);
        let answer = call.send().await.doing("reading the deployments of REST API", api_id)?;
        for item in answer.items.unwrap_or_default() {
            let snapshot = item.description().and_then(|text| text.strip_prefix(DESCRIPTION)).map(str::to_owned);
            let created = item.created_date.map_or(0, |date| date.as_nanos());
            if let (Some(snapshot), Some(deployment_id)) = (snapshot, item.id) {
                ours.push((created, Record { deployment_id, snapshot }));
            }
        }
        position = answer.position.filter(|position| !position.is_empty());
        if position.is_none() {
            break;
        }
    }
    ours.sort_by_key(|(created, _)| std::cmp::Reverse(*created));
    Ok(ours.into_iter().map(|(_, record)| record).collect())
}

/// What a new deployment holds that the last one did not. Ids that are not known yet make the digest unknown too.
pub fn diff(desired: Option<&str>, actual: Option<&str>) -> Vec<FieldDiff> {
    Diff::default().field("snapshot", Some(desired.unwrap_or(KNOWN_AFTER_APPLY)), Some(actual)).done()
}

/// Makes one; gives its id. When an answer is lost, the deployment of the same description is the one that was made;
/// two of the same snapshot would do no harm.
pub async fn create(cx: Context<'_>, api_id: &str, snapshot: &str) -> Result<String> {
    let description = format!("{DESCRIPTION}{snapshot}");
    let find = async || {
        let mut ours = list(cx.reader(), api_id).await?.into_iter();
        Ok(ours.find(|record| record.snapshot == snapshot).map(|record| record.deployment_id))
    };
    let send = async || {
        let call = cx.aws.apigateway.create_deployment().rest_api_id(api_id).description(&description);
        let once = aws_sdk_apigateway::config::Builder::default().retry_config(create::once());
        let answer = call.customize().config_override(once).send().await.map_err(ApiError::from)?;
        Ok(answer.id.unwrap_or_default())
    };
    create::create(cx.events, ResourceKind::Deployment, api_id, find, send).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api() -> rest_api::Desired {
        rest_api::Desired { name: "a".into(), binary_media_types: vec!["*/*".into()] }
    }

    fn method() -> method::Desired {
        method::Desired { scopes: vec!["s/a".into(), "s/b".into()], uri: "uri".into(), timeout_ms: 29_000 }
    }

    fn digest(api: &rest_api::Desired, method: &method::Desired, authorizer: &str, pool: &str) -> String {
        Snapshot::new(api, method, authorizer, pool).digest()
    }

    #[test]
    fn the_digest_changes_with_everything_that_is_snapshotted_and_with_nothing_else() {
        let same = digest(&api(), &method(), "auth", "pool");
        let mut turned = method();
        turned.scopes.reverse();
        assert_eq!(same, digest(&api(), &turned, "auth", "pool"), "scopes are a set");
        let renamed = rest_api::Desired { name: "b".into(), ..api() };
        assert_eq!(same, digest(&renamed, &method(), "auth", "pool"), "the name is not snapshotted");
        let others = [
            digest(&rest_api::Desired { binary_media_types: Vec::new(), ..api() }, &method(), "auth", "pool"),
            digest(&api(), &method::Desired { scopes: Vec::new(), ..method() }, "auth", "pool"),
            digest(&api(), &method::Desired { uri: "x".into(), ..method() }, "auth", "pool"),
            digest(&api(), &method::Desired { timeout_ms: 1, ..method() }, "auth", "pool"),
            digest(&api(), &method(), "x", "pool"),
            digest(&api(), &method(), "auth", "x"),
        ];
        for other in others {
            assert_ne!(same, other);
        }
    }

    #[test]
    fn a_record_survives_its_description_and_others_are_none() {
        let record = Record { deployment_id: "abc".into(), snapshot: "0123".into() };
        assert_eq!(Record::parse(&record.description()), Some(record));
        for foreign in ["", "my own stage", "deployer ", "deployer deployment=a"] {
            assert_eq!(Record::parse(foreign), None, "{foreign}");
        }
    }
}
