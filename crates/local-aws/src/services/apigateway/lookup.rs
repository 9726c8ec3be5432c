//! Finds the resources in a request's path, or returns AWS's error.

use super::error::not_found;
use crate::{
    outcome::ApiError,
    request::Request,
    state::{
        Region, State,
        apigateway::{Method, Resource, RestApi},
    },
};

pub(super) fn no_api(request: &Request, id: &str) -> ApiError {
    not_found(format!("Invalid API identifier specified {}:{id}", request.account()))
}

pub(super) fn api<'a>(request: &Request, state: &'a State) -> Result<&'a RestApi, ApiError> {
    let id = request.label(0);
    state.region(&request.region).and_then(|region| region.apis.get(id)).ok_or_else(|| no_api(request, id))
}

pub(super) fn api_mut<'a>(request: &Request, region: &'a mut Region) -> Result<&'a mut RestApi, ApiError> {
    let id = request.label(0);
    region.apis.get_mut(id).ok_or_else(|| no_api(request, id))
}

pub(super) fn no_resource() -> ApiError {
    not_found("Invalid Resource identifier specified")
}

pub(super) fn resource_of<'a>(request: &Request, api: &'a RestApi) -> Result<&'a Resource, ApiError> {
    api.current.resources.get(request.label(1)).ok_or_else(no_resource)
}

pub(super) fn resource_of_mut<'a>(request: &Request, api: &'a mut RestApi) -> Result<&'a mut Resource, ApiError> {
    api.current.resources.get_mut(request.label(1)).ok_or_else(no_resource)
}

pub(super) fn no_method() -> ApiError {
    not_found("Invalid Method identifier specified")
}

pub(super) fn method_of<'a>(request: &Request, api: &'a RestApi) -> Result<&'a Method, ApiError> {
    resource_of(request, api)?.methods.get(request.label(2)).ok_or_else(no_method)
}

pub(super) fn method_of_mut<'a>(request: &Request, api: &'a mut RestApi) -> Result<&'a mut Method, ApiError> {
    resource_of_mut(request, api)?.methods.get_mut(request.label(2)).ok_or_else(no_method)
}

pub(super) fn no_deployment() -> ApiError {
    not_found("Invalid Deployment identifier specified")
}

pub(super) fn no_stage() -> ApiError {
    not_found("Invalid Stage identifier specified")
}
