//! The stack in Terraform's language, for the AWS provider.

use aws_sdk_apigateway::types::{AuthorizerType, EndpointType, IntegrationType};
use aws_sdk_cognitoidentityprovider::types::{OAuthFlowType, PreventUserExistenceErrorTypes, TimeUnitsType};
use aws_sdk_lambda::types::{LogFormat, Runtime};

use super::{
    cors,
    hcl::{self, Block, Value},
    import,
    source::{File, Prefix, Source, TAGS, Template},
    symbol::{API, POOL, Symbols, Words},
};
use crate::names;
use crate::resources::{
    authorizer::IDENTITY_SOURCE,
    function::HANDLER,
    method::AUTHORIZATION,
    paths::HTTP_METHOD,
    permission::{ACTION, PRINCIPAL, STATEMENT},
    role::POLICY,
    stage::{ALL, throttle},
    user_pool::protection,
};

/// The first version with `import` blocks.
const TERRAFORM: &str = ">= 1.5";
/// The first version with everything that is used here is 5.26, which added `logging_config`.
const PROVIDER: &str = ">= 5.26";

/// The template.
pub fn template(source: &Source<'_>) -> Template {
    let mut main = preamble(source);
    main.push('\n');
    main.push_str(&hcl::file(&main_blocks(source)));
    let mut files = vec![
        File { name: "main.tf", text: main },
        File { name: "versions.tf", text: hcl::file(&versions()) },
        File { name: "variables.tf", text: hcl::file(&variables(source)) },
        File { name: "outputs.tf", text: hcl::file(&outputs(source)) },
    ];
    if let Some(existing) = source.existing {
        files.push(File { name: "imports.tf", text: hcl::file(&import::terraform(source, existing)) });
    }
    Template { files, document: None }
}

/// The comments at the top of main.tf.
fn preamble(source: &Source<'_>) -> String {
    let zip = source.zip_name();
    let mut lines = vec![
        format!("{}, written by `deployer export terraform`. It works without deployer:", source.title()),
        String::new(),
        "  terraform init && terraform apply".to_owned(),
        String::new(),
        format!("The function's package, {zip}, must be in the same folder: `deployer package --out {zip}`."),
        "The app client's secret is in no file here, but Terraform keeps it in its state. Store the state where only"
            .to_owned(),
        "those who may fetch tokens can read it. This shows the secret:".to_owned(),
        String::new(),
        "  aws cognito-idp describe-user-pool-client --user-pool-id \"$(terraform output -raw user_pool_id)\" \\"
            .to_owned(),
        "    --client-id \"$(terraform output -raw client_id)\" --query UserPoolClient.ClientSecret --output text"
            .to_owned(),
        String::new(),
    ];
    lines.extend(TAGS.map(str::to_owned));
    lines.iter().map(|line| format!("# {line}").trim_end().to_owned() + "\n").collect()
}

fn versions() -> [Block; 2] {
    let aws =
        Value::Object(vec![("source".into(), Value::text("hashicorp/aws")), ("version".into(), Value::text(PROVIDER))]);
    let required = Block::new("required_providers", &[]).attribute("aws", aws);
    [
        Block::new("terraform", &[]).text("required_version", TERRAFORM).block(required),
        Block::new("provider", &["aws"]).set("region", "var.region"),
    ]
}

fn variables(source: &Source<'_>) -> [Block; 2] {
    let variable = |name: &str, description: &str, default: Option<&str>| {
        let default = default.map_or_else(|| Value::expression("null"), Value::text);
        let block = Block::new("variable", &[name]).text("description", description);
        block.set("type", "string").attribute("default", default)
    };
    let prefix = match &source.prefix {
        Prefix::Chosen(prefix) => {
            let description = "Prefix of the token domain, unique in the Region across all accounts.";
            variable("domain_prefix", description, Some(prefix))
        }
        Prefix::Derived(_) => {
            let description = "Prefix of the token domain, unique in the Region across all accounts. \
                               Derived from name, stage, account and Region by default.";
            variable("domain_prefix", description, None)
        }
    };
    [variable("region", "AWS Region. Defaults to that of the provider's usual sources.", source.region), prefix]
}

/// Texts for which the template refers to a resource.
fn symbols(source: &Source<'_>) -> Symbols {
    let id = &source.desired.id;
    let api = id.source_arn(API);
    // The part up to the API's id is the API's execution ARN.
    let execution = api.split_once('/').map_or(api.as_str(), |(execution, _)| execution).to_owned();
    Symbols::new(
        vec![
            (id.invoke_uri(), "aws_lambda_function.main.invoke_arn"),
            (id.function_arn(), "aws_lambda_function.main.arn"),
            (id.role_arn(), "aws_iam_role.main.arn"),
            (id.log_group_arn(), "aws_cloudwatch_log_group.main.arn"),
            (id.user_pool_arn(POOL), "aws_cognito_user_pool.main.arn"),
            (execution, "aws_api_gateway_rest_api.main.execution_arn"),
        ],
        Words { partition: "local.partition", region: "local.region", account: "local.account_id" },
    )
}

fn main_blocks(source: &Source<'_>) -> Vec<Block> {
    let mut blocks = vec![
        Block::new("data", &["aws_caller_identity", "current"]),
        Block::new("data", &["aws_partition", "current"]),
        Block::new("data", &["aws_region", "current"]),
        locals(source),
    ];
    let symbols = symbols(source);
    blocks.extend(function(source, &symbols));
    blocks.extend(pool(source));
    blocks.extend(api(source, &symbols));
    blocks.extend(deployment(source));
    blocks
}

/// The prefix that `up` derives: see [`crate::names::StackId::domain_prefix`].
pub(super) fn derived_prefix(base: &str) -> String {
    format!("{base}-${{substr(sha256(\"${{local.account_id}}/${{local.region}}/{base}\"), 0, 8)}}")
}

fn locals(source: &Source<'_>) -> Block {
    let id = &source.desired.id;
    let mut locals = Block::new("locals", &[])
        .set("account_id", "data.aws_caller_identity.current.account_id")
        .set("partition", "data.aws_partition.current.partition")
        // Version 5 of the provider has `name`, version 6 `region`, and both have `id`.
        .set("region", "data.aws_region.current.id");
    if let Prefix::Derived(_) = source.prefix {
        let derived = derived_prefix(&id.function());
        locals = locals.set("domain_prefix", format!("coalesce(var.domain_prefix, \"{derived}\")"));
    }
    let tags = id.tags().into_iter().map(|(key, value)| (key.to_owned(), Value::text(value))).collect();
    locals.attribute("tags", Value::Object(tags))
}

fn resource(kind: &str, name: &str) -> Block {
    Block::new("resource", &[kind, name])
}

/// A derived text, with references in place of its symbols.
fn derived(symbols: &Symbols, text: &str) -> Value {
    Value::Pieces(symbols.pieces(text))
}

fn function(source: &Source<'_>, symbols: &Symbols) -> Vec<Block> {
    let desired = source.desired;
    let (group, role, function) = (&desired.log_group, &desired.role, &desired.function);
    let document = |document| Value::Call("jsonencode", Box::new(Value::json(document, symbols)));
    let log_group = resource("aws_cloudwatch_log_group", "main")
        .text("name", &group.name)
        .set("retention_in_days", group.retention_days)
        .set("tags", "local.tags");
    let iam_role = resource("aws_iam_role", "main")
        .attribute("name", derived(symbols, &role.name))
        .attribute("assume_role_policy", document(&role.trust))
        .set("tags", "local.tags");
    let policy = resource("aws_iam_role_policy", "logs")
        .text("name", POLICY)
        .set("role", "aws_iam_role.main.name")
        .attribute("policy", document(&role.policy));
    let zip = format!("\"${{path.module}}/{}\"", source.zip_name());
    let mut lambda = resource("aws_lambda_function", "main")
        .text("function_name", &function.name)
        .attribute("role", derived(symbols, &function.role))
        .text("runtime", Runtime::Providedal2023.as_str())
        .text("handler", HANDLER)
        .attribute("architectures", Value::List(vec![Value::text(&function.architecture)]))
        .set("memory_size", function.memory_mb)
        .set("timeout", function.timeout_s)
        .set("filename", &zip)
        .set("source_code_hash", format!("filebase64sha256({zip})"));
    if let Some(reserved) = function.reserved_concurrency {
        lambda = lambda.set("reserved_concurrent_executions", reserved);
    }
    lambda = lambda.set("tags", "local.tags");
    if !function.environment.is_empty() {
        let variables = function.environment.iter().map(|(name, value)| (name.clone(), Value::text(value)));
        let variables = Value::Object(variables.collect());
        lambda = lambda.block(Block::new("environment", &[]).attribute("variables", variables));
    }
    let group_name = if function.log_group == group.name {
        Value::expression("aws_cloudwatch_log_group.main.name")
    } else {
        Value::text(&function.log_group)
    };
    let logging = Block::new("logging_config", &[]).text("log_format", LogFormat::Text.as_str());
    lambda = lambda
        .block(logging.attribute("log_group", group_name))
        // Otherwise Lambda would create the log group, without retention and tags.
        .depends_on(&["aws_cloudwatch_log_group.main", "aws_iam_role_policy.logs"]);
    let permission = resource("aws_lambda_permission", "api_gateway")
        .text("statement_id", STATEMENT)
        .text("action", ACTION)
        .set("function_name", "aws_lambda_function.main.function_name")
        .text("principal", PRINCIPAL)
        .attribute("source_arn", derived(symbols, &desired.id.source_arn(API)));
    vec![log_group, iam_role, policy, lambda, permission]
}

fn pool(source: &Source<'_>) -> Vec<Block> {
    let desired = source.desired;
    let (pool, server, client) = (&desired.user_pool, &desired.resource_server, &desired.app_client);
    let user_pool = resource("aws_cognito_user_pool", "main")
        .comment("It may hold users, who cannot be restored: a plan that would destroy or replace it fails.")
        .text("name", &pool.name)
        .text("deletion_protection", protection(pool.deletion_protection).as_str())
        .set("tags", "local.tags")
        .block(Block::new("admin_create_user_config", &[]).set("allow_admin_create_user_only", true))
        .block(Block::new("lifecycle", &[]).set("prevent_destroy", true));
    let mut resource_server = resource("aws_cognito_resource_server", "main")
        .set("user_pool_id", "aws_cognito_user_pool.main.id")
        .text("identifier", &server.identifier)
        .text("name", &names::resource_server(&server.identifier));
    for scope in &server.scopes {
        let block = Block::new("scope", &[]).text("scope_name", scope).text("scope_description", scope);
        resource_server = resource_server.block(block);
    }
    let app_client = resource("aws_cognito_user_pool_client", "main")
        .comment("An imported client has no generate_secret; without this it would be replaced and its secret lost.")
        .set("user_pool_id", "aws_cognito_user_pool.main.id")
        .text("name", &client.name)
        .set("generate_secret", true)
        .set("allowed_oauth_flows_user_pool_client", true)
        .attribute("allowed_oauth_flows", Value::List(vec![Value::text(OAuthFlowType::ClientCredentials.as_str())]))
        .attribute("allowed_oauth_scopes", Value::texts(&client.scopes))
        .set("access_token_validity", client.token_minutes)
        .text("prevent_user_existence_errors", PreventUserExistenceErrorTypes::Enabled.as_str())
        .block(Block::new("token_validity_units", &[]).text("access_token", TimeUnitsType::Minutes.as_str()))
        .block(Block::new("lifecycle", &[]).set("ignore_changes", "[generate_secret]"))
        .depends_on(&["aws_cognito_resource_server.main"]);
    let prefix = match source.prefix {
        Prefix::Chosen(_) => "var.domain_prefix",
        Prefix::Derived(_) => "local.domain_prefix",
    };
    let domain = resource("aws_cognito_user_pool_domain", "main")
        .set("user_pool_id", "aws_cognito_user_pool.main.id")
        .set("domain", prefix);
    vec![user_pool, resource_server, app_client, domain]
}

fn api(source: &Source<'_>, symbols: &Symbols) -> Vec<Block> {
    let desired = source.desired;
    let (api, method) = (&desired.rest_api, &desired.method);
    let types = Value::List(vec![Value::text(EndpointType::Regional.as_str())]);
    let rest_api = resource("aws_api_gateway_rest_api", "main")
        .text("name", &api.name)
        .attribute("binary_media_types", Value::texts(&api.binary_media_types))
        .set("tags", "local.tags")
        .block(Block::new("endpoint_configuration", &[]).attribute("types", types));
    let pool_arn = derived(symbols, &desired.id.user_pool_arn(POOL));
    let authorizer = resource("aws_api_gateway_authorizer", "main")
        .set("rest_api_id", "aws_api_gateway_rest_api.main.id")
        .text("name", &desired.authorizer.name)
        .text("type", AuthorizerType::CognitoUserPools.as_str())
        .attribute("provider_arns", Value::List(vec![pool_arn]))
        .text("identity_source", IDENTITY_SOURCE);
    let post = resource("aws_api_gateway_method", "post")
        .set("rest_api_id", "aws_api_gateway_rest_api.main.id")
        .set("resource_id", "aws_api_gateway_rest_api.main.root_resource_id")
        .text("http_method", HTTP_METHOD)
        .text("authorization", AUTHORIZATION)
        .set("authorizer_id", "aws_api_gateway_authorizer.main.id")
        .attribute("authorization_scopes", Value::texts(&method.scopes))
        .set("api_key_required", false);
    let integration = resource("aws_api_gateway_integration", "post")
        .set("rest_api_id", "aws_api_gateway_rest_api.main.id")
        .set("resource_id", "aws_api_gateway_rest_api.main.root_resource_id")
        .set("http_method", "aws_api_gateway_method.post.http_method")
        .text("type", IntegrationType::AwsProxy.as_str())
        .text("integration_http_method", HTTP_METHOD)
        .attribute("uri", derived(symbols, &desired.integration.uri))
        .set("timeout_milliseconds", desired.integration.timeout_ms);
    let mut blocks = vec![rest_api, authorizer, post, integration];
    blocks.extend(desired.cors.iter().flat_map(cors::terraform));
    blocks
}

/// The attributes that a deployment captures in its snapshot.
const SNAPSHOT: [&str; 14] = [
    "aws_api_gateway_rest_api.main.binary_media_types",
    "aws_api_gateway_authorizer.main.id",
    "aws_api_gateway_authorizer.main.type",
    "aws_api_gateway_authorizer.main.provider_arns",
    "aws_api_gateway_authorizer.main.identity_source",
    "aws_api_gateway_method.post.http_method",
    "aws_api_gateway_method.post.authorization",
    "aws_api_gateway_method.post.authorizer_id",
    "aws_api_gateway_method.post.authorization_scopes",
    "aws_api_gateway_method.post.api_key_required",
    "aws_api_gateway_integration.post.type",
    "aws_api_gateway_integration.post.integration_http_method",
    "aws_api_gateway_integration.post.uri",
    "aws_api_gateway_integration.post.timeout_milliseconds",
];

fn deployment(source: &Source<'_>) -> Vec<Block> {
    let stage = &source.desired.stage;
    let (mut captured, mut before) = (SNAPSHOT.to_vec(), vec!["aws_api_gateway_integration.post"]);
    if source.desired.cors.is_some() {
        captured.extend(cors::SNAPSHOT);
        before.extend(cors::BEFORE_DEPLOYMENT);
    }
    let snapshot = Value::List(captured.iter().map(Value::expression).collect());
    let redeployment = Value::Call("sha1", Box::new(Value::Call("jsonencode", Box::new(snapshot))));
    let triggers = Value::Object(vec![("redeployment".into(), redeployment)]);
    let deployment = resource("aws_api_gateway_deployment", "main")
        .comment("A deployment is a snapshot: callers see a change only after the next deployment.")
        .set("rest_api_id", "aws_api_gateway_rest_api.main.id")
        .attribute("triggers", triggers)
        .block(Block::new("lifecycle", &[]).set("create_before_destroy", true))
        .depends_on(&before);
    let mut blocks = vec![
        deployment,
        resource("aws_api_gateway_stage", "main")
            .set("rest_api_id", "aws_api_gateway_rest_api.main.id")
            .set("deployment_id", "aws_api_gateway_deployment.main.id")
            .text("stage_name", &stage.name),
    ];
    if let Some((rate, burst)) = throttle(stage) {
        let settings = Block::new("settings", &[]).set("throttling_rate_limit", rate);
        let method_settings = resource("aws_api_gateway_method_settings", "all")
            .set("rest_api_id", "aws_api_gateway_rest_api.main.id")
            .set("stage_name", "aws_api_gateway_stage.main.stage_name")
            .text("method_path", ALL)
            .block(settings.set("throttling_burst_limit", burst));
        blocks.push(method_settings);
    }
    blocks
}

fn outputs(source: &Source<'_>) -> Vec<Block> {
    let output = |name: &str, value: Value| Block::new("output", &[name]).attribute("value", value);
    let from = |name: &str, expression: &str| output(name, Value::expression(expression));
    let token =
        "\"https://${aws_cognito_user_pool_domain.main.domain}.auth.${local.region}.amazoncognito.com/oauth2/token\"";
    vec![
        from("endpoint", "aws_api_gateway_stage.main.invoke_url"),
        from("token_url", token),
        from("client_id", "aws_cognito_user_pool_client.main.id"),
        from("user_pool_id", "aws_cognito_user_pool.main.id"),
        from("rest_api_id", "aws_api_gateway_rest_api.main.id"),
        from("function_name", "aws_lambda_function.main.function_name"),
        output("scopes", Value::texts(&source.desired.app_client.scopes)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::names::{StackId, digest_hex};

    #[test]
    fn the_derived_prefix_is_the_one_that_up_derives() {
        let id = StackId::new("mnist", "dev", "eu-west-1", "123456789012");
        let expression = derived_prefix("mnist-dev");
        let (hashed, rest) =
            expression.split_once("sha256(\"").and_then(|(_, rest)| rest.split_once("\")")).unwrap_or_default();
        assert_eq!(rest, ", 0, 8)}");
        let text = hashed.replace("${local.account_id}", &id.account_id).replace("${local.region}", &id.region);
        let hex = digest_hex(&text, 32);
        assert_eq!(format!("mnist-dev-{}", &hex[..8]), id.domain_prefix());
    }
}
