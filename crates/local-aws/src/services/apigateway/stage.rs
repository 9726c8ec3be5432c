//! Stages: named deployments with their settings.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    error::{TAGS, bad_request, conflict, limit_exceeded},
    lookup::{api, api_mut, no_deployment, no_stage},
    patch::{self, Op, Patch},
};
use crate::{
    clock,
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    request::Request,
    state::{
        Tags,
        apigateway::{MethodSetting, RestApi, Stage},
    },
};

/// The account's rate and burst (default quotas), which a stage without limits shows.
const ACCOUNT_RATE: f64 = 10_000.0;
const ACCOUNT_BURST: u32 = 5000;

/// Stages per API (default quota).
const MAX_STAGES: usize = 10;

/// A stage with default settings.
pub(super) fn new(name: &str, deployment_id: &str, now_ms: u64) -> Stage {
    Stage {
        name: name.to_owned(),
        deployment_id: deployment_id.to_owned(),
        description: None,
        variables: BTreeMap::new(),
        method_settings: BTreeMap::new(),
        tags: Tags::new(),
        created_ms: now_ms,
        modified_ms: now_ms,
    }
}

pub(super) fn create(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    let name = input.required("stageName")?;
    check_name(name)?;
    let deployment_id = input.required("deploymentId")?;
    input.reject_unsupported(&["canarySettings", "cacheClusterEnabled", "tracingEnabled", "documentationVersion"])?;
    let mut stage = new(name, deployment_id, request.now_ms);
    stage.description = input.text("description")?.map(ToOwned::to_owned);
    stage.variables = input.text_map("variables")?.unwrap_or_default();
    check_variables(&stage.variables)?;
    stage.tags = TAGS.new_tags(input.text_map("tags")?)?;
    let shown = view(&stage);
    cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        if !api.deployments.contains_key(deployment_id) {
            return Err(no_deployment());
        }
        if api.stages.contains_key(name) {
            return Err(conflict("Stage already exists"));
        }
        check_stage_quota(api)?;
        api.stages.insert(name.to_owned(), stage);
        Ok(())
    })?;
    Ok(Response::created(shown))
}

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let shown = cloud.store.read(|state| {
        let found = api(request, state)?.stages.get(request.label(1));
        found.map(view).ok_or_else(no_stage)
    })?;
    Ok(Response::ok(shown))
}

/// Lists all stages, without pages, or those of the deployment that the request names.
pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let of = request.param("deploymentId");
    let shown: Vec<Value> = cloud.store.read(|state| {
        let stages = api(request, state)?.stages.values();
        Ok::<_, ApiError>(stages.filter(|stage| of.is_none_or(|id| stage.deployment_id == id)).map(view).collect())
    })?;
    Ok(Response::ok(json!({ "item": shown })))
}

pub(super) fn update(cloud: &Cloud, request: &Request) -> Outcome {
    patch::update(cloud, request, |api, patches| {
        let deployments = &api.deployments;
        let stage = api.stages.get_mut(request.label(1)).ok_or_else(no_stage)?;
        for patch in patches {
            apply(stage, patch, |id| deployments.contains_key(id))?;
        }
        check_variables(&stage.variables)?;
        stage.modified_ms = request.now_ms;
        Ok(view(stage))
    })
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    cloud.store.write(|state| {
        let removed = api_mut(request, state.region_mut(&request.region))?.stages.remove(request.label(1));
        removed.map(|_| ()).ok_or_else(no_stage)
    })?;
    Ok(Response::empty(202))
}

/// Refuses a new stage if the API has the maximum number already.
pub(super) fn check_stage_quota(api: &RestApi) -> Result<(), ApiError> {
    if api.stages.len() < MAX_STAGES {
        return Ok(());
    }
    Err(limit_exceeded("Maximum number of stages for this API has been reached. Please contact AWS if you need more."))
}

/// Refuses names that are not valid in a URL.
pub(super) fn check_name(name: &str) -> Result<(), ApiError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if name.is_empty() || name.len() > 128 || !name.bytes().all(allowed) {
        return Err(bad_request("Stage name only allows a-zA-Z0-9_"));
    }
    Ok(())
}

/// Refuses names and values that AWS does not allow for stage variables.
pub(super) fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), ApiError> {
    for (name, value) in variables {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || name.len() > 64 || !name.bytes().all(word) {
            return Err(bad_request(format!(
                "Stage variable name {name:?} must have 1 to 64 characters of a-zA-Z0-9_"
            )));
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/?#&=,".contains(&byte);
        if value.len() > 512 || !value.bytes().all(allowed) {
            return Err(bad_request(format!("The value of stage variable {name} has characters that are not allowed")));
        }
    }
    Ok(())
}

fn apply(stage: &mut Stage, patch: &Patch, deployed: impl Fn(&str) -> bool) -> Result<(), ApiError> {
    match (patch.op, patch.parts().as_slice()) {
        (Op::Replace, ["deploymentId"]) => {
            let id = patch.value()?;
            if !deployed(id) {
                return Err(no_deployment());
            }
            id.clone_into(&mut stage.deployment_id);
        }
        (Op::Replace, ["description"]) => stage.description = patch.optional(),
        (Op::Add | Op::Replace, ["variables", name]) => {
            stage.variables.insert((*name).to_owned(), patch.value()?.to_owned());
        }
        (Op::Remove, ["variables", name]) => drop(stage.variables.remove(*name)),
        (Op::Remove, [path, verb]) => drop(stage.method_settings.remove(&setting_key(path, verb))),
        (Op::Replace, [path, verb, group, setting]) => {
            let settings = stage.method_settings.entry(setting_key(path, verb)).or_default();
            match (*group, *setting) {
                ("throttling", "rateLimit") => {
                    let rate: f64 = patch.parsed()?;
                    if !rate.is_finite() || rate < -1.0 {
                        return Err(bad_request(format!("Invalid rate limit: {rate}")));
                    }
                    // -1 removes the limit.
                    settings.throttling_rate_limit = (rate >= 0.0).then_some(rate);
                }
                ("throttling", "burstLimit") => {
                    let burst: i64 = patch.parsed()?;
                    if burst < -1 {
                        return Err(bad_request(format!("Invalid burst limit: {burst}")));
                    }
                    settings.throttling_burst_limit = u32::try_from(burst).ok();
                }
                ("logging", "loglevel") => {
                    let level = patch.value()?;
                    if !["OFF", "ERROR", "INFO"].contains(&level) {
                        return Err(bad_request(format!("Invalid logging level: {level}")));
                    }
                    settings.logging_level = Some(level.to_owned());
                }
                ("logging", "dataTrace") => settings.data_trace_enabled = patch.flag()?,
                ("metrics", "enabled") => settings.metrics_enabled = patch.flag()?,
                _ => return Err(patch.unsupported()),
            }
        }
        _ => return Err(patch.unsupported()),
    }
    Ok(())
}

/// The key of a method setting: `*/*` for all methods, otherwise the path without its first slash, and the verb.
fn setting_key(path: &str, verb: &str) -> String {
    format!("{}/{verb}", path.strip_prefix('/').unwrap_or(path))
}

fn view(stage: &Stage) -> Value {
    let settings: BTreeMap<&String, Value> =
        stage.method_settings.iter().map(|(key, setting)| (key, view_setting(setting))).collect();
    json!({
        "stageName": stage.name,
        "deploymentId": stage.deployment_id,
        "cacheClusterEnabled": false,
        "cacheClusterStatus": "NOT_AVAILABLE",
        "methodSettings": settings,
        "tracingEnabled": false,
        "createdDate": clock::epoch_s(stage.created_ms),
        "lastUpdatedDate": clock::epoch_s(stage.modified_ms),
        "description": stage.description,
        "variables": (!stage.variables.is_empty()).then_some(&stage.variables),
        "tags": (!stage.tags.is_empty()).then_some(&stage.tags),
    })
}

fn view_setting(setting: &MethodSetting) -> Value {
    json!({
        "metricsEnabled": setting.metrics_enabled,
        "loggingLevel": setting.logging_level.as_deref().unwrap_or("OFF"),
        "dataTraceEnabled": setting.data_trace_enabled,
        "throttlingBurstLimit": setting.throttling_burst_limit.unwrap_or(ACCOUNT_BURST),
        "throttlingRateLimit": setting.throttling_rate_limit.unwrap_or(ACCOUNT_RATE),
        "cachingEnabled": false,
        "cacheTtlInSeconds": 300,
        "cacheDataEncrypted": false,
        "requireAuthorizationForCacheControl": true,
        "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
    })
}
