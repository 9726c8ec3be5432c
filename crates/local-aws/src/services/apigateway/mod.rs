//! API Gateway REST APIs: resources, methods, integrations, their responses, gateway responses, authorizers, deployments and
//! stages.

mod authorizer;
mod deployment;
mod error;
mod gateway_response;
mod integration;
mod listing;
mod lookup;
mod method;
mod patch;
mod permissions;
mod quota;
mod resource;
mod response;
mod rest_api;
mod stage;
mod tag;

use self::{permissions::on_path, quota::SHARED};
use crate::{
    operation::{Operation, read, rest, write},
    service::Service::ApiGateway,
};

/// Every operation of API Gateway.
#[rustfmt::skip]
pub(crate) static OPERATIONS: &[Operation] = &[
    write(ApiGateway, "CreateRestApi", rest("POST", "/restapis"), quota::CREATE_REST_API, permissions::create_rest_api, rest_api::create),
    read(ApiGateway, "GetRestApis", rest("GET", "/restapis"), SHARED, on_path, rest_api::list),
    read(ApiGateway, "GetRestApi", rest("GET", "/restapis/{restapi_id}"), SHARED, on_path, rest_api::get),
    write(ApiGateway, "UpdateRestApi", rest("PATCH", "/restapis/{restapi_id}"), SHARED, on_path, rest_api::update),
    write(ApiGateway, "DeleteRestApi", rest("DELETE", "/restapis/{restapi_id}"), quota::DELETE_REST_API, on_path, rest_api::delete),

    read(ApiGateway, "GetResources", rest("GET", "/restapis/{restapi_id}/resources"), quota::GET_RESOURCES, on_path, resource::list),
    write(ApiGateway, "CreateResource", rest("POST", "/restapis/{restapi_id}/resources/{parent_id}"), quota::CHANGE_RESOURCE, on_path, resource::create),
    read(ApiGateway, "GetResource", rest("GET", "/restapis/{restapi_id}/resources/{resource_id}"), SHARED, on_path, resource::get),
    write(ApiGateway, "DeleteResource", rest("DELETE", "/restapis/{restapi_id}/resources/{resource_id}"), quota::CHANGE_RESOURCE, on_path, resource::delete),

    write(ApiGateway, "PutMethod", rest("PUT", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}"), SHARED, on_path, method::put),
    read(ApiGateway, "GetMethod", rest("GET", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}"), SHARED, on_path, method::get),
    write(ApiGateway, "UpdateMethod", rest("PATCH", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}"), SHARED, on_path, method::update),
    write(ApiGateway, "DeleteMethod", rest("DELETE", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}"), SHARED, on_path, method::delete),

    write(ApiGateway, "PutIntegration", rest("PUT", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration"), SHARED, on_path, integration::put),
    read(ApiGateway, "GetIntegration", rest("GET", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration"), SHARED, on_path, integration::get),
    write(ApiGateway, "UpdateIntegration", rest("PATCH", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration"), SHARED, on_path, integration::update),
    write(ApiGateway, "DeleteIntegration", rest("DELETE", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration"), SHARED, on_path, integration::delete),

    write(ApiGateway, "PutMethodResponse", rest("PUT", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/responses/{status_code}"), SHARED, on_path, response::put_method_response),
    write(ApiGateway, "PutIntegrationResponse", rest("PUT", "/restapis/{restapi_id}/resources/{resource_id}/methods/{http_method}/integration/responses/{status_code}"), SHARED, on_path, response::put_integration_response),

    write(ApiGateway, "PutGatewayResponse", rest("PUT", "/restapis/{restapi_id}/gatewayresponses/{response_type}"), SHARED, on_path, gateway_response::put),
    read(ApiGateway, "GetGatewayResponses", rest("GET", "/restapis/{restapi_id}/gatewayresponses"), SHARED, on_path, gateway_response::list),
    write(ApiGateway, "DeleteGatewayResponse", rest("DELETE", "/restapis/{restapi_id}/gatewayresponses/{response_type}"), SHARED, on_path, gateway_response::delete),

    write(ApiGateway, "CreateAuthorizer", rest("POST", "/restapis/{restapi_id}/authorizers"), SHARED, on_path, authorizer::create),
    read(ApiGateway, "GetAuthorizers", rest("GET", "/restapis/{restapi_id}/authorizers"), SHARED, on_path, authorizer::list),
    read(ApiGateway, "GetAuthorizer", rest("GET", "/restapis/{restapi_id}/authorizers/{authorizer_id}"), SHARED, on_path, authorizer::get),
    write(ApiGateway, "UpdateAuthorizer", rest("PATCH", "/restapis/{restapi_id}/authorizers/{authorizer_id}"), SHARED, on_path, authorizer::update),
    write(ApiGateway, "DeleteAuthorizer", rest("DELETE", "/restapis/{restapi_id}/authorizers/{authorizer_id}"), SHARED, on_path, authorizer::delete),

    write(ApiGateway, "CreateDeployment", rest("POST", "/restapis/{restapi_id}/deployments"), quota::CREATE_DEPLOYMENT, on_path, deployment::create),
    read(ApiGateway, "GetDeployments", rest("GET", "/restapis/{restapi_id}/deployments"), SHARED, on_path, deployment::list),
    read(ApiGateway, "GetDeployment", rest("GET", "/restapis/{restapi_id}/deployments/{deployment_id}"), SHARED, on_path, deployment::get),
    write(ApiGateway, "UpdateDeployment", rest("PATCH", "/restapis/{restapi_id}/deployments/{deployment_id}"), SHARED, on_path, deployment::update),
    write(ApiGateway, "DeleteDeployment", rest("DELETE", "/restapis/{restapi_id}/deployments/{deployment_id}"), SHARED, on_path, deployment::delete),

    write(ApiGateway, "CreateStage", rest("POST", "/restapis/{restapi_id}/stages"), SHARED, permissions::create_stage, stage::create),
    read(ApiGateway, "GetStages", rest("GET", "/restapis/{restapi_id}/stages"), SHARED, on_path, stage::list),
    read(ApiGateway, "GetStage", rest("GET", "/restapis/{restapi_id}/stages/{stage_name}"), SHARED, on_path, stage::get),
    write(ApiGateway, "UpdateStage", rest("PATCH", "/restapis/{restapi_id}/stages/{stage_name}"), SHARED, on_path, stage::update),
    write(ApiGateway, "DeleteStage", rest("DELETE", "/restapis/{restapi_id}/stages/{stage_name}"), SHARED, on_path, stage::delete),

    // Clients may send the slashes of an ARN unencoded.
    write(ApiGateway, "TagResource", rest("PUT", "/tags/{resource_arn+}"), SHARED, permissions::tag, tag::tag),
    write(ApiGateway, "UntagResource", rest("DELETE", "/tags/{resource_arn+}"), SHARED, permissions::untag, tag::untag),
    read(ApiGateway, "GetTags", rest("GET", "/tags/{resource_arn+}"), SHARED, permissions::get_tags, tag::list),
];
