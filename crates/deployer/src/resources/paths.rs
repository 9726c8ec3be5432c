//! The paths of a REST API with the methods and integrations on them: GetResources.
//!
//! API Gateway calls a path a resource. One listing with `embed=methods` holds all that [`super::method`] and
//! [`super::integration`] compare, so it is read once for both.

use anyhow::{Context as _, Result};
use aws_sdk_apigateway::types::{Method, Resource};

use super::Reader;
use crate::aws::{Doing as _, none_if_not_found};

/// The one method of a stack's API.
pub const HTTP_METHOD: &str = "POST";

/// The root path `/` of an API, where its method is.
#[derive(Debug, Clone, Copy)]
pub struct Root<'a> {
    pub api_id: &'a str,
    /// Id of the path.
    pub id: &'a str,
}

/// Reads all paths of an API. There are none where there is no API.
pub async fn list(cx: Reader<'_>, api_id: &str) -> Result<Vec<Resource>> {
    let call = cx.aws.apigateway.get_resources().rest_api_id(api_id).limit(500).embed("methods");
    let answer = call.into_paginator().items().send().try_collect().await;
    Ok(none_if_not_found(answer).doing("reading the resources of REST API", api_id)?.unwrap_or_default())
}

/// The root path. Every API has one.
fn root(paths: &[Resource]) -> Option<&Resource> {
    paths.iter().find(|path| path.path() == Some("/"))
}

/// Id of the root path.
pub fn root_id(paths: &[Resource]) -> Option<&str> {
    root(paths)?.id()
}

/// Reads the id of the root path of an API that was just created.
pub async fn read_root_id(cx: Reader<'_>, api_id: &str) -> Result<String> {
    let paths = list(cx, api_id).await?;
    let id = root_id(&paths).with_context(|| format!("reading REST API \"{api_id}\": it has no root resource"))?;
    Ok(id.to_owned())
}

/// A method of the root path.
pub fn on_root<'a>(paths: &'a [Resource], verb: &str) -> Option<&'a Method> {
    root(paths)?.resource_methods()?.get(verb)
}

/// Our method: POST on the root path.
pub fn our_method(paths: &[Resource]) -> Option<&Method> {
    on_root(paths, HTTP_METHOD)
}
