//! Maps a template's resources to those of the running stack, in the form that each format requires.

use serde_json::{Value as Json, json};

use super::{
    cors,
    existing::Existing,
    hcl::{Block, Value},
    source::Source,
};
use crate::resources::{
    cors::OPTIONS,
    paths::HTTP_METHOD,
    permission::STATEMENT,
    role::POLICY,
    stage::{ALL, throttle},
};

/// `import` blocks, with the ids that the provider's documentation prescribes.
pub(super) fn terraform(source: &Source<'_>, existing: &Existing) -> Vec<Block> {
    let desired = source.desired;
    let Existing { role, pool_id, client_id, domain, api_id, root_id, authorizer_id, .. } = existing;
    let function = &desired.function.name;
    let method = format!("{api_id}/{root_id}/{HTTP_METHOD}");
    let server = format!("{pool_id}|{}", desired.resource_server.identifier);
    let stage = format!("{api_id}/{}", desired.stage.name);
    let mut resources = vec![
        ("aws_cloudwatch_log_group.main", desired.log_group.name.clone()),
        ("aws_iam_role.main", role.clone()),
        ("aws_iam_role_policy.logs", format!("{role}:{POLICY}")),
        ("aws_lambda_function.main", function.clone()),
        ("aws_lambda_permission.api_gateway", format!("{function}/{STATEMENT}")),
        ("aws_cognito_user_pool.main", pool_id.clone()),
        ("aws_cognito_resource_server.main", server),
        ("aws_cognito_user_pool_client.main", format!("{pool_id}/{client_id}")),
        ("aws_cognito_user_pool_domain.main", domain.clone()),
        ("aws_api_gateway_rest_api.main", api_id.clone()),
        ("aws_api_gateway_authorizer.main", format!("{api_id}/{authorizer_id}")),
        ("aws_api_gateway_method.post", method.clone()),
        ("aws_api_gateway_integration.post", method),
        ("aws_api_gateway_stage.main", stage.clone()),
    ];
    if throttle(&desired.stage).is_some() {
        resources.push(("aws_api_gateway_method_settings.all", format!("{stage}/{ALL}")));
    }
    let mut resources: Vec<(String, String)> =
        resources.into_iter().map(|(address, id)| (address.to_owned(), id)).collect();
    if desired.cors.is_some() {
        resources.extend(cors::terraform_imports(api_id, root_id));
    }
    let block = |(address, id): (String, String)| {
        Block::new("import", &[]).set("to", address).attribute("id", Value::text(&id))
    };
    let mut blocks: Vec<Block> = resources.into_iter().map(block).collect();
    blocks[0] = blocks[0]
        .clone()
        .comment(
            "The resources of the running stack, which the first `terraform apply` imports. After that, delete this file.",
        )
        .comment(
            "The deployment is not among them: Terraform cannot import its triggers and creates a new one.",
        );
    blocks
}

/// The comments at the top of import.yaml.
pub(super) const PREAMBLE: &str = "\
# template.yaml without its outputs, which an import may not add. This creates a stack from the existing resources:
#
#   aws cloudformation create-change-set --change-set-type IMPORT --change-set-name import --stack-name STACK \\
#     --template-body file://import.yaml --resources-to-import file://resources-to-import.json \\
#     --capabilities CAPABILITY_NAMED_IAM --parameters ParameterKey=CodeS3Bucket,ParameterValue=BUCKET
#   aws cloudformation execute-change-set --change-set-name import --stack-name STACK
#
# Then deploy template.yaml to the same stack.
";

/// The value of `--resources-to-import`: every resource with the primary identifier of its type.
pub(super) fn cloudformation(source: &Source<'_>, existing: &Existing, deployment: &str) -> Json {
    let desired = source.desired;
    let Existing { role, pool_id, client_id, domain, api_id, root_id, authorizer_id, deployment_id } = existing;
    let server = &desired.resource_server.identifier;
    let of_api = |more: (&str, &str)| json!({"RestApiId": api_id, more.0: more.1});
    let of_pool = |more: (&str, &str)| json!({"UserPoolId": pool_id, more.0: more.1});
    let name = &desired.function.name;
    let method = json!({"RestApiId": api_id, "ResourceId": root_id, "HttpMethod": HTTP_METHOD});
    let mut resources = vec![
        ("Logs::LogGroup", "LogGroup", json!({"LogGroupName": desired.log_group.name})),
        ("IAM::Role", "Role", json!({"RoleName": role})),
        ("Lambda::Function", "Function", json!({"FunctionName": name})),
        ("Lambda::Permission", "Permission", json!({"FunctionName": name, "Id": STATEMENT})),
        ("Cognito::UserPool", "UserPool", json!({"UserPoolId": pool_id})),
        ("Cognito::UserPoolResourceServer", "ResourceServer", of_pool(("Identifier", server))),
        ("Cognito::UserPoolClient", "AppClient", of_pool(("ClientId", client_id))),
        ("Cognito::UserPoolDomain", "Domain", of_pool(("Domain", domain))),
        ("ApiGateway::RestApi", "RestApi", json!({"RestApiId": api_id})),
        ("ApiGateway::Authorizer", "Authorizer", of_api(("AuthorizerId", authorizer_id))),
        ("ApiGateway::Method", "Method", method),
        ("ApiGateway::Deployment", deployment, of_api(("DeploymentId", deployment_id))),
        ("ApiGateway::Stage", "Stage", of_api(("StageName", &desired.stage.name))),
    ];
    // The gateway responses have no identifier that is documented; the first update writes them again.
    if desired.cors.is_some() {
        let preflight = json!({"RestApiId": api_id, "ResourceId": root_id, "HttpMethod": OPTIONS});
        resources.push(("ApiGateway::Method", cors::PREFLIGHT, preflight));
    }
    let resource = |(kind, logical_id, identifier): (&str, &str, Json)| {
        json!({
            "ResourceType": format!("AWS::{kind}"),
            "LogicalResourceId": logical_id,
            "ResourceIdentifier": identifier,
        })
    };
    Json::Array(resources.into_iter().map(resource).collect())
}
