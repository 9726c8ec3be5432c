//! What callers of a deployed stack are refused: at the token endpoint, at the API, and by Lambda behind it.

use aws_sdk_apigateway::types::{IntegrationType, Op, PatchOperation};
use aws_sdk_cognitoidentityprovider::types::{OAuthFlowType, ResourceServerScopeType};
use aws_sdk_lambda::{primitives::Blob, types::FunctionCode};

use super::Table;
use crate::{
    cloud::{Cloud, zip},
    lambda::ECHO,
};

const TOKEN: &str = "Cognito developer guide, *The token issuer endpoint*";
const QUOTAS: &str = "API Gateway developer guide, *Quotas*";
const RESPONSES: &str = "API Gateway developer guide, *Gateway response types*";
const LAMBDA: &str = "Lambda developer guide, *Lambda quotas*";

#[tokio::test]
async fn tokens() {
    let cloud = Cloud::start().await;
    let cognito = cloud.cognito();
    let pool = cognito.create_user_pool().pool_name("p").send().await.unwrap().user_pool.unwrap().id.unwrap();
    let scope = |name| ResourceServerScopeType::builder().scope_name(name).scope_description("d").build().unwrap();
    let server = cognito.create_resource_server().user_pool_id(&pool).identifier("api").name("API");
    server.scopes(scope("read")).scopes(scope("write")).send().await.unwrap();
    let make = |enabled, flow: Option<OAuthFlowType>| {
        let request = cognito.create_user_pool_client().user_pool_id(&pool).client_name("c").generate_secret(true);
        let request = request.set_allowed_o_auth_flows(flow.map(|flow| vec![flow]));
        request.allowed_o_auth_scopes("api/read").allowed_o_auth_flows_user_pool_client(enabled).send()
    };
    let mut clients = Vec::new();
    let flow = Some(OAuthFlowType::ClientCredentials);
    for (enabled, flow) in [(true, flow.clone()), (false, flow), (true, None)] {
        let made = make(enabled, flow).await.unwrap().user_pool_client.unwrap();
        clients.push((made.client_id.unwrap(), made.client_secret.unwrap()));
    }
    cognito.create_user_pool_domain().domain("p").user_pool_id(&pool).send().await.unwrap();
    let http = reqwest::Client::new();
    let form = "application/x-www-form-urlencoded";
    let ask = async |(id, secret): (&str, &str), kind: &str, body: &str| {
        let request = http.post(format!("{}/oauth2/token", cloud.server.endpoint())).basic_auth(id, Some(secret));
        let request = request.header("host", "p.auth.us-east-1.amazoncognito.com").header("content-type", kind);
        let response = request.body(body.to_owned()).send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        let error = text.strip_prefix("{\"error\":\"").and_then(|rest| rest.strip_suffix("\"}")).unwrap_or("a token");
        format!("{status} {error}")
    };
    let [good, disabled, flowless] = &clients[..] else { panic!("three clients") };
    let of = |client: &(String, String)| (client.0.clone(), client.1.clone());
    let (good, disabled, flowless) = (of(good), of(disabled), of(flowless));
    let grant = "grant_type=client_credentials";
    assert_eq!(ask((&good.0, &good.1), form, grant).await, "200 a token");
    let mut table = Table::default();
    let mut row = |rule: &str, expected: &str, response: String| table.row(rule, TOKEN, expected, &response);
    row("a token with a wrong secret", "400 invalid_client", ask((&good.0, "wrong"), form, grant).await);
    row("a token of an unknown client", "400 invalid_client", ask(("absent", "x"), form, grant).await);
    row("a token without a grant type", "400 invalid_request", ask((&good.0, &good.1), form, "scope=api/read").await);
    let kind = "application/json";
    row("a token by a body that is no form", "400 invalid_request", ask((&good.0, &good.1), kind, grant).await);
    let password = ask((&good.0, &good.1), form, "grant_type=password").await;
    row("a token by an unknown grant type", "400 unsupported_grant_type", password);
    for scope in ["api/write", "api/absent", "openid"] {
        let response = ask((&good.0, &good.1), form, &format!("{grant}&scope={scope}")).await;
        row(&format!("a token for {scope}, which the client does not have"), "400 invalid_scope", response);
    }
    let rule = "a token of a client without AllowedOAuthFlowsUserPoolClient";
    row(rule, "400 invalid_grant", ask((&disabled.0, &disabled.1), form, grant).await);
    let rule = "a token of a client without the flow";
    row(rule, "400 unauthorized_client", ask((&flowless.0, &flowless.1), form, grant).await);
    table.done();
}

#[tokio::test]
async fn requests_and_payloads() {
    let cloud = Cloud::start().await;
    let (lambda, gateway) = (cloud.lambda(), cloud.gateway());
    let role = cloud.role("r").await;
    let create = |name: &str, script: &str| {
        let code = FunctionCode::builder().zip_file(Blob::new(zip("bootstrap", script))).build();
        let request = lambda.create_function().function_name(name).role(&role).runtime("provided.al2023".into());
        request.handler("bootstrap").timeout(30).code(code).send()
    };
    create("f", ECHO).await.unwrap();
    let large = ECHO.replace("echo \"echoing $WORD\"", "body=$(head -c 6300000 /dev/zero | tr '\\0' a)");
    create("large", &large).await.unwrap();
    let made = gateway.create_rest_api().name("api").send().await.unwrap();
    let (id, root) = (made.id.unwrap(), made.root_resource_id.unwrap());
    let method = gateway.put_method().rest_api_id(&id).resource_id(&root).http_method("POST");
    method.authorization_type("NONE").send().await.unwrap();
    let uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations";
    let integration = gateway.put_integration().rest_api_id(&id).resource_id(&root).http_method("POST").uri(uri);
    integration.r#type(IntegrationType::AwsProxy).integration_http_method("POST").send().await.unwrap();
    gateway.create_deployment().rest_api_id(&id).stage_name("dev").send().await.unwrap();

    let http = reqwest::Client::new();
    let base = format!("{}/_aws/execute-api/{id}", cloud.server.endpoint());
    let send = async |path: &str, header: usize, body: usize| {
        let request = http.post(format!("{base}{path}")).header("x-padding", "a".repeat(header));
        let response = request.body(vec![b'a'; body]).send().await.unwrap();
        let kind = response.headers().get("x-amzn-errortype").map_or("no error", |kind| kind.to_str().unwrap());
        format!("{} {kind}", response.status().as_u16())
    };
    let mut table = Table::default();
    let too_large = "413 RequestTooLargeException";
    table.row("a request of over 10 MB", QUOTAS, too_large, &send("/dev/", 1, (10 << 20) + 1).await);
    let headers = send("/dev/", 10_240, 1).await;
    table.row("headers of over 10,240 bytes", QUOTAS, "431 RequestTooLargeException", &headers);
    let missing = "403 MissingAuthenticationTokenException";
    table.row("an unknown path", RESPONSES, missing, &send("/dev/absent", 1, 1).await);
    table.row("an unknown stage", RESPONSES, "403 ForbiddenException", &send("/absent/", 1, 1).await);
    let internal = "500 InternalServerErrorException";
    let source = "API Gateway developer guide, *Set up Lambda proxy integrations*";
    table.row("a function whose policy does not name the API", source, internal, &send("/dev/", 1, 1).await);
    let add = lambda.add_permission().function_name("f").statement_id("s").action("lambda:InvokeFunction");
    add.principal("apigateway.amazonaws.com").send().await.unwrap();
    table.row(
        "a request of over 6 MB, which Lambda does not take",
        LAMBDA,
        too_large,
        &send("/dev/", 1, 7 << 20).await,
    );
    let echoed = send("/dev/", 1, 1).await;
    table.row("an answer that is no proxy answer", source, "502 InternalServerErrorException", &echoed);
    let limit = |path: &str, value: &str| PatchOperation::builder().op(Op::Replace).path(path).value(value).build();
    let stage = gateway.update_stage().rest_api_id(&id).stage_name("dev");
    let stage = stage.patch_operations(limit("/*/*/throttling/rateLimit", "0.001"));
    stage.patch_operations(limit("/*/*/throttling/burstLimit", "1")).send().await.unwrap();
    send("/dev/", 1, 1).await;
    let throttled = send("/dev/", 1, 1).await;
    table.row("requests over a stage's rate", RESPONSES, "429 TooManyRequestsException", &throttled);

    let response = lambda.invoke().function_name("large").send().await.unwrap();
    let payload = String::from_utf8(response.payload.unwrap().into_inner()).unwrap();
    let kind = payload.split('"').find(|part| part.starts_with("Function.")).unwrap_or("no error").to_owned();
    table.row("a function's answer of over 6 MB", LAMBDA, "200 Function.ResponseSizeTooLarge", &format!("200 {kind}"));
    table.done();
    cloud.server.stop().await;
}
