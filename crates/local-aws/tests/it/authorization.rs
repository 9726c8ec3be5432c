//! Every request is checked against the policy as on AWS: actions, resources, tags and dependent actions.

use aws_sdk_lambda::{primitives::Blob, types::FunctionCode};
use local_aws::Policy;
use serde_json::{Value, json};

use crate::cloud::{Cloud, TRUST, code, zip};

fn policy(statements: &Value) -> Option<Policy> {
    Some(Policy::parse(&json!({ "Version": "2012-10-17", "Statement": statements }).to_string()).unwrap())
}

fn allow(action: &str, resource: &str) -> Value {
    json!({ "Effect": "Allow", "Action": action, "Resource": resource })
}

async fn with_policy(statements: &Value) -> Cloud {
    Cloud::start_with(|options| options.policy = policy(statements)).await
}

#[tokio::test]
async fn each_service_denies_with_its_own_code_and_aws_message() {
    let cloud = with_policy(&json!([allow("iam:GetRole", "arn:aws:iam::000000000000:role/mine")])).await;
    let role = cloud.iam().get_role().role_name("yours").send().await.unwrap_err();
    assert_eq!(role.raw_response().unwrap().status().as_u16(), 403);
    let message = "User: arn:aws:iam::000000000000:user/deployer is not authorized to perform: iam:GetRole on resource: \
                   arn:aws:iam::000000000000:role/yours because no identity-based policy allows the iam:GetRole action";
    assert_eq!(aws_sdk_iam::error::ProvideErrorMetadata::message(&role), Some(message));
    assert_eq!(code(Err::<(), _>(role)), "AccessDenied");
    assert_eq!(code(cloud.iam().get_role().role_name("mine").send().await), "NoSuchEntity");

    let lambda = cloud.lambda().get_function().function_name("f").send().await;
    let gateway = cloud.gateway().get_rest_apis().send().await;
    let cognito = cloud.cognito().list_user_pools().max_results(1).send().await;
    let logs = cloud.logs().describe_log_groups().send().await;
    let status = |response: Option<u16>| response.unwrap_or_default();
    let statuses = [
        status(lambda.as_ref().unwrap_err().raw_response().map(|raw| raw.status().as_u16())),
        status(gateway.as_ref().unwrap_err().raw_response().map(|raw| raw.status().as_u16())),
        status(cognito.as_ref().unwrap_err().raw_response().map(|raw| raw.status().as_u16())),
        status(logs.as_ref().unwrap_err().raw_response().map(|raw| raw.status().as_u16())),
    ];
    assert_eq!(statuses, [403, 403, 400, 400]);
    for code in [code(lambda), code(gateway), code(cognito), code(logs)] {
        assert_eq!(code, "AccessDeniedException");
    }
    // GetCallerIdentity is always allowed.
    let identity = aws_sdk_sts::Client::new(&cloud.config()).get_caller_identity().send().await.unwrap();
    assert_eq!(identity.arn(), Some("arn:aws:iam::000000000000:user/deployer"));
    assert!(cloud.server.requests().iter().all(|request| !request.write));
}

/// Asserts that the request was denied because it needs `action`.
fn denied<T, E: std::fmt::Debug>(result: Result<T, E>, action: &str) {
    let error = format!("{:?}", result.err());
    assert!(error.contains(&format!("perform: {action} ")), "{action}: {error}");
}

#[tokio::test]
async fn setting_tags_and_passing_roles_need_their_own_permissions() {
    let role_arn = "arn:aws:iam::000000000000:role/r";
    let cloud = with_policy(&json!([allow("iam:CreateRole", role_arn)])).await;
    let tag = aws_sdk_iam::types::Tag::builder().key("k").value("v").build().unwrap();
    let create = || cloud.iam().create_role().role_name("r").assume_role_policy_document(TRUST);
    denied(create().tags(tag.clone()).send().await, "iam:TagRole");
    assert_eq!(code(create().send().await), "no error");

    let function = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let create = || {
        let call = cloud.lambda().create_function().function_name("f").role(role_arn).handler("bootstrap");
        let code = FunctionCode::builder().zip_file(Blob::new(zip("bootstrap", ""))).build();
        call.runtime("provided.al2023".into()).code(code).tags("k", "v")
    };
    let mut statements = vec![allow("lambda:CreateFunction", function)];
    cloud.server.enforce(policy(&json!(statements)));
    denied(create().send().await, "iam:PassRole");
    let mut pass = allow("iam:PassRole", role_arn);
    pass["Condition"] = json!({ "StringEquals": { "iam:PassedToService": "ec2.amazonaws.com" } });
    statements.push(pass);
    cloud.server.enforce(policy(&json!(statements)));
    denied(create().send().await, "iam:PassRole");
    statements[1]["Condition"] = json!({ "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } });
    cloud.server.enforce(policy(&json!(statements)));
    denied(create().send().await, "lambda:TagResource");
    statements.push(allow("lambda:TagResource", function));
    statements.push(allow("lambda:GetFunction", function));
    cloud.server.enforce(policy(&json!(statements)));
    assert_eq!(code(create().send().await), "no error");

    // An update that sets the role also passes it.
    cloud.server.enforce(policy(&json!([allow("lambda:*", function)])));
    let update = || cloud.lambda().update_function_configuration().function_name("f");
    denied(update().role(role_arn).send().await, "iam:PassRole");
    assert_eq!(code(update().timeout(5).send().await), "no error");

    // Without permission to list tags, GetFunction omits them.
    cloud.server.enforce(policy(&json!(statements)));
    let shown = cloud.lambda().get_function().function_name("f").send().await.unwrap();
    assert_eq!(shown.tags(), None);
    assert_eq!(shown.tags_error().map(|error| error.error_code()), Some("AccessDeniedException"));
    cloud.server.enforce(None);
    let shown = cloud.lambda().get_function().function_name("f").send().await.unwrap();
    assert!(shown.tags().is_some() && shown.tags_error().is_none());
}

#[tokio::test]
async fn the_resource_of_a_log_group_includes_its_streams_except_for_tags() {
    let group = "arn:aws:logs:us-east-1:000000000000:log-group:g";
    let cloud = with_policy(&json!([allow("logs:*", group)])).await;
    let create = || cloud.logs().create_log_group().log_group_name("g").tags("k", "v");
    denied(create().send().await, "logs:CreateLogGroup");
    cloud.server.enforce(policy(&json!([allow("logs:*", &format!("{group}:*"))])));
    denied(create().send().await, "logs:TagResource");
    let both = json!({ "Effect": "Allow", "Action": "logs:*", "Resource": [group, format!("{group}:*")] });
    cloud.server.enforce(policy(&json!([both])));
    assert_eq!(code(create().send().await), "no error");
    assert_eq!(code(cloud.logs().list_tags_for_resource().resource_arn(group).send().await), "no error");
    // DescribeLogGroups needs permission for all groups.
    denied(cloud.logs().describe_log_groups().log_group_name_prefix("g").send().await, "logs:DescribeLogGroups");
}

#[tokio::test]
async fn everything_below_an_api_inherits_its_tags() {
    let cloud = Cloud::start().await;
    let create = |stage: &str| cloud.gateway().create_rest_api().name("a").tags("stage", stage);
    let (ours, theirs) = (create("dev").send().await.unwrap(), create("prod").send().await.unwrap());
    let mut statement = allow("apigateway:*", "arn:aws:apigateway:us-east-1::/restapis/*");
    statement["Condition"] = json!({ "StringEquals": { "aws:ResourceTag/stage": "dev" } });
    cloud.server.enforce(policy(&json!([statement])));
    let put = |api: Option<String>, root: Option<String>| {
        let call = cloud.gateway().put_method().set_rest_api_id(api).set_resource_id(root);
        call.http_method("POST").authorization_type("NONE").send()
    };
    assert_eq!(code(put(ours.id, ours.root_resource_id).await), "no error");
    denied(put(theirs.id.clone(), theirs.root_resource_id).await, "apigateway:PUT");
    denied(cloud.gateway().delete_rest_api().set_rest_api_id(theirs.id).send().await, "apigateway:DELETE");
    // An API that does not exist has no tags.
    denied(cloud.gateway().get_stages().rest_api_id("0123456789").send().await, "apigateway:GET");

    let mut statement = allow("apigateway:POST", "arn:aws:apigateway:us-east-1::/restapis");
    statement["Condition"] = json!({ "StringEquals": { "aws:RequestTag/stage": "dev" } });
    cloud.server.enforce(policy(&json!([statement])));
    denied(create("prod").send().await, "apigateway:POST");
    // The new API has no id yet, so the resource is a pattern.
    let error = format!("{:?}", create("dev").send().await.unwrap_err());
    let path = "apigateway:PUT on resource: arn:aws:apigateway:us-east-1::/tags/\
                arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2F* because";
    assert!(error.contains(path), "{error}");
}

#[tokio::test]
async fn conditions_on_tags_apply_to_existing_and_new_pools() {
    let cloud = Cloud::start().await;
    let create = |stage: &str| cloud.cognito().create_user_pool().pool_name("p").user_pool_tags("stage", stage);
    let theirs = create("prod").send().await.unwrap().user_pool.unwrap();
    let mut access = allow("cognito-idp:*", "arn:aws:cognito-idp:us-east-1:000000000000:userpool/*");
    access["Condition"] = json!({ "StringEqualsIfExists": { "aws:ResourceTag/stage": "dev" } });
    let mut create_pool = allow("cognito-idp:CreateUserPool", "*");
    create_pool["Condition"] = json!({
        "StringEquals": { "aws:RequestTag/stage": "dev", "aws:RequestedRegion": "us-east-1" },
        "ForAllValues:StringEquals": { "aws:TagKeys": ["stage"] },
    });
    cloud.server.enforce(policy(&json!([access, create_pool])));
    denied(create("prod").send().await, "cognito-idp:CreateUserPool");
    denied(create("dev").user_pool_tags("more", "").send().await, "cognito-idp:CreateUserPool");
    let ours = create("dev").send().await.unwrap().user_pool.unwrap();
    let client = |pool: &str| cloud.cognito().create_user_pool_client().user_pool_id(pool).client_name("c").send();
    assert_eq!(code(client(ours.id().unwrap()).await), "no error");
    denied(client(theirs.id().unwrap()).await, "cognito-idp:CreateUserPoolClient");
    denied(cloud.cognito().list_user_pools().max_results(1).send().await, "cognito-idp:ListUserPools");
}

#[tokio::test]
async fn an_explicit_deny_is_named_in_the_message() {
    let cloud = with_policy(&json!([
        allow("*", "*"),
        { "Effect": "Deny", "Action": "logs:Delete*", "Resource": "*" },
    ]))
    .await;
    cloud.logs().create_log_group().log_group_name("g").send().await.unwrap();
    let error = format!("{:?}", cloud.logs().delete_log_group().log_group_name("g").send().await.unwrap_err());
    assert!(error.contains("with an explicit deny in an identity-based policy"), "{error}");
    assert_eq!(cloud.server.permissions().len(), 2);
}
