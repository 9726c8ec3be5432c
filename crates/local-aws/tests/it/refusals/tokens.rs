//! Tokens that the authorizer refuses, and the response if the function fails.

use aws_sdk_apigateway::types::{AuthorizerType, IntegrationType};
use aws_sdk_cognitoidentityprovider::types::{OAuthFlowType, ResourceServerScopeType};
use aws_sdk_lambda::{primitives::Blob, types::FunctionCode};

use super::Table;
use crate::cloud::{Cloud, zip};

const AUTHORIZER: &str = "API Gateway developer guide, *Control access using Cognito user pools as authorizer*";
const PROXY: &str = "API Gateway developer guide, *Set up Lambda proxy integrations*";
const CONCURRENCY: &str = "Lambda developer guide, *Configuring reserved concurrency*";

/// Exits at once, so that every invocation fails.
const BROKEN: &str = "#!/bin/sh\nexit 1\n";
/// Never polls for an invocation.
const SLOW: &str = "#!/bin/sh\nexec sleep 30\n";

/// Creates a pool with the scopes `read` and `write` and a client for each; returns the pool's ARN and their tokens.
async fn tokens(cloud: &Cloud) -> (String, Vec<String>) {
    let cognito = cloud.cognito();
    let pool = cognito.create_user_pool().pool_name("p").send().await.unwrap().user_pool.unwrap();
    let id = pool.id.unwrap();
    let scope = |name| ResourceServerScopeType::builder().scope_name(name).scope_description("d").build().unwrap();
    let server = cognito.create_resource_server().user_pool_id(&id).identifier("api").name("API");
    server.scopes(scope("read")).scopes(scope("write")).send().await.unwrap();
    cognito
        .create_user_pool_domain()
        .domain(id.to_lowercase().replace('_', "-"))
        .user_pool_id(&id)
        .send()
        .await
        .unwrap();
    let mut tokens = Vec::new();
    for name in ["api/read", "api/write"] {
        let client = cognito.create_user_pool_client().user_pool_id(&id).client_name("c").generate_secret(true);
        let client = client.allowed_o_auth_flows(OAuthFlowType::ClientCredentials).allowed_o_auth_scopes(name);
        let client = client.allowed_o_auth_flows_user_pool_client(true).send().await.unwrap().user_pool_client.unwrap();
        let request = reqwest::Client::new().post(format!("{}/oauth2/token", cloud.server.endpoint()));
        let request = request.basic_auth(client.client_id().unwrap(), client.client_secret());
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let response = request.body("grant_type=client_credentials").send().await.unwrap().text().await.unwrap();
        let response: serde_json::Value = serde_json::from_str(&response).unwrap();
        tokens.push(response["access_token"].as_str().unwrap().to_owned());
    }
    (pool.arn.unwrap(), tokens)
}

#[tokio::test]
async fn authorizer_and_integration() {
    let cloud = Cloud::start().await;
    let (lambda, gateway) = (cloud.lambda(), cloud.gateway());
    let role = cloud.role("r").await;
    for (name, script) in [("broken", BROKEN), ("slow", SLOW)] {
        let code = FunctionCode::builder().zip_file(Blob::new(zip("bootstrap", script))).build();
        let request = lambda.create_function().function_name(name).role(&role).runtime("provided.al2023".into());
        request.handler("bootstrap").timeout(20).code(code).send().await.unwrap();
        let permission = lambda.add_permission().function_name(name).statement_id("s").action("lambda:InvokeFunction");
        permission.principal("apigateway.amazonaws.com").send().await.unwrap();
    }
    let (arn, own) = tokens(&cloud).await;
    let (_, foreign) = tokens(&cloud).await;
    let made = gateway.create_rest_api().name("api").send().await.unwrap();
    let (id, root) = (made.id.unwrap(), made.root_resource_id.unwrap());
    let authorizer = gateway.create_authorizer().rest_api_id(&id).name("pool").provider_arns(arn);
    let authorizer = authorizer.r#type(AuthorizerType::CognitoUserPools);
    let authorizer =
        authorizer.identity_source("method.request.header.Authorization").send().await.unwrap().id.unwrap();
    for (verb, scopes, function) in
        [("POST", Some("api/read"), "broken"), ("PUT", None, "broken"), ("PATCH", Some("api/read"), "slow")]
    {
        let method =
            gateway.put_method().rest_api_id(&id).resource_id(&root).http_method(verb).authorizer_id(&authorizer);
        let method = method.set_authorization_scopes(scopes.map(|scope| vec![scope.to_owned()]));
        method.authorization_type("COGNITO_USER_POOLS").send().await.unwrap();
        let uri = format!(
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:{function}/invocations"
        );
        let integration = gateway.put_integration().rest_api_id(&id).resource_id(&root).http_method(verb).uri(uri);
        let integration = integration.r#type(IntegrationType::AwsProxy).integration_http_method("POST");
        let timeout = if function == "slow" { 500 } else { 29_000 };
        integration.timeout_in_millis(timeout).send().await.unwrap();
    }
    gateway.create_deployment().rest_api_id(&id).stage_name("dev").send().await.unwrap();

    let http = reqwest::Client::new();
    let url = format!("{}/_aws/execute-api/{id}/dev/", cloud.server.endpoint());
    let send = async |verb: &str, token: Option<&str>| {
        let request = http.request(verb.parse().unwrap(), &url);
        let request = token.iter().fold(request, |request, token| request.header("authorization", *token));
        let response = request.send().await.unwrap();
        let kind = response.headers().get("x-amzn-errortype").map_or("no error", |kind| kind.to_str().unwrap());
        format!("{} {kind}", response.status().as_u16())
    };
    let mut table = Table::default();
    let unauthorized = "401 UnauthorizedException";
    table.row("a request without a token", AUTHORIZER, unauthorized, &send("POST", None).await);
    let forged = format!("{}AAAA", &own[0][..own[0].len() - 4]);
    table.row("a token whose signature is another", AUTHORIZER, unauthorized, &send("POST", Some(&forged)).await);
    table.row("a token of another pool", AUTHORIZER, unauthorized, &send("POST", Some(&foreign[0])).await);
    table.row("a token without the method's scope", AUTHORIZER, unauthorized, &send("POST", Some(&own[1])).await);
    let rule = "an access token where the method has no scopes";
    table.row(rule, AUTHORIZER, unauthorized, &send("PUT", Some(&own[0])).await);
    let failed = "502 InternalServerErrorException";
    table.row("a function that fails", PROXY, failed, &send("POST", Some(&own[0])).await);
    let late = "504 InternalServerErrorException";
    table.row(
        "a function that is slower than the integration's time-out",
        PROXY,
        late,
        &send("PATCH", Some(&own[0])).await,
    );
    let none = lambda.put_function_concurrency().function_name("broken").reserved_concurrent_executions(0);
    none.send().await.unwrap();
    let invoked = lambda.invoke().function_name("broken").send().await;
    table.refused(
        "invoking a function that has no concurrency",
        CONCURRENCY,
        (429, "TooManyRequestsException"),
        invoked,
    );
    let throttled = "500 InternalServerErrorException";
    table.row("a function without concurrency, behind the API", PROXY, throttled, &send("POST", Some(&own[0])).await);
    table.done();
    cloud.server.stop().await;
}
