//! REST APIs.

use aws_sdk_apigateway::{
    Client,
    types::{AuthorizerType, EndpointConfiguration, EndpointType, IntegrationType, Op, PatchOperation},
};

use super::{Table, tags};
use crate::cloud::Cloud;

const API: &str = "API Gateway API reference, CreateRestApi";
const RESOURCE: &str = "API Gateway API reference, CreateResource";
const METHOD: &str = "API Gateway API reference, PutMethod";
const INTEGRATION: &str = "API Gateway API reference, PutIntegration";
const METHOD_RESPONSE: &str = "API Gateway API reference, PutMethodResponse";
const INTEGRATION_RESPONSE: &str = "API Gateway API reference, PutIntegrationResponse";
const GATEWAY_RESPONSE: &str = "API Gateway API reference, PutGatewayResponse";
const AUTHORIZER: &str = "API Gateway API reference, CreateAuthorizer";
const DEPLOYMENT: &str = "API Gateway API reference, CreateDeployment";
const STAGE: &str = "API Gateway API reference, CreateStage";
const PATCH: &str = "API Gateway API reference, *Patch operations*";
const QUOTAS: &str = "API Gateway developer guide, *Quotas*";
const TAGS: &str = "API Gateway API reference, TagResource";

const BAD: (u16, &str) = (400, "BadRequestException");
const CONFLICT: (u16, &str) = (409, "ConflictException");
const ABSENT: (u16, &str) = (404, "NotFoundException");
const LIMIT: (u16, &str) = (429, "LimitExceededException");

const POOL: &str = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abcdefghi";
const URI: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations";

async fn api(gateway: &Client) -> (String, String) {
    let made = gateway.create_rest_api().name("api").send().await.unwrap();
    (made.id.unwrap(), made.root_resource_id.unwrap())
}

fn patch(op: Op, path: &str, value: Option<&str>) -> PatchOperation {
    PatchOperation::builder().op(op).path(path).set_value(value.map(Into::into)).build()
}

#[tokio::test]
async fn apis_resources_and_methods() {
    let cloud = Cloud::start().await;
    let gateway = cloud.gateway();
    let (id, root) = api(&gateway).await;
    let mut table = Table::default();
    table.refused("an API without a name", API, BAD, gateway.create_rest_api().name("").send().await);
    let endpoint = EndpointConfiguration::builder().types(EndpointType::from("GLOBAL")).build();
    let global = gateway.create_rest_api().name("a").endpoint_configuration(endpoint).send().await;
    table.refused("an endpoint type that does not exist", API, BAD, global);
    let size = gateway.create_rest_api().name("a").minimum_compression_size(10_485_761).send().await;
    table.refused("a compression from over 10 MB on", API, BAD, size);
    table.refused(
        "reading an unknown API",
        "API Gateway API reference, GetRestApi",
        ABSENT,
        gateway.get_rest_api().rest_api_id("absent").send().await,
    );
    let page = gateway.get_rest_apis().limit(501).send().await;
    table.refused("501 APIs on a page", "API Gateway API reference, GetRestApis", BAD, page);

    let create = |part: &str| gateway.create_resource().rest_api_id(&id).parent_id(&root).path_part(part).send();
    create("a").await.unwrap();
    create("{x}").await.unwrap();
    table.refused("a resource twice", RESOURCE, CONFLICT, create("a").await);
    table.refused("a path part with a slash", RESOURCE, BAD, create("a/b").await);
    table.refused("two path variables side by side", RESOURCE, BAD, create("{y}").await);
    let orphan = gateway.create_resource().rest_api_id(&id).parent_id("absent").path_part("b").send().await;
    table.refused("a resource of an unknown parent", RESOURCE, ABSENT, orphan);
    let delete = gateway.delete_resource().rest_api_id(&id).resource_id(&root).send().await;
    table.refused("deleting the root resource", "API Gateway API reference, DeleteResource", BAD, delete);

    let method = |verb: &str| gateway.put_method().rest_api_id(&id).resource_id(&root).http_method(verb);
    method("POST").authorization_type("NONE").send().await.unwrap();
    table.refused("a method twice", METHOD, CONFLICT, method("POST").authorization_type("NONE").send().await);
    table.refused(
        "a verb that HTTP does not have",
        METHOD,
        BAD,
        method("FETCH").authorization_type("NONE").send().await,
    );
    let kind = method("PUT").authorization_type("MAYBE").send().await;
    table.refused("an authorization type that does not exist", METHOD, BAD, kind);
    let none = method("PUT").authorization_type("COGNITO_USER_POOLS").send().await;
    table.refused("COGNITO_USER_POOLS without an authorizer", METHOD, BAD, none);
    let absent = method("PUT").authorization_type("COGNITO_USER_POOLS").authorizer_id("absent").send().await;
    table.refused("a method with an unknown authorizer", METHOD, BAD, absent);
    let scopes = method("PUT").authorization_type("NONE").authorization_scopes("api/read").send().await;
    table.refused("scopes without COGNITO_USER_POOLS", METHOD, BAD, scopes);

    let integration = |verb: &str, timeout, uri: &str| {
        let request = gateway.put_integration().rest_api_id(&id).resource_id(&root).http_method(verb).uri(uri);
        request.r#type(IntegrationType::AwsProxy).integration_http_method("POST").timeout_in_millis(timeout).send()
    };
    for timeout in [49, 29_001] {
        let rule = format!("an integration's time-out of {timeout} ms");
        table.refused(&rule, QUOTAS, BAD, integration("POST", timeout, URI).await);
    }
    table.accepted("an integration's time-out of 50 ms", QUOTAS, integration("POST", 50, URI).await);
    table.refused(
        "an integration's URI that is not a function's",
        INTEGRATION,
        BAD,
        integration("POST", 50, "here").await,
    );
    table.refused("an integration of an unknown method", INTEGRATION, ABSENT, integration("PUT", 50, URI).await);
    let verbless = gateway.put_integration().rest_api_id(&id).resource_id(&root).http_method("POST").uri(URI);
    let verbless = verbless.r#type(IntegrationType::AwsProxy).send().await;
    table.refused("an integration without a verb towards the function", INTEGRATION, BAD, verbless);

    let update = |patch| gateway.update_rest_api().rest_api_id(&id).patch_operations(patch).send();
    table.refused(
        "an API's patch of an unknown path",
        PATCH,
        BAD,
        update(patch(Op::Replace, "/nothing", Some("x"))).await,
    );
    table.refused("a patch whose path has no slash", PATCH, BAD, update(patch(Op::Replace, "name", Some("x"))).await);
    table.refused("a patch without a value", PATCH, BAD, update(patch(Op::Replace, "/name", None)).await);
    table.refused(
        "a patch operation that does not exist",
        PATCH,
        BAD,
        update(patch(Op::from("set"), "/name", Some("x"))).await,
    );
    let absent = update(patch(Op::Remove, "/binaryMediaTypes/image~1png", None)).await;
    table.refused("removing an unknown media type", PATCH, ABSENT, absent);
    let update = gateway.update_method().rest_api_id(&id).resource_id(&root).http_method("POST");
    let update = update.patch_operations(patch(Op::Replace, "/authorizationScopes", Some("api/read"))).send().await;
    table.refused("a method's patch that replaces its scopes", PATCH, BAD, update);
    let update = gateway.update_integration().rest_api_id(&id).resource_id(&root).http_method("POST");
    let update = update.patch_operations(patch(Op::Replace, "/nothing", Some("x"))).send().await;
    table.refused("an integration's patch of an unknown path", PATCH, BAD, update);

    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{id}");
    let tag = |tags| gateway.tag_resource().resource_arn(&arn).set_tags(Some(tags)).send();
    tag(tags(0, 50)).await.unwrap();
    table.refused("a 51st tag of an API", TAGS, LIMIT, tag(tags(50, 51)).await);
    let own = tag([("aws:owner".to_owned(), "x".to_owned())].into()).await;
    table.refused("an API's tag that begins with aws:", TAGS, BAD, own);
    table.done();
}

#[tokio::test]
async fn authorizers_deployments_and_stages() {
    let cloud = Cloud::start().await;
    let gateway = cloud.gateway();
    let (id, root) = api(&gateway).await;
    let mut table = Table::default();
    let new =
        |name: &str| gateway.create_authorizer().rest_api_id(&id).name(name).r#type(AuthorizerType::CognitoUserPools);
    let header = "method.request.header.Authorization";
    let made = new("pool").provider_arns(POOL).identity_source(header).send().await.unwrap().id.unwrap();
    let twice = new("pool").provider_arns(POOL).identity_source(header).send().await;
    table.refused("an authorizer's name twice", AUTHORIZER, BAD, twice);
    table.refused("an authorizer without a pool", AUTHORIZER, BAD, new("a").identity_source(header).send().await);
    let other = new("a").provider_arns("arn:aws:s3:::bucket").identity_source(header).send().await;
    table.refused("an authorizer of what is no pool", AUTHORIZER, BAD, other);
    let source = new("a").provider_arns(POOL).identity_source("header.Authorization").send().await;
    table.refused("an identity source that is not a header", AUTHORIZER, BAD, source);
    let ttl = new("a").provider_arns(POOL).identity_source(header).authorizer_result_ttl_in_seconds(3601).send().await;
    table.refused("an authorizer's cache of over an hour", AUTHORIZER, BAD, ttl);

    for number in 1..10 {
        new(&format!("pool{number}")).provider_arns(POOL).identity_source(header).send().await.unwrap();
    }
    let eleventh = new("pool10").provider_arns(POOL).identity_source(header).send().await;
    table.refused("an 11th authorizer of an API", QUOTAS, LIMIT, eleventh);

    let deploy = || gateway.create_deployment().rest_api_id(&id);
    table.refused("a deployment of an API without a method", DEPLOYMENT, BAD, deploy().send().await);
    let method = gateway.put_method().rest_api_id(&id).resource_id(&root).http_method("POST").authorizer_id(&made);
    method.authorization_type("COGNITO_USER_POOLS").send().await.unwrap();
    table.refused("a deployment of a method without an integration", DEPLOYMENT, BAD, deploy().send().await);
    let delete = gateway.delete_authorizer().rest_api_id(&id).authorizer_id(&made).send().await;
    let source = "API Gateway API reference, DeleteAuthorizer";
    table.refused("deleting an authorizer that a method uses", source, CONFLICT, delete);
    let update = gateway.update_authorizer().rest_api_id(&id).authorizer_id(&made);
    let update = update.patch_operations(patch(Op::Replace, "/providerARNs", Some(POOL))).send().await;
    table.refused("an authorizer's patch that replaces its pools", PATCH, BAD, update);
    let integration = gateway.put_integration().rest_api_id(&id).resource_id(&root).http_method("POST").uri(URI);
    integration.r#type(IntegrationType::AwsProxy).integration_http_method("POST").send().await.unwrap();
    table.refused(
        "a stage's name with a space, at deployment",
        DEPLOYMENT,
        BAD,
        deploy().stage_name("a b").send().await,
    );
    let deployment = deploy().send().await.unwrap().id.unwrap();

    let stage = |name: &str| gateway.create_stage().rest_api_id(&id).stage_name(name).deployment_id(&deployment).send();
    for number in 0..10 {
        stage(&format!("stage{number}")).await.unwrap();
    }
    table.refused("a stage twice", STAGE, CONFLICT, stage("stage0").await);
    table.refused("a stage's name with a space", STAGE, BAD, stage("a b").await);
    table.refused("a stage's name of 129 characters", STAGE, BAD, stage(&"s".repeat(129)).await);
    table.refused("an 11th stage of an API", QUOTAS, LIMIT, stage("stage10").await);
    table.refused("an 11th stage of an API, at deployment", QUOTAS, LIMIT, deploy().stage_name("stage10").send().await);
    let absent = gateway.create_stage().rest_api_id(&id).stage_name("x").deployment_id("absent").send().await;
    table.refused("a stage of an unknown deployment", STAGE, ABSENT, absent);
    let delete = gateway.delete_deployment().rest_api_id(&id).deployment_id(&deployment).send().await;
    let source = "API Gateway API reference, DeleteDeployment";
    table.refused("deleting a deployment that a stage serves", source, BAD, delete);
    let update = |patch| gateway.update_stage().rest_api_id(&id).stage_name("stage0").patch_operations(patch).send();
    table.refused(
        "a stage's patch of an unknown path",
        PATCH,
        BAD,
        update(patch(Op::Replace, "/nothing", Some("x"))).await,
    );
    let burst = update(patch(Op::Replace, "/*/*/throttling/burstLimit", Some("many"))).await;
    table.refused("a burst limit that is not a number", PATCH, BAD, burst);
    let absent = update(patch(Op::Replace, "/deploymentId", Some("absent"))).await;
    table.refused("a stage's patch to an unknown deployment", PATCH, ABSENT, absent);
    table.done();
}

#[tokio::test]
async fn responses() {
    let cloud = Cloud::start().await;
    let gateway = cloud.gateway();
    let (id, root) = api(&gateway).await;
    let mut table = Table::default();
    let method_response = |status: &str, parameter: &str| {
        let call = gateway.put_method_response().rest_api_id(&id).resource_id(&root).http_method("OPTIONS");
        call.status_code(status).response_parameters(parameter, false).send()
    };
    let integration_response = |status: &str, parameter: &str, value: &str, template: &str| {
        let call = gateway.put_integration_response().rest_api_id(&id).resource_id(&root).http_method("OPTIONS");
        let call = call.status_code(status).response_parameters(parameter, value);
        call.response_templates("application/json", template).send()
    };
    const ORIGIN: &str = "method.response.header.Access-Control-Allow-Origin";
    table.refused("a response of no method", METHOD_RESPONSE, ABSENT, method_response("200", ORIGIN).await);
    let method = gateway.put_method().rest_api_id(&id).resource_id(&root).http_method("OPTIONS");
    method.authorization_type("NONE").send().await.unwrap();
    table.refused("a parameter that is no header", METHOD_RESPONSE, BAD, method_response("200", "header.x").await);
    table.refused("a status that is none", METHOD_RESPONSE, BAD, method_response("20", ORIGIN).await);
    method_response("200", ORIGIN).await.unwrap();
    table.refused("a response twice", METHOD_RESPONSE, CONFLICT, method_response("200", ORIGIN).await);

    let answer = integration_response("200", ORIGIN, "'*'", "").await;
    table.refused("an answer of no integration", INTEGRATION_RESPONSE, ABSENT, answer);
    let mock = |template: &str| {
        let call = gateway.put_integration().rest_api_id(&id).resource_id(&root).http_method("OPTIONS");
        call.r#type(IntegrationType::Mock).request_templates("application/json", template).send()
    };
    let absent = (501, "NotImplemented");
    table.refused("a template that is not offered", "local-cloud.md", absent, mock("$input.json('$')").await);
    mock(r#"{"statusCode": 200}"#).await.unwrap();
    let undeclared = integration_response("204", ORIGIN, "'*'", "").await;
    table.refused("an answer that the method does not declare", INTEGRATION_RESPONSE, ABSENT, undeclared);
    let other = integration_response("200", "method.response.header.Vary", "'Origin'", "").await;
    table.refused("a header that the method does not declare", INTEGRATION_RESPONSE, BAD, other);
    let mapped = integration_response("200", ORIGIN, "integration.response.header.x", "").await;
    table.refused("a mapping that is not offered", "local-cloud.md", absent, mapped);
    let looping = integration_response("200", ORIGIN, "'*'", "#foreach($x in $y)#end").await;
    table.refused("a directive that is not offered", "local-cloud.md", absent, looping);
    integration_response("200", ORIGIN, "'*'", "").await.unwrap();

    let gateway_response = |kind: &str, parameter: &str, value: &str| {
        let call = gateway.put_gateway_response().rest_api_id(&id).response_type(kind.into());
        call.response_parameters(parameter, value).send()
    };
    const HEADER: &str = "gatewayresponse.header.Access-Control-Allow-Origin";
    table.refused(
        "a type that does not exist",
        GATEWAY_RESPONSE,
        BAD,
        gateway_response("DEFAULT", HEADER, "'*'").await,
    );
    let parameter = gateway_response("DEFAULT_4XX", ORIGIN, "'*'").await;
    table.refused("a method's parameter", GATEWAY_RESPONSE, BAD, parameter);
    let echo = gateway_response("DEFAULT_4XX", HEADER, "method.request.header.Origin").await;
    table.refused("an echo, which is not offered", "local-cloud.md", absent, echo);
    let delete = gateway.delete_gateway_response().rest_api_id(&id).response_type("DEFAULT_4XX".into()).send().await;
    table.refused("deleting one of AWS's own", "API Gateway API reference, DeleteGatewayResponse", ABSENT, delete);
    let unknown = gateway.get_gateway_responses().rest_api_id("absent").send().await;
    table.refused("those of no API", "API Gateway API reference, GetGatewayResponses", ABSENT, unknown);
    table.done();
}
