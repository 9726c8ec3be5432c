//! Malformed raw HTTP requests: none reaches the function, and the server keeps working.

use std::time::Duration;

use aws_sdk_apigateway::types::{AuthorizerType, IntegrationType};
use aws_sdk_cognitoidentityprovider::types::{OAuthFlowType, ResourceServerScopeType};
use aws_sdk_lambda::{primitives::Blob, types::FunctionCode};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    cloud::{Cloud, zip},
    lambda::ECHO,
};

/// A stack whose function responds to every request that reaches it.
pub(crate) struct Stack {
    pub(crate) cloud: Cloud,
    pub(crate) api: String,
    pub(crate) client: (String, String),
    pub(crate) token: String,
}

impl Stack {
    async fn new() -> Self {
        let response = r#"body='{"statusCode": 200, "body": "in"}'"#;
        Self::with_function(&ECHO.replace("echo \"echoing $WORD\"", response)).await
    }

    /// A stack with this script as its function.
    pub(crate) async fn with_function(script: &str) -> Self {
        let cloud = Cloud::start().await;
        let (lambda, gateway, cognito) = (cloud.lambda(), cloud.gateway(), cloud.cognito());
        let role = cloud.role("r").await;
        cloud.logs().create_log_group().log_group_name("/aws/lambda/f").send().await.unwrap();
        let code = FunctionCode::builder().zip_file(Blob::new(zip("bootstrap", script))).build();
        let function = lambda.create_function().function_name("f").role(&role).runtime("provided.al2023".into());
        function.handler("bootstrap").timeout(20).code(code).send().await.unwrap();
        let permission = lambda.add_permission().function_name("f").statement_id("s").action("lambda:InvokeFunction");
        permission.principal("apigateway.amazonaws.com").send().await.unwrap();

        let pool = cognito.create_user_pool().pool_name("p").send().await.unwrap().user_pool.unwrap();
        let (pool_id, pool_arn) = (pool.id.unwrap(), pool.arn.unwrap());
        let scope = ResourceServerScopeType::builder().scope_name("read").scope_description("d").build().unwrap();
        let server = cognito.create_resource_server().user_pool_id(&pool_id).identifier("api").name("api");
        server.scopes(scope).send().await.unwrap();
        cognito.create_user_pool_domain().domain("raw-http").user_pool_id(&pool_id).send().await.unwrap();
        let client = cognito.create_user_pool_client().user_pool_id(&pool_id).client_name("c").generate_secret(true);
        let client = client.allowed_o_auth_flows(OAuthFlowType::ClientCredentials).allowed_o_auth_scopes("api/read");
        let client = client.allowed_o_auth_flows_user_pool_client(true).send().await.unwrap().user_pool_client.unwrap();
        let client = (client.client_id.unwrap(), client.client_secret.unwrap());
        let response = ask_for_token(&reqwest::Client::new(), &cloud.server.endpoint(), &client.0, &client.1).await;
        let token = response.1.unwrap();

        let made = gateway.create_rest_api().name("api").send().await.unwrap();
        let (api, root) = (made.id.unwrap(), made.root_resource_id.unwrap());
        let authorizer = gateway.create_authorizer().rest_api_id(&api).name("pool").provider_arns(pool_arn);
        let authorizer = authorizer.r#type(AuthorizerType::CognitoUserPools);
        let authorizer = authorizer.identity_source("method.request.header.Authorization").send().await.unwrap();
        let method = gateway.put_method().rest_api_id(&api).resource_id(&root).http_method("POST");
        let method = method.authorizer_id(authorizer.id.unwrap()).authorization_scopes("api/read");
        method.authorization_type("COGNITO_USER_POOLS").send().await.unwrap();
        let uri = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:f/invocations";
        let integration = gateway.put_integration().rest_api_id(&api).resource_id(&root).http_method("POST").uri(uri);
        integration.r#type(IntegrationType::AwsProxy).integration_http_method("POST").send().await.unwrap();
        gateway.create_deployment().rest_api_id(&api).stage_name("dev").send().await.unwrap();
        Self { cloud, api, client, token }
    }

    /// Sends bytes over a new connection, and returns the status of every response.
    async fn send(&self, bytes: &[u8]) -> Vec<u16> {
        let mut stream = TcpStream::connect(self.cloud.server.address()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut response = Vec::new();
        // A server that waits for more bytes has not accepted the request.
        let _ = timeout(Duration::from_millis(500), stream.read_to_end(&mut response)).await;
        let text = String::from_utf8_lossy(&response);
        text.split("HTTP/1.1 ").skip(1).filter_map(|rest| rest.get(..3)?.parse().ok()).collect()
    }

    /// Sends a request with `{port}`, `{api}` and `{token}` filled in, and with CRLF line ends.
    async fn ask(&self, template: &str) -> Vec<u16> {
        let port = self.cloud.server.address().port().to_string();
        let text = template.replace("{port}", &port).replace("{api}", &self.api).replace("{token}", &self.token);
        self.send(text.replace('\n', "\r\n").as_bytes()).await
    }

    /// The number of invocations in the function's log.
    async fn invocations(&self) -> usize {
        let events = self.cloud.logs().filter_log_events().log_group_name("/aws/lambda/f").send().await.unwrap();
        events.events().iter().filter(|event| event.message().is_some_and(|text| text.starts_with("START"))).count()
    }
}

/// Requests a token; returns the status of the response, and the token if there is one.
pub(crate) async fn ask_for_token(
    http: &reqwest::Client,
    endpoint: &str,
    id: &str,
    secret: &str,
) -> (u16, Option<String>) {
    let request = http.post(format!("{endpoint}/oauth2/token")).basic_auth(id, Some(secret));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    let response = request.body("grant_type=client_credentials").send().await.unwrap();
    let status = response.status().as_u16();
    let document: serde_json::Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    (status, document["access_token"].as_str().map(str::to_owned))
}

const HEAD: &str = "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nConnection: close\n";

/// Malformed requests, all of which must be refused.
const RAW: [(&str, &str); 30] = [
    ("no Host", "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nAuthorization: {token}\nConnection: close\n\n"),
    (
        "two Hosts",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "a foreign Host",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: evil.example\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "a name that resolves to this machine",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1.nip.io:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "the right host, another port",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:1\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "a host name with a trailing dot",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: localhost.:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "another host in the request line",
        "POST http://evil.example/_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "dots in the path",
        "POST /_aws/execute-api/{api}/other/../dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "encoded dots in the path",
        "POST /_aws/execute-api/{api}/other/%2e%2e/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "a dot in the path",
        "POST /_aws/execute-api/{api}/dev/. HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "two slashes in the path",
        "POST //_aws//execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "a backslash in the path",
        "POST /_aws/execute-api/{api}/dev\\ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "an encoded NUL in the path",
        "POST /_aws/execute-api/{api}/dev%00/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "a fragment in the path",
        "POST /_aws/execute-api/{api}/dev/x# HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    ("no path", "POST {api} HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nConnection: close\n\n"),
    (
        "another API's id",
        "POST /_aws/execute-api/aaaaaaaaaa/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "a method in lower case",
        "post /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    (
        "CONNECT",
        "CONNECT 127.0.0.1:{port} HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nConnection: close\n\n",
    ),
    ("HTTP/0.9", "POST /_aws/execute-api/{api}/dev/\n\n"),
    ("HTTP/2 without negotiation", "PRI * HTTP/2.0\n\nSM\n\n"),
    (
        "a folded header",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nX: y\n Authorization: {token}\nConnection: close\n\n",
    ),
    (
        "a space before the colon",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization : {token}\nConnection: close\n\n",
    ),
    (
        "a header without a name",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\n: {token}\nConnection: close\n\n",
    ),
    (
        "a control character in the token",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\u{1}\nConnection: close\n\n",
    ),
    (
        "two lengths",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nContent-Length: 1\nContent-Length: 2\nConnection: close\n\nab",
    ),
    (
        "a negative length",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nContent-Length: -1\nConnection: close\n\n",
    ),
    (
        "a length that overflows",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nContent-Length: 99999999999999999999\nConnection: close\n\n",
    ),
    (
        "invalid chunks",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nTransfer-Encoding: chunked\nConnection: close\n\nzz\nx\n0\n\n",
    ),
    (
        "an unknown encoding",
        "POST /_aws/execute-api/{api}/dev/ HTTP/1.1\nHost: 127.0.0.1:{port}\nAuthorization: {token}\nTransfer-Encoding: gzip\nConnection: close\n\n",
    ),
    ("bytes that are not HTTP", "\u{16}\u{3}\u{1}\u{2}\n\n"),
];

#[expect(clippy::print_stdout, reason = "the table is for human readers")]
fn print_row(attack: &str, statuses: &[u16]) {
    println!("{attack}: {statuses:?}");
}

#[tokio::test]
async fn malformed_requests_do_not_reach_the_function() {
    let stack = Stack::new().await;
    let good = format!("{HEAD}Authorization: {{token}}\n\n");
    assert_eq!(stack.ask(&good).await, [200]);
    for (attack, request) in RAW {
        let statuses = stack.ask(request).await;
        print_row(attack, &statuses);
        assert!(statuses.iter().all(|status| (400..600).contains(status) && *status != 500), "{attack}: {statuses:?}");
    }
    assert_eq!(stack.ask(&good).await, [200], "the server keeps working");
    assert_eq!(stack.invocations().await, 2);
    stack.cloud.server.stop().await;
}

#[tokio::test]
async fn a_smuggled_request_is_refused() {
    let stack = Stack::new().await;
    let inner = format!("{}Authorization: {{token}}\n\n", HEAD.replace("Connection: close\n", ""));
    // Content-Length and Transfer-Encoding disagree about where the outer request ends. A server that trusts the wrong
    // one sees two requests.
    let smuggled = [
        format!("{HEAD}Content-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n{inner}"),
        format!("{HEAD}Transfer-Encoding: chunked\nContent-Length: 5\n\n0\n\n{inner}"),
        format!("{HEAD}Transfer-Encoding: x, chunked\nContent-Length: 5\n\n0\n\n{inner}"),
        format!("{HEAD}Transfer-Encoding: chunked\nTransfer-Encoding: identity\n\n0\n\n{inner}"),
    ];
    for request in smuggled {
        let statuses = stack.ask(&request).await;
        print_row("a smuggled request", &statuses);
        assert!(statuses.len() <= 1 && !statuses.contains(&200), "{request:?}: {statuses:?}");
    }
    assert_eq!(stack.invocations().await, 0);
    stack.cloud.server.stop().await;
}

#[tokio::test]
async fn excessive_headers_are_refused() {
    let stack = Stack::new().await;
    let many: String = (0..2_000).map(|number| format!("x-{number}: y\n")).collect();
    let long = format!("x-long: {}\n", "y".repeat(2_000_000));
    for (attack, headers) in [("2,000 headers", many), ("a header of 2 MB", long)] {
        let port = stack.cloud.server.address().port().to_string();
        let request = format!("{HEAD}Authorization: {{token}}\n{headers}\n").replace("{port}", &port);
        let request = request.replace("{api}", &stack.api).replace("{token}", &stack.token).replace('\n', "\r\n");
        let mut stream = TcpStream::connect(stack.cloud.server.address()).await.unwrap();
        // The server may close the connection before everything is sent.
        let _ = timeout(Duration::from_secs(5), stream.write_all(request.as_bytes())).await;
        let mut response = Vec::new();
        let _ = timeout(Duration::from_secs(5), stream.read_to_end(&mut response)).await;
        let head = String::from_utf8_lossy(&response[..response.len().min(12)]).into_owned();
        print_row(attack, &head.get(9..12).and_then(|status| status.parse().ok()).into_iter().collect::<Vec<_>>());
        assert!(!head.ends_with("200"), "{attack}: {head}");
    }
    assert_eq!(stack.invocations().await, 0);
    stack.cloud.server.stop().await;
}
