//! The stack as a CloudFormation template, in YAML.

use aws_sdk_apigateway::types::{AuthorizerType, EndpointType, IntegrationType};
use aws_sdk_cognitoidentityprovider::types::{OAuthFlowType, PreventUserExistenceErrorTypes, TimeUnitsType};
use aws_sdk_lambda::types::{LogFormat, Runtime};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};

use super::{
    cors, import,
    source::{File, Prefix, Source, TAGS, Template},
    symbol::{API, POOL, Piece, Symbols, Words},
    yaml::Node,
};
use crate::{
    change::sorted,
    error::Failure,
    names::{self, digest_hex},
    resources::{
        authorizer::IDENTITY_SOURCE,
        function::HANDLER,
        method::AUTHORIZATION,
        paths::HTTP_METHOD,
        permission::{ACTION, PRINCIPAL},
        role::POLICY,
        stage::throttle,
        user_pool::protection,
    },
};

/// The start of a dynamic reference. CloudFormation resolves it in any text, and it cannot be escaped.
const DYNAMIC: &str = "{{resolve:";

/// The template.
pub fn template(source: &Source<'_>) -> Result<Template, Failure> {
    for (name, value) in &source.desired.function.environment {
        if value.contains(DYNAMIC) {
            let text = format!("exporting environment variable {name}: CloudFormation would replace its \"{DYNAMIC}\"");
            return Err(Failure::failed(text).hint("change the value in [function.environment], or export terraform"));
        }
    }
    let head = |resources: Node| {
        vec![
            ("AWSTemplateFormatVersion".to_owned(), Node::text("2010-09-09")),
            ("Description".to_owned(), Node::text(&source.title())),
            ("Parameters".to_owned(), parameters(source)),
            ("Resources".to_owned(), resources),
        ]
    };
    let (all, deployment) = resources(source, true);
    let mut whole = head(all);
    whole.push(("Outputs".to_owned(), outputs(source)));
    let whole = Node::Map(whole);
    let mut files = vec![File { name: "template.yaml", text: preamble(source) + &yaml(&whole)? }];
    if let Some(existing) = source.existing {
        // An import may not add outputs or anything else; the first update adds them.
        let imported = Node::Map(head(resources(source, false).0));
        files.push(File { name: "import.yaml", text: import::PREAMBLE.to_owned() + &yaml(&imported)? });
        let wanted = import::cloudformation(source, existing, &deployment);
        files.push(File { name: "resources-to-import.json", text: format!("{wanted:#}\n") });
    }
    Ok(Template { files, document: Some(whole.json()) })
}

fn yaml(node: &Node) -> Result<String, Failure> {
    node.yaml().map_err(|error| Failure::failed(format!("writing the template as YAML: {error}")))
}

/// The comments at the top of the template.
fn preamble(source: &Source<'_>) -> String {
    let (zip, name) = (source.zip_name(), &source.desired.function.name);
    let key = code_key(source).unwrap_or_else(|| format!("{name}.zip"));
    let region = source.region.map(|region| format!(" --region {region}")).unwrap_or_default();
    let mut overrides = vec!["CodeS3Bucket=BUCKET".to_owned()];
    overrides.extend(code_key(source).is_none().then(|| format!("CodeS3Key={key}")));
    overrides.extend(matches!(source.prefix, Prefix::Derived(None)).then(|| "DomainPrefix=PREFIX".to_owned()));
    let mut lines = vec![
        format!("{}, written by `deployer export cloudformation`. It works without deployer:", source.title()),
        String::new(),
        format!("  aws s3 cp {zip} s3://BUCKET/{key}{region}"),
        format!("  aws cloudformation deploy --template-file template.yaml --stack-name {name}{region} \\"),
        format!("    --capabilities CAPABILITY_NAMED_IAM --parameter-overrides {}", overrides.join(" ")),
        String::new(),
        format!("{zip} is the function's package: `deployer package --out {zip}`. New code needs a new CodeS3Key."),
        "The app client's secret is in no file and no output. This shows it to those who may read it:".to_owned(),
        String::new(),
        "  aws cognito-idp describe-user-pool-client --user-pool-id UserPoolId --client-id ClientId \\".to_owned(),
        format!("    --query UserPoolClient.ClientSecret --output text{region}"),
        String::new(),
    ];
    lines.extend(TAGS.map(str::to_owned));
    lines.iter().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect()
}

/// An S3 key that changes with the zip: CloudFormation compares the key, not the object.
fn code_key(source: &Source<'_>) -> Option<String> {
    let function = &source.desired.function;
    let sha256 = BASE64.decode(&function.code.as_ref()?.sha256).ok()?;
    Some(format!("{}-{}.zip", function.name, hex::encode(&sha256[..sha256.len().min(8)])))
}

fn parameters(source: &Source<'_>) -> Node {
    let parameter = |description: &str, default: Option<&str>| {
        let mut entries =
            vec![("Type".to_owned(), Node::text("String")), ("Description".to_owned(), Node::text(description))];
        entries.extend(default.map(|default| ("Default".to_owned(), Node::text(default))));
        Node::Map(entries)
    };
    let prefix = match &source.prefix {
        Prefix::Chosen(prefix) | Prefix::Derived(Some(prefix)) => Some(prefix.as_str()),
        Prefix::Derived(None) => None,
    };
    let description = "Prefix of the token domain, unique in the Region across all accounts";
    Node::map([
        ("CodeS3Bucket", parameter("Bucket that contains the function's package", None)),
        ("CodeS3Key", parameter("Key of the function's package", code_key(source).as_deref())),
        ("DomainPrefix", parameter(description, prefix)),
    ])
}

/// Texts for which the template refers to a resource.
fn symbols(source: &Source<'_>) -> Symbols {
    let id = &source.desired.id;
    Symbols::new(
        vec![
            (id.function_arn(), "Function.Arn"),
            (id.role_arn(), "Role.Arn"),
            // This attribute ends in `:*`.
            (format!("{}:*", id.log_group_arn()), "LogGroup.Arn"),
            (id.user_pool_arn(POOL), "UserPool.Arn"),
            (API.to_owned(), "RestApi"),
        ],
        Words { partition: "AWS::Partition", region: "AWS::Region", account: "AWS::AccountId" },
    )
}

/// A resource. It always has deletion policies, because an import requires them.
fn resource(kind: &str, policy: &str, needs: &[&str], properties: Node) -> Node {
    let mut entries = vec![("Type".to_owned(), Node::text(kind))];
    match needs {
        [] => {}
        [one] => entries.push(("DependsOn".to_owned(), Node::text(one))),
        several => {
            let several = several.iter().map(|need| Node::text(need)).collect();
            entries.push(("DependsOn".to_owned(), Node::List(several)));
        }
    }
    entries.push(("DeletionPolicy".to_owned(), Node::text(policy)));
    entries.push(("UpdateReplacePolicy".to_owned(), Node::text(policy)));
    entries.push(("Properties".to_owned(), properties));
    Node::Map(entries)
}

/// The resources, and the logical id of the deployment. An import takes over all but the gateway responses.
fn resources(source: &Source<'_>, with_refusals: bool) -> (Node, String) {
    let symbols = symbols(source);
    let mut resources = function(source, &symbols);
    resources.extend(pool(source));
    let mut api = api(source, &symbols);
    let mut needs = vec!["Method"];
    for (logical_id, kind, properties) in source.desired.cors.iter().flat_map(cors::cloudformation) {
        api.push((logical_id.to_owned(), resource(kind, "Delete", &[], properties)));
        if with_refusals || kind != cors::REFUSAL {
            needs.push(logical_id);
        }
    }
    // CloudFormation creates a deployment once; a new logical id creates another. So the id contains a digest of the
    // snapshot.
    let snapshot: Vec<String> = api.iter().map(|(_, resource)| resource.json().to_string()).collect();
    let deployment = format!("Deployment{}", digest_hex(&snapshot.join("\n"), 8));
    resources.extend(api.into_iter().filter(|(id, _)| with_refusals || !cors::REFUSALS.contains(&id.as_str())));
    let of_api = Node::map([("RestApiId", Node::reference("RestApi"))]);
    resources.push((deployment.clone(), resource("AWS::ApiGateway::Deployment", "Delete", &needs, of_api)));
    resources.push(("Stage".to_owned(), stage(source, &deployment)));
    (Node::Map(resources), deployment)
}

fn tags(source: &Source<'_>) -> Node {
    let tag = |(key, value)| Node::map([("Key", Node::text(key)), ("Value", Node::text(value))]);
    Node::List(source.desired.id.tags().into_iter().map(tag).collect())
}

fn function(source: &Source<'_>, symbols: &Symbols) -> Vec<(String, Node)> {
    let desired = source.desired;
    let (group, role, function) = (&desired.log_group, &desired.role, &desired.function);
    let log_group = Node::map([
        ("LogGroupName", Node::text(&group.name)),
        ("RetentionInDays", Node::scalar(group.retention_days)),
        ("Tags", tags(source)),
    ]);
    let policy =
        Node::map([("PolicyName", Node::text(POLICY)), ("PolicyDocument", Node::document(&role.policy, symbols))]);
    let iam_role = Node::map([
        ("RoleName", Node::Pieces(symbols.pieces(&role.name))),
        ("AssumeRolePolicyDocument", Node::document(&role.trust, symbols)),
        ("Policies", Node::List(vec![policy])),
        ("Tags", tags(source)),
    ]);
    let group_name =
        if function.log_group == group.name { Node::reference("LogGroup") } else { Node::text(&function.log_group) };
    let code = Node::map([("S3Bucket", Node::reference("CodeS3Bucket")), ("S3Key", Node::reference("CodeS3Key"))]);
    let mut properties = vec![
        ("FunctionName".to_owned(), Node::text(&function.name)),
        ("Role".to_owned(), Node::Pieces(symbols.pieces(&function.role))),
        ("Runtime".to_owned(), Node::text(Runtime::Providedal2023.as_str())),
        ("Handler".to_owned(), Node::text(HANDLER)),
        ("Architectures".to_owned(), Node::List(vec![Node::text(&function.architecture)])),
        ("MemorySize".to_owned(), Node::scalar(function.memory_mb)),
        ("Timeout".to_owned(), Node::scalar(function.timeout_s)),
        ("Code".to_owned(), code),
    ];
    if let Some(reserved) = function.reserved_concurrency {
        properties.push(("ReservedConcurrentExecutions".to_owned(), Node::scalar(reserved)));
    }
    if !function.environment.is_empty() {
        let variables = function.environment.iter().map(|(name, value)| (name.clone(), Node::text(value)));
        let variables = Node::Map(variables.collect());
        properties.push(("Environment".to_owned(), Node::map([("Variables", variables)])));
    }
    let logging = Node::map([("LogFormat", Node::text(LogFormat::Text.as_str())), ("LogGroup", group_name)]);
    properties.push(("LoggingConfig".to_owned(), logging));
    properties.push(("Tags".to_owned(), tags(source)));
    let permission = Node::map([
        ("FunctionName", Node::reference("Function")),
        ("Action", Node::text(ACTION)),
        ("Principal", Node::text(PRINCIPAL)),
        ("SourceArn", Node::Pieces(symbols.pieces(&desired.id.source_arn(API)))),
    ]);
    vec![
        ("LogGroup".to_owned(), resource("AWS::Logs::LogGroup", "Delete", &[], log_group)),
        ("Role".to_owned(), resource("AWS::IAM::Role", "Delete", &[], iam_role)),
        // Otherwise Lambda would create the log group, without retention and tags.
        ("Function".to_owned(), resource("AWS::Lambda::Function", "Delete", &[], Node::Map(properties))),
        ("Permission".to_owned(), resource("AWS::Lambda::Permission", "Delete", &[], permission)),
    ]
}

fn pool(source: &Source<'_>) -> Vec<(String, Node)> {
    let desired = source.desired;
    let (pool, server, client) = (&desired.user_pool, &desired.resource_server, &desired.app_client);
    let tags = desired.id.tags().into_iter().map(|(key, value)| (key.to_owned(), Node::text(value))).collect();
    let user_pool = Node::map([
        ("UserPoolName", Node::text(&pool.name)),
        ("DeletionProtection", Node::text(protection(pool.deletion_protection).as_str())),
        ("AdminCreateUserConfig", Node::map([("AllowAdminCreateUserOnly", Node::scalar(true))])),
        ("UserPoolTags", Node::Map(tags)),
    ]);
    let scope = |scope: &String| Node::map([("ScopeName", Node::text(scope)), ("ScopeDescription", Node::text(scope))]);
    let resource_server = Node::map([
        ("UserPoolId", Node::reference("UserPool")),
        ("Identifier", Node::text(&server.identifier)),
        ("Name", Node::text(&names::resource_server(&server.identifier))),
        ("Scopes", Node::List(server.scopes.iter().map(scope).collect())),
    ]);
    let app_client = Node::map([
        ("UserPoolId", Node::reference("UserPool")),
        ("ClientName", Node::text(&client.name)),
        ("GenerateSecret", Node::scalar(true)),
        ("AllowedOAuthFlowsUserPoolClient", Node::scalar(true)),
        ("AllowedOAuthFlows", Node::List(vec![Node::text(OAuthFlowType::ClientCredentials.as_str())])),
        ("AllowedOAuthScopes", Node::texts(&client.scopes)),
        ("AccessTokenValidity", Node::scalar(client.token_minutes)),
        ("TokenValidityUnits", Node::map([("AccessToken", Node::text(TimeUnitsType::Minutes.as_str()))])),
        ("PreventUserExistenceErrors", Node::text(PreventUserExistenceErrorTypes::Enabled.as_str())),
    ]);
    let domain = Node::map([("UserPoolId", Node::reference("UserPool")), ("Domain", Node::reference("DomainPrefix"))]);
    let client_kind = "AWS::Cognito::UserPoolClient";
    vec![
        // It may hold users, who cannot be restored.
        ("UserPool".to_owned(), resource("AWS::Cognito::UserPool", "Retain", &[], user_pool)),
        ("ResourceServer".to_owned(), resource("AWS::Cognito::UserPoolResourceServer", "Delete", &[], resource_server)),
        ("AppClient".to_owned(), resource(client_kind, "Delete", &["ResourceServer"], app_client)),
        ("Domain".to_owned(), resource("AWS::Cognito::UserPoolDomain", "Delete", &[], domain)),
    ]
}

fn api(source: &Source<'_>, symbols: &Symbols) -> Vec<(String, Node)> {
    let desired = source.desired;
    let (api, method) = (&desired.rest_api, &desired.method);
    // CloudFormation wants the slash escaped as in JSON pointers.
    let media_types: Vec<String> = sorted(&api.binary_media_types).iter().map(|kind| kind.replace('/', "~1")).collect();
    let endpoint = Node::map([("Types", Node::List(vec![Node::text(EndpointType::Regional.as_str())]))]);
    let rest_api = Node::map([
        ("Name", Node::text(&api.name)),
        ("BinaryMediaTypes", Node::texts(&media_types)),
        ("EndpointConfiguration", endpoint),
        ("Tags", tags(source)),
    ]);
    let pool_arn = Node::Pieces(symbols.pieces(&desired.id.user_pool_arn(POOL)));
    let authorizer = Node::map([
        ("RestApiId", Node::reference("RestApi")),
        ("Name", Node::text(&desired.authorizer.name)),
        ("Type", Node::text(AuthorizerType::CognitoUserPools.as_str())),
        ("ProviderARNs", Node::List(vec![pool_arn])),
        ("IdentitySource", Node::text(IDENTITY_SOURCE)),
    ]);
    let integration = Node::map([
        ("Type", Node::text(IntegrationType::AwsProxy.as_str())),
        ("IntegrationHttpMethod", Node::text(HTTP_METHOD)),
        ("Uri", Node::Pieces(symbols.pieces(&desired.integration.uri))),
        ("TimeoutInMillis", Node::scalar(desired.integration.timeout_ms)),
    ]);
    let post = Node::map([
        ("RestApiId", Node::reference("RestApi")),
        ("ResourceId", Node::reference("RestApi.RootResourceId")),
        ("HttpMethod", Node::text(HTTP_METHOD)),
        ("AuthorizationType", Node::text(AUTHORIZATION)),
        ("AuthorizerId", Node::reference("Authorizer")),
        ("AuthorizationScopes", Node::texts(&method.scopes)),
        ("ApiKeyRequired", Node::scalar(false)),
        ("Integration", integration),
    ]);
    vec![
        ("RestApi".to_owned(), resource("AWS::ApiGateway::RestApi", "Delete", &[], rest_api)),
        ("Authorizer".to_owned(), resource("AWS::ApiGateway::Authorizer", "Delete", &[], authorizer)),
        ("Method".to_owned(), resource("AWS::ApiGateway::Method", "Delete", &[], post)),
    ]
}

fn stage(source: &Source<'_>, deployment: &str) -> Node {
    let stage = &source.desired.stage;
    let mut properties = vec![
        ("RestApiId".to_owned(), Node::reference("RestApi")),
        ("StageName".to_owned(), Node::text(&stage.name)),
        ("DeploymentId".to_owned(), Node::Ref(deployment.to_owned())),
    ];
    if let Some((rate, burst)) = throttle(stage) {
        let setting = Node::map([
            // CloudFormation's form of `*/*`, all methods of all resources.
            ("HttpMethod", Node::text("*")),
            ("ResourcePath", Node::text("/*")),
            ("ThrottlingRateLimit", Node::scalar(rate)),
            ("ThrottlingBurstLimit", Node::scalar(burst)),
        ]);
        properties.push(("MethodSettings".to_owned(), Node::List(vec![setting])));
    }
    resource("AWS::ApiGateway::Stage", "Delete", &[], Node::Map(properties))
}

fn outputs(source: &Source<'_>) -> Node {
    let output = |value: Node| Node::map([("Value", value)]);
    let text = |text: &str| Piece::Text(text.to_owned());
    let endpoint = vec![
        text("https://"),
        Piece::Expression("RestApi"),
        text(".execute-api."),
        Piece::Expression("AWS::Region"),
        text("."),
        Piece::Expression("AWS::URLSuffix"),
        text("/"),
        Piece::Expression("Stage"),
    ];
    let token = vec![
        text("https://"),
        Piece::Expression("DomainPrefix"),
        text(".auth."),
        Piece::Expression("AWS::Region"),
        text(".amazoncognito.com/oauth2/token"),
    ];
    Node::map([
        ("Endpoint", output(Node::Pieces(endpoint))),
        ("TokenUrl", output(Node::Pieces(token))),
        ("ClientId", output(Node::reference("AppClient"))),
        ("UserPoolId", output(Node::reference("UserPool"))),
        ("RestApiId", output(Node::reference("RestApi"))),
        ("FunctionName", output(Node::reference("Function"))),
        ("Scopes", output(Node::text(&source.desired.app_client.scopes.join(" ")))),
    ])
}
