//! API Gateway REST APIs: resources, methods, integrations, authorizers, deployments and stages.

mod authorizer;
mod deployment;
mod integration;
mod method;
mod patch;
mod resource;
mod rest_api;
mod stage;
mod tag;

use super::Call;
use crate::{
    protocol::{ApiError, Outcome},
    state::{
        Region, State,
        apigateway::{Method, Resource, RestApi},
    },
};

/// The operation that a verb and path stand for.
pub(super) fn route(method: &str, parts: &[&str]) -> Option<(&'static str, Vec<String>)> {
    let (operation, labels): (_, &[&str]) = match (method, parts) {
        ("POST", ["restapis"]) => ("CreateRestApi", &[]),
        ("GET", ["restapis"]) => ("GetRestApis", &[]),
        ("GET", ["restapis", api]) => ("GetRestApi", &[*api]),
        ("PATCH", ["restapis", api]) => ("UpdateRestApi", &[*api]),
        ("DELETE", ["restapis", api]) => ("DeleteRestApi", &[*api]),
        ("GET", ["restapis", api, "resources"]) => ("GetResources", &[*api]),
        ("POST", ["restapis", api, "resources", id]) => ("CreateResource", &[*api, *id]),
        ("GET", ["restapis", api, "resources", id]) => ("GetResource", &[*api, *id]),
        ("DELETE", ["restapis", api, "resources", id]) => ("DeleteResource", &[*api, *id]),
        (verb, ["restapis", api, "resources", id, "methods", http]) => {
            let operation = match verb {
                "PUT" => "PutMethod",
                "GET" => "GetMethod",
                "PATCH" => "UpdateMethod",
                "DELETE" => "DeleteMethod",
                _ => return None,
            };
            (operation, &[*api, *id, *http])
        }
        (verb, ["restapis", api, "resources", id, "methods", http, "integration"]) => {
            let operation = match verb {
                "PUT" => "PutIntegration",
                "GET" => "GetIntegration",
                "PATCH" => "UpdateIntegration",
                "DELETE" => "DeleteIntegration",
                _ => return None,
            };
            (operation, &[*api, *id, *http])
        }
        ("POST", ["restapis", api, "authorizers"]) => ("CreateAuthorizer", &[*api]),
        ("GET", ["restapis", api, "authorizers"]) => ("GetAuthorizers", &[*api]),
        ("GET", ["restapis", api, "authorizers", id]) => ("GetAuthorizer", &[*api, *id]),
        ("PATCH", ["restapis", api, "authorizers", id]) => ("UpdateAuthorizer", &[*api, *id]),
        ("DELETE", ["restapis", api, "authorizers", id]) => ("DeleteAuthorizer", &[*api, *id]),
        ("POST", ["restapis", api, "deployments"]) => ("CreateDeployment", &[*api]),
        ("GET", ["restapis", api, "deployments"]) => ("GetDeployments", &[*api]),
        ("GET", ["restapis", api, "deployments", id]) => ("GetDeployment", &[*api, *id]),
        ("PATCH", ["restapis", api, "deployments", id]) => ("UpdateDeployment", &[*api, *id]),
        ("DELETE", ["restapis", api, "deployments", id]) => ("DeleteDeployment", &[*api, *id]),
        ("POST", ["restapis", api, "stages"]) => ("CreateStage", &[*api]),
        ("GET", ["restapis", api, "stages"]) => ("GetStages", &[*api]),
        ("GET", ["restapis", api, "stages", name]) => ("GetStage", &[*api, *name]),
        ("PATCH", ["restapis", api, "stages", name]) => ("UpdateStage", &[*api, *name]),
        ("DELETE", ["restapis", api, "stages", name]) => ("DeleteStage", &[*api, *name]),
        ("PUT", ["tags", arn @ ..]) => return Some(("TagResource", vec![arn.join("/")])),
        ("DELETE", ["tags", arn @ ..]) => return Some(("UntagResource", vec![arn.join("/")])),
        ("GET", ["tags", arn @ ..]) => return Some(("GetTags", vec![arn.join("/")])),
        _ => return None,
    };
    Some((operation, labels.iter().map(|label| (*label).to_owned()).collect()))
}

/// Runs an operation of API Gateway.
pub(super) fn run(call: &Call) -> Outcome {
    match call.operation.as_str() {
        "CreateRestApi" => rest_api::create(call),
        "GetRestApi" => rest_api::get(call),
        "GetRestApis" => rest_api::list(call),
        "UpdateRestApi" => rest_api::update(call),
        "DeleteRestApi" => rest_api::delete(call),
        "CreateResource" => resource::create(call),
        "GetResource" => resource::get(call),
        "GetResources" => resource::list(call),
        "DeleteResource" => resource::delete(call),
        "PutMethod" => method::put(call),
        "GetMethod" => method::get(call),
        "UpdateMethod" => method::update(call),
        "DeleteMethod" => method::delete(call),
        "PutIntegration" => integration::put(call),
        "GetIntegration" => integration::get(call),
        "UpdateIntegration" => integration::update(call),
        "DeleteIntegration" => integration::delete(call),
        "CreateAuthorizer" => authorizer::create(call),
        "GetAuthorizer" => authorizer::get(call),
        "GetAuthorizers" => authorizer::list(call),
        "UpdateAuthorizer" => authorizer::update(call),
        "DeleteAuthorizer" => authorizer::delete(call),
        "CreateDeployment" => deployment::create(call),
        "GetDeployment" => deployment::get(call),
        "GetDeployments" => deployment::list(call),
        "UpdateDeployment" => deployment::update(call),
        "DeleteDeployment" => deployment::delete(call),
        "CreateStage" => stage::create(call),
        "GetStage" => stage::get(call),
        "GetStages" => stage::list(call),
        "UpdateStage" => stage::update(call),
        "DeleteStage" => stage::delete(call),
        "TagResource" => tag::tag(call),
        "UntagResource" => tag::untag(call),
        "GetTags" => tag::list(call),
        other => Err(ApiError::not_implemented(&format!("apigateway:{other}"))),
    }
}

fn bad_request(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "BadRequestException", message)
}

fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new(409, "ConflictException", message)
}

fn limit_exceeded(message: impl Into<String>) -> ApiError {
    ApiError::new(429, "LimitExceededException", message)
}

fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new(404, "NotFoundException", message)
}

fn no_api(call: &Call, id: &str) -> ApiError {
    not_found(format!("Invalid API identifier specified {}:{id}", call.account()))
}

/// The API that the path names.
fn api<'a>(call: &Call, state: &'a State) -> Result<&'a RestApi, ApiError> {
    let id = call.label(0);
    state.region(&call.region).and_then(|region| region.apis.get(id)).ok_or_else(|| no_api(call, id))
}

/// The API that the path names, to change it.
fn api_mut<'a>(call: &Call, region: &'a mut Region) -> Result<&'a mut RestApi, ApiError> {
    let id = call.label(0);
    region.apis.get_mut(id).ok_or_else(|| no_api(call, id))
}

fn no_resource() -> ApiError {
    not_found("Invalid Resource identifier specified")
}

/// The resource that the path names.
fn resource_of<'a>(call: &Call, api: &'a RestApi) -> Result<&'a Resource, ApiError> {
    api.current.resources.get(call.label(1)).ok_or_else(no_resource)
}

/// The resource that the path names, to change it.
fn resource_of_mut<'a>(call: &Call, api: &'a mut RestApi) -> Result<&'a mut Resource, ApiError> {
    api.current.resources.get_mut(call.label(1)).ok_or_else(no_resource)
}

fn no_method() -> ApiError {
    not_found("Invalid Method identifier specified")
}

/// The method that the path names.
fn method_of<'a>(call: &Call, api: &'a RestApi) -> Result<&'a Method, ApiError> {
    resource_of(call, api)?.methods.get(call.label(2)).ok_or_else(no_method)
}

/// The method that the path names, to change it.
fn method_of_mut<'a>(call: &Call, api: &'a mut RestApi) -> Result<&'a mut Method, ApiError> {
    resource_of_mut(call, api)?.methods.get_mut(call.label(2)).ok_or_else(no_method)
}

/// `limit` of a listing: 25 unless given, at most 500.
fn page_size(call: &Call) -> Result<u32, ApiError> {
    match call.param("limit").map(str::parse::<u32>) {
        None => Ok(25),
        Some(Ok(limit @ 1..=500)) => Ok(limit),
        Some(_) => Err(bad_request("Invalid limit: it must be between 1 and 500")),
    }
}

/// A page as API Gateway shows it.
fn items(found: (Vec<serde_json::Value>, Option<String>)) -> serde_json::Value {
    let (items, next) = found;
    let mut document = serde_json::json!({ "item": items });
    if let Some(next) = next {
        document["position"] = serde_json::json!(next);
    }
    document
}
