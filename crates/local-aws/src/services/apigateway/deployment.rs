//! Deployments: snapshots of an API's configuration.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    error::bad_request,
    listing::Listing,
    lookup::{api, api_mut, no_deployment},
    patch::{self, Op},
    stage,
};
use crate::{
    clock,
    cloud::Cloud,
    outcome::{ApiError, Outcome, Response},
    random::{self, Alphabet},
    request::Request,
    state::apigateway::{Deployment, Snapshot},
};

/// With a stage name, also creates the stage, or points an existing one to the new deployment.
pub(super) fn create(cloud: &Cloud, request: &Request) -> Outcome {
    let input = request.input();
    input.reject_unsupported(&["canarySettings", "cacheClusterEnabled", "tracingEnabled"])?;
    let stage_name = input.text("stageName")?.filter(|name| !name.is_empty());
    if let Some(name) = stage_name {
        stage::check_name(name)?;
    }
    let stage_description = input.text("stageDescription")?;
    let variables = input.text_map("variables")?;
    let description = input.text("description")?.map(ToOwned::to_owned);
    let id = random::id(Alphabet::LowerAlphanumeric, 6);
    let shown = cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        check(&api.current)?;
        let deployment =
            Deployment { id: id.clone(), description, snapshot: api.current.clone(), created_ms: request.now_ms };
        let shown = view(&deployment);
        api.deployments.insert(id.clone(), deployment);
        if let Some(name) = stage_name {
            if !api.stages.contains_key(name) {
                stage::check_stage_quota(api)?;
            }
            let fresh = || stage::new(name, &id, request.now_ms);
            let stage = api.stages.entry(name.to_owned()).or_insert_with(fresh);
            stage.deployment_id.clone_from(&id);
            stage.modified_ms = request.now_ms;
            if let Some(description) = stage_description {
                stage.description = Some(description.to_owned());
            }
            if let Some(variables) = variables {
                stage::check_variables(&variables)?;
                stage.variables = variables;
            }
        }
        Ok::<_, ApiError>(shown)
    })?;
    Ok(Response::created(shown))
}

pub(super) fn get(cloud: &Cloud, request: &Request) -> Outcome {
    let embed = request.params("embed").any(|what| what == "apisummary");
    let shown = cloud.store.read(|state| {
        let deployment = api(request, state)?.deployments.get(request.label(1)).ok_or_else(no_deployment)?;
        let mut shown = view(deployment);
        if embed {
            shown["apiSummary"] = summary(&deployment.snapshot);
        }
        Ok::<_, ApiError>(shown)
    })?;
    Ok(Response::ok(shown))
}

pub(super) fn list(cloud: &Cloud, request: &Request) -> Outcome {
    let listing = Listing::read(request)?;
    let shown = cloud.store.read(|state| {
        let deployments = api(request, state)?.deployments.values();
        Ok::<_, ApiError>(listing.show(deployments.map(|deployment| (deployment.id.as_str(), view(deployment)))))
    })?;
    Ok(Response::ok(shown))
}

pub(super) fn update(cloud: &Cloud, request: &Request) -> Outcome {
    patch::update(cloud, request, |api, patches| {
        let deployment = api.deployments.get_mut(request.label(1)).ok_or_else(no_deployment)?;
        for patch in patches {
            match (patch.op, patch.parts().as_slice()) {
                (Op::Replace, ["description"]) => deployment.description = patch.optional(),
                _ => return Err(patch.unsupported()),
            }
        }
        Ok(view(deployment))
    })
}

pub(super) fn delete(cloud: &Cloud, request: &Request) -> Outcome {
    let id = request.label(1);
    cloud.store.write(|state| {
        let api = api_mut(request, state.region_mut(&request.region))?;
        if !api.deployments.contains_key(id) {
            return Err(no_deployment());
        }
        if api.stages.values().any(|stage| stage.deployment_id == id) {
            return Err(bad_request("Active stages pointing to this deployment must be moved or deleted"));
        }
        api.deployments.remove(id);
        Ok(())
    })?;
    Ok(Response::empty(202))
}

/// Checks that the API has methods, all with an integration.
fn check(snapshot: &Snapshot) -> Result<(), ApiError> {
    let mut methods = snapshot.resources.values().flat_map(|resource| resource.methods.values()).peekable();
    if methods.peek().is_none() {
        return Err(bad_request("The REST API doesn't contain any methods"));
    }
    if methods.any(|method| method.integration.is_none()) {
        return Err(bad_request("No integration defined for method"));
    }
    Ok(())
}

fn view(deployment: &Deployment) -> Value {
    json!({
        "id": deployment.id,
        "description": deployment.description,
        "createdDate": clock::epoch_s(deployment.created_ms),
    })
}

fn summary(snapshot: &Snapshot) -> Value {
    let paths: BTreeMap<&str, Value> = snapshot
        .resources
        .values()
        .map(|resource| {
            let methods: BTreeMap<&str, Value> = resource
                .methods
                .iter()
                .map(|(verb, method)| {
                    let shown =
                        json!({ "authorizationType": method.authorization_type, "apiKeyRequired": method.api_key_required });
                    (verb.as_str(), shown)
                })
                .collect();
            (resource.path.as_str(), json!(methods))
        })
        .collect();
    json!(paths)
}
