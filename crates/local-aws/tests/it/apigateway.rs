//! REST APIs.

use aws_sdk_apigateway::{
    Client,
    types::{
        AuthorizerType, ContentHandlingStrategy, EndpointConfiguration, EndpointType, IntegrationType, Op,
        PatchOperation,
    },
};

use crate::cloud::{Cloud, code};

const POOL: &str = "arn:aws:cognito-idp:us-east-1:000000000000:userpool/us-east-1_abcdefghi";
const URI: &str = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations";

fn patch(op: Op, path: &str, value: &str) -> PatchOperation {
    PatchOperation::builder().op(op).path(path).value(value).build()
}

/// Creates an API; returns its id and its root resource's id.
async fn api(gateway: &Client) -> (String, String) {
    let made = gateway
        .create_rest_api()
        .name("api")
        .description("for tests")
        .binary_media_types("image/png")
        .endpoint_configuration(EndpointConfiguration::builder().types(EndpointType::Regional).build())
        .tags("a", "1")
        .send()
        .await
        .unwrap();
    (made.id.unwrap(), made.root_resource_id.unwrap())
}

async fn authorizer(gateway: &Client, api: &str) -> String {
    let request = gateway.create_authorizer().rest_api_id(api).name("pool").r#type(AuthorizerType::CognitoUserPools);
    let made = request.provider_arns(POOL).identity_source("method.request.header.Authorization").send().await.unwrap();
    made.id.unwrap()
}

/// Creates `POST /` with an integration.
async fn post(gateway: &Client, api: &str, resource: &str) {
    let method = gateway.put_method().rest_api_id(api).resource_id(resource).http_method("POST");
    method.authorization_type("NONE").send().await.unwrap();
    let integration = gateway.put_integration().rest_api_id(api).resource_id(resource).http_method("POST");
    let integration = integration.r#type(IntegrationType::AwsProxy).integration_http_method("POST").uri(URI);
    integration.send().await.unwrap();
}

#[tokio::test]
async fn an_api_can_be_created_changed_and_deleted() {
    let cloud = Cloud::start().await;
    let gateway = cloud.gateway();
    let (id, root) = api(&gateway).await;
    let update = |op, path: &str, value: &str| {
        gateway.update_rest_api().rest_api_id(&id).patch_operations(patch(op, path, value)).send()
    };
    update(Op::Replace, "/name", "new").await.unwrap();
    update(Op::Replace, "/description", "other").await.unwrap();
    update(Op::Replace, "/minimumCompressionSize", "1024").await.unwrap();
    update(Op::Add, "/binaryMediaTypes/image~1jpeg", "").await.unwrap();
    update(Op::Replace, "/binaryMediaTypes/image~1png", "*/*").await.unwrap();
    assert_eq!(code(update(Op::Remove, "/binaryMediaTypes/image~1gif", "").await), "NotFoundException");
    assert_eq!(code(update(Op::Replace, "/nothing", "x").await), "BadRequestException");
    let read = gateway.get_rest_api().rest_api_id(&id).send().await.unwrap();
    assert_eq!(
        (read.name(), read.description(), read.minimum_compression_size),
        (Some("new"), Some("other"), Some(1024))
    );
    assert_eq!(read.binary_media_types(), ["*/*", "image/jpeg"]);
    assert_eq!(read.root_resource_id(), Some(root.as_str()));
    let types = || async {
        let read = gateway.get_rest_api().rest_api_id(&id).send().await.unwrap();
        read.endpoint_configuration().unwrap().types().to_vec()
    };
    let kind = "/endpointConfiguration/types/";
    update(Op::Replace, &format!("{kind}REGIONAL"), "EDGE").await.unwrap();
    assert_eq!(types().await, [EndpointType::Edge]);
    update(Op::Replace, &format!("{kind}0"), "REGIONAL").await.unwrap();
    assert_eq!(types().await, [EndpointType::Regional]);
    assert_eq!(code(update(Op::Replace, &format!("{kind}EDGE"), "REGIONAL").await), "BadRequestException");
    assert_eq!(code(update(Op::Replace, &format!("{kind}REGIONAL"), "LOCAL").await), "BadRequestException");
    update(Op::Remove, "/binaryMediaTypes/*~1*", "").await.unwrap();

    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{id}");
    gateway.tag_resource().resource_arn(&arn).tags("b", "2").send().await.unwrap();
    gateway.untag_resource().resource_arn(&arn).tag_keys("a").send().await.unwrap();
    let tags = gateway.get_tags().resource_arn(&arn).send().await.unwrap().tags.unwrap();
    assert_eq!(tags.into_iter().collect::<Vec<_>>(), [("b".to_owned(), "2".to_owned())]);

    api(&gateway).await;
    let first = gateway.get_rest_apis().limit(1).send().await.unwrap();
    let rest = gateway.get_rest_apis().limit(1).position(first.position().unwrap()).send().await.unwrap();
    assert_eq!((first.items().len(), rest.items().len(), rest.position()), (1, 1, None));
    assert_eq!(code(gateway.get_rest_apis().limit(501).send().await), "BadRequestException");

    gateway.delete_rest_api().rest_api_id(&id).send().await.unwrap();
    assert_eq!(code(gateway.get_rest_api().rest_api_id(&id).send().await), "NotFoundException");
    assert_eq!(code(gateway.delete_rest_api().rest_api_id(&id).send().await), "NotFoundException");
}

#[tokio::test]
async fn resources_and_methods_can_be_created_changed_and_deleted() {
    let cloud = Cloud::start().await;
    let gateway = cloud.gateway();
    let (id, root) = api(&gateway).await;
    let create = |part: &str| gateway.create_resource().rest_api_id(&id).parent_id(&root).path_part(part).send();
    let made = create("predict").await.unwrap();
    assert_eq!(made.path(), Some("/predict"));
    let resource = made.id().unwrap();
    assert_eq!(code(create("predict").await), "ConflictException");
    assert_eq!(code(create("a/b").await), "BadRequestException");

    let put = |authorization: &str, authorizer: Option<&str>| {
        let request = gateway.put_method().rest_api_id(&id).resource_id(resource).http_method("POST");
        let request = request.authorization_type(authorization).set_authorizer_id(authorizer.map(Into::into));
        request.authorization_scopes("api/read").send()
    };
    assert_eq!(code(put("COGNITO_USER_POOLS", Some("absent")).await), "BadRequestException");
    assert_eq!(code(put("NONE", None).await), "BadRequestException");
    let pool = authorizer(&gateway, &id).await;
    put("COGNITO_USER_POOLS", Some(&pool)).await.unwrap();
    assert_eq!(code(put("COGNITO_USER_POOLS", Some(&pool)).await), "ConflictException");

    let update = |op, path: &str, value: &str| {
        let request = gateway.update_method().rest_api_id(&id).resource_id(resource).http_method("POST");
        request.patch_operations(patch(op, path, value)).send()
    };
    update(Op::Add, "/authorizationScopes", "api/write").await.unwrap();
    update(Op::Remove, "/authorizationScopes", "api/read").await.unwrap();
    assert_eq!(code(update(Op::Remove, "/authorizationScopes", "absent").await), "BadRequestException");
    let method = || gateway.get_method().rest_api_id(&id).resource_id(resource).http_method("POST").send();
    assert_eq!(method().await.unwrap().authorization_scopes(), ["api/write"]);

    let put = |uri: &str, timeout| {
        let request = gateway.put_integration().rest_api_id(&id).resource_id(resource).http_method("POST");
        let request = request.r#type(IntegrationType::AwsProxy).integration_http_method("POST");
        request.uri(uri).timeout_in_millis(timeout).send()
    };
    assert_eq!(code(put("nowhere", 29000).await), "BadRequestException");
    assert_eq!(code(put(URI, 29001).await), "BadRequestException");
    put(URI, 29000).await.unwrap();
    let update = |path: &str, value: &str| {
        let integration = gateway.update_integration().rest_api_id(&id).resource_id(resource).http_method("POST");
        integration.patch_operations(patch(Op::Replace, path, value)).send()
    };
    update("/timeoutInMillis", "5000").await.unwrap();
    update("/contentHandling", "CONVERT_TO_TEXT").await.unwrap();
    assert_eq!(code(update("/contentHandling", "CONVERT").await), "BadRequestException");

    let listed = gateway.get_resources().rest_api_id(&id).embed("methods").send().await.unwrap();
    let listed = listed.items().iter().find(|item| item.path() == Some("/predict")).unwrap();
    let embedded = listed.resource_methods().unwrap()["POST"].method_integration().unwrap();
    assert_eq!((embedded.uri(), embedded.timeout_in_millis), (Some(URI), 5000));
    assert_eq!(embedded.content_handling(), Some(&ContentHandlingStrategy::ConvertToText));
    update("/contentHandling", "").await.unwrap();

    let delete = || gateway.delete_authorizer().rest_api_id(&id).authorizer_id(&pool).send();
    assert_eq!(code(delete().await), "ConflictException");
    gateway.delete_integration().rest_api_id(&id).resource_id(resource).http_method("POST").send().await.unwrap();
    gateway.delete_method().rest_api_id(&id).resource_id(resource).http_method("POST").send().await.unwrap();
    assert_eq!(code(method().await), "NotFoundException");
    delete().await.unwrap();
    gateway.delete_resource().rest_api_id(&id).resource_id(resource).send().await.unwrap();
    let gone = gateway.get_resource().rest_api_id(&id).resource_id(resource).send().await;
    assert_eq!(code(gone), "NotFoundException");
    let root = gateway.delete_resource().rest_api_id(&id).resource_id(&root).send().await;
    assert_eq!(code(root), "BadRequestException");
}

#[tokio::test]
async fn authorizers_can_be_created_changed_and_deleted() {
    let cloud = Cloud::start().await;
    let gateway = cloud.gateway();
    let (id, _) = api(&gateway).await;
    let pool = authorizer(&gateway, &id).await;
    let create = |name: &str, arn: Option<&str>| {
        let request = gateway.create_authorizer().rest_api_id(&id).name(name).r#type(AuthorizerType::CognitoUserPools);
        let request = request.identity_source("method.request.header.Authorization");
        request.set_provider_arns(arn.map(|arn| vec![arn.to_owned()])).send()
    };
    assert_eq!(code(create("pool", Some(POOL)).await), "BadRequestException");
    assert_eq!(code(create("other", None).await), "BadRequestException");
    let update = gateway.update_authorizer().rest_api_id(&id).authorizer_id(&pool);
    let other = POOL.replace("abcdefghi", "ihgfedcba");
    update
        .patch_operations(patch(Op::Replace, "/authorizerResultTtlInSeconds", "0"))
        .patch_operations(patch(Op::Add, "/providerARNs", &other))
        .patch_operations(patch(Op::Remove, "/providerARNs", POOL))
        .send()
        .await
        .unwrap();
    let read = gateway.get_authorizer().rest_api_id(&id).authorizer_id(&pool).send().await.unwrap();
    assert_eq!((read.authorizer_result_ttl_in_seconds, read.provider_arns()), (Some(0), [other].as_slice()));
    assert_eq!(gateway.get_authorizers().rest_api_id(&id).send().await.unwrap().items().len(), 1);
}

#[tokio::test]
async fn deployments_and_stages_can_be_created_changed_and_deleted() {
    let cloud = Cloud::start().await;
    let gateway = cloud.gateway();
    let (id, root) = api(&gateway).await;
    let deploy = |stage: Option<&str>| {
        gateway.create_deployment().rest_api_id(&id).set_stage_name(stage.map(Into::into)).description("d").send()
    };
    assert_eq!(code(deploy(None).await), "BadRequestException");
    let any = gateway.put_method().rest_api_id(&id).resource_id(&root).http_method("ANY").authorization_type("NONE");
    any.send().await.unwrap();
    assert_eq!(code(deploy(None).await), "BadRequestException");
    gateway.delete_method().rest_api_id(&id).resource_id(&root).http_method("ANY").send().await.unwrap();
    post(&gateway, &id, &root).await;

    let first = deploy(Some("dev")).await.unwrap().id.unwrap();
    let second = deploy(None).await.unwrap().id.unwrap();
    let stage = || async { gateway.get_stage().rest_api_id(&id).stage_name("dev").send().await.unwrap() };
    assert_eq!(stage().await.deployment_id(), Some(first.as_str()));
    let update = |op, path: &str, value: &str| {
        let request = gateway.update_stage().rest_api_id(&id).stage_name("dev");
        request.patch_operations(patch(op, path, value)).send()
    };
    update(Op::Replace, "/deploymentId", &second).await.unwrap();
    update(Op::Replace, "/*/*/throttling/rateLimit", "12.5").await.unwrap();
    update(Op::Replace, "/*/*/throttling/burstLimit", "7").await.unwrap();
    update(Op::Replace, "/variables/v", "1").await.unwrap();
    assert_eq!(code(update(Op::Replace, "/deploymentId", "absent").await), "NotFoundException");
    let now = stage().await;
    assert_eq!(now.deployment_id(), Some(second.as_str()));
    let setting = &now.method_settings().unwrap()["*/*"];
    assert_eq!((setting.throttling_rate_limit, setting.throttling_burst_limit), (12.5, 7));
    assert_eq!(now.variables().unwrap()["v"], "1");

    let delete = |deployment: &str| gateway.delete_deployment().rest_api_id(&id).deployment_id(deployment).send();
    assert_eq!(code(delete(&second).await), "BadRequestException");
    delete(&first).await.unwrap();
    let create = |name: &str| gateway.create_stage().rest_api_id(&id).stage_name(name).deployment_id(&second);
    assert_eq!(code(create("dev").send().await), "ConflictException");
    assert_eq!(code(create("a b").send().await), "BadRequestException");
    create("prod").tags("a", "1").send().await.unwrap();
    let arn = format!("arn:aws:apigateway:us-east-1::/restapis/{id}/stages/prod");
    assert_eq!(gateway.get_tags().resource_arn(arn).send().await.unwrap().tags.unwrap()["a"], "1");
    assert_eq!(gateway.get_stages().rest_api_id(&id).send().await.unwrap().item().len(), 2);
    assert_eq!(gateway.get_deployments().rest_api_id(&id).send().await.unwrap().items().len(), 1);
    for name in ["dev", "prod"] {
        gateway.delete_stage().rest_api_id(&id).stage_name(name).send().await.unwrap();
    }
    delete(&second).await.unwrap();
    assert_eq!(code(gateway.get_stage().rest_api_id(&id).stage_name("dev").send().await), "NotFoundException");
}

#[tokio::test]
async fn responses_are_shown_as_they_were_written() {
    let cloud = Cloud::start().await;
    let gateway = cloud.gateway();
    let (id, root) = api(&gateway).await;
    let method = gateway.put_method().rest_api_id(&id).resource_id(&root).http_method("OPTIONS");
    method.authorization_type("NONE").operation_name("preflight").send().await.unwrap();
    let declared = gateway.put_method_response().rest_api_id(&id).resource_id(&root).http_method("OPTIONS");
    declared.status_code("204").response_parameters("method.response.header.Vary", false).send().await.unwrap();
    let mock = gateway.put_integration().rest_api_id(&id).resource_id(&root).http_method("OPTIONS");
    let mock = mock.r#type(IntegrationType::Mock).content_handling(ContentHandlingStrategy::ConvertToText);
    mock.request_templates("application/json", r#"{"statusCode": 204}"#).send().await.unwrap();
    let answer = gateway.put_integration_response().rest_api_id(&id).resource_id(&root).http_method("OPTIONS");
    let answer = answer.status_code("204").response_parameters("method.response.header.Vary", "'Origin'");
    answer.response_templates("application/json", "#set($a = \"b\")").send().await.unwrap();

    let listed = gateway.get_resources().rest_api_id(&id).embed("methods").send().await.unwrap();
    let shown = &listed.items()[0].resource_methods().unwrap()["OPTIONS"];
    assert_eq!(shown.operation_name(), Some("preflight"));
    let declared = &shown.method_responses().unwrap()["204"];
    assert!(!declared.response_parameters().unwrap()["method.response.header.Vary"]);
    let integration = shown.method_integration().unwrap();
    assert_eq!(integration.request_templates().unwrap()["application/json"], r#"{"statusCode": 204}"#);
    let answer = &integration.integration_responses().unwrap()["204"];
    assert_eq!(answer.response_parameters().unwrap()["method.response.header.Vary"], "'Origin'");
    assert_eq!(answer.response_templates().unwrap()["application/json"], "#set($a = \"b\")");

    let all = async || gateway.get_gateway_responses().rest_api_id(&id).send().await.unwrap().items.unwrap();
    assert!(all().await.iter().all(|response| response.default_response));
    let kind = || "DEFAULT_4XX".into();
    let put = gateway.put_gateway_response().rest_api_id(&id).response_type(kind());
    put.response_parameters("gatewayresponse.header.X", "'y'").send().await.unwrap();
    let changed: Vec<_> = all().await.into_iter().filter(|response| !response.default_response).collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].response_parameters().unwrap()["gatewayresponse.header.X"], "'y'");
    gateway.delete_gateway_response().rest_api_id(&id).response_type(kind()).send().await.unwrap();
    assert!(all().await.iter().all(|response| response.default_response));
}
