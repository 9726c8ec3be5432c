//! A deployment: CreateDeployment, GetDeployments. A child of the API, deleted with it.
//!
//! A deployment is a snapshot of methods, integrations, authorizers and media types. A change of them reaches callers
//! only with the next deployment. AWS does not return a deployment's content, so there is no `Actual`: its description
//! holds a digest of its [`Snapshot`], and the stage's description holds a [`Record`] of which deployment we created
//! from which snapshot. A deployment is up to date while the stage points at the recorded one and the digest of the
//! desired snapshot is the same. If the stage was deleted or points elsewhere, the listed deployments show whether one
//! with the desired snapshot still exists. It is never changed, so there is [`create`] and no `reconcile`. It is never
//! created with a stage name: AWS would create or repoint the stage silently.

use anyhow::Result;
use serde_json::{Value, json};

use super::{Context, Reader, authorizer, cors, integration, method, paths, rest_api};
use crate::{
    aws::{ApiError, Doing as _, create},
    change::{Diff, FieldDiff, KNOWN_AFTER_APPLY, ResourceKind, sorted},
    names::digest_hex,
};

/// Everything that a deployment of this stack snapshots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot(Value);

impl Snapshot {
    pub fn new(
        api: &rest_api::Desired,
        method: &method::Desired,
        integration: &integration::Desired,
        cors: Option<&cors::Desired>,
        authorizer_id: &str,
        pool_arn: &str,
    ) -> Self {
        let mut content = json!({
            "binary_media_types": sorted(&api.binary_media_types),
            "authorizer": [authorizer_id, pool_arn, authorizer::IDENTITY_SOURCE],
            "method": [paths::HTTP_METHOD, sorted(&method.scopes)],
            "integration": [integration.uri, integration.timeout_ms],
        });
        if let Some(cors) = cors {
            let preflight = cors.preflight();
            let answer = (preflight.parameters(), preflight.request_template, preflight.response_template);
            content["cors"] = json!([answer, cors.refusal()]);
        }
        Self(content)
    }

    /// Differs whenever two snapshots differ. Short, because it is part of a description.
    pub fn digest(&self) -> String {
        // serde_json keeps keys in one order, so equal snapshots are equal text.
        digest_hex(&self.0.to_string(), 8)
    }
}

/// A deployment that we created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub deployment_id: String,
    /// [`Snapshot::digest`].
    pub snapshot: String,
}

impl Record {
    /// From a stage's description. `None` if we did not write it.
    pub fn parse(description: &str) -> Option<Self> {
        let mut words = description.strip_prefix("deployer ")?.split(' ');
        let deployment_id = words.next()?.strip_prefix("deployment=")?.to_owned();
        let snapshot = words.next()?.strip_prefix("snapshot=")?.to_owned();
        Some(Self { deployment_id, snapshot })
    }

    /// The description of a stage that serves it.
    pub fn description(&self) -> String {
        format!("deployer deployment={} snapshot={}", self.deployment_id, self.snapshot)
    }
}

/// How a deployment's own description begins.
const DESCRIPTION: &str = "deployer snapshot=";

/// The deployments that we created, newest first.
pub async fn list(cx: Reader<'_>, api_id: &str) -> Result<Vec<Record>> {
    let call = cx.aws.apigateway.get_deployments().rest_api_id(api_id).limit(500);
    let answer = call.into_paginator().items().send().try_collect().await;
    let mut ours = Vec::new();
    for item in answer.doing("reading the deployments of REST API", api_id)? {
        let snapshot = item.description().and_then(|text| text.strip_prefix(DESCRIPTION)).map(str::to_owned);
        let created = item.created_date.map_or(0, |date| date.as_nanos());
        if let (Some(snapshot), Some(deployment_id)) = (snapshot, item.id) {
            ours.push((created, Record { deployment_id, snapshot }));
        }
    }
    ours.sort_by_key(|(created, _)| std::cmp::Reverse(*created));
    Ok(ours.into_iter().map(|(_, record)| record).collect())
}

/// Whether a new deployment would hold what the last one does not. The digest is unknown while an id in it is.
pub fn diff(desired: Option<&str>, actual: Option<&str>) -> Vec<FieldDiff> {
    Diff::default().field("snapshot", Some(desired.unwrap_or(KNOWN_AFTER_APPLY)), Some(actual)).done()
}

/// Creates one and returns its id. When the answer is lost, a deployment with the same description is the one that was
/// created; two with the same snapshot would do no harm.
pub async fn create(cx: Context<'_>, api_id: &str, snapshot: &str) -> Result<String> {
    let description = format!("{DESCRIPTION}{snapshot}");
    let find = async || {
        let mut ours = list(cx.reader(), api_id).await?.into_iter();
        Ok(ours.find(|record| record.snapshot == snapshot).map(|record| record.deployment_id))
    };
    let send = async || {
        let call = cx.aws.apigateway.create_deployment().rest_api_id(api_id).description(&description);
        let answer =
            call.customize().config_override(create::api_gateway_once()).send().await.map_err(ApiError::from)?;
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
        method::Desired { scopes: vec!["s/a".into(), "s/b".into()] }
    }

    fn integration() -> integration::Desired {
        integration::Desired { uri: "uri".into(), timeout_ms: 29_000 }
    }

    #[derive(Clone)]
    struct Parts {
        api: rest_api::Desired,
        method: method::Desired,
        integration: integration::Desired,
        cors: Option<cors::Desired>,
        authorizer: &'static str,
        pool: &'static str,
    }

    impl Parts {
        fn digest(&self) -> String {
            let Self { api, method, integration, cors, authorizer, pool } = self;
            Snapshot::new(api, method, integration, cors.as_ref(), authorizer, pool).digest()
        }
    }

    #[test]
    fn the_digest_changes_with_everything_in_the_snapshot_and_with_nothing_else() {
        let parts = || Parts {
            api: api(),
            method: method(),
            integration: integration(),
            cors: None,
            authorizer: "auth",
            pool: "pool",
        };
        let same = parts().digest();
        let mut turned = parts();
        turned.method.scopes.reverse();
        assert_eq!(same, turned.digest(), "scopes are a set");
        let mut renamed = parts();
        renamed.api.name = "b".into();
        assert_eq!(same, renamed.digest(), "the name is not part of a snapshot");
        let changes: [fn(&mut Parts); 8] = [
            |parts| parts.api.binary_media_types = Vec::new(),
            |parts| parts.method.scopes = Vec::new(),
            |parts| parts.integration.uri = "x".into(),
            |parts| parts.integration.timeout_ms = 1,
            |parts| parts.cors = Some(cors::Desired { origins: vec!["*".into()] }),
            |parts| {
                parts.cors =
                    Some(cors::Desired { origins: vec!["https://a.example".into(), "http://b.example".into()] });
            },
            |parts| parts.authorizer = "x",
            |parts| parts.pool = "x",
        ];
        for change in changes {
            let mut other = parts();
            change(&mut other);
            assert_ne!(same, other.digest());
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
