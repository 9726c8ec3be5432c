//! Request rates. Each row sends more requests at once than the documented burst.

use aws_sdk_apigateway::types::{EndpointConfiguration, EndpointType};
use futures_util::future::join_all;

use super::Table;
use crate::cloud::Cloud;

const GATEWAY: &str = "API Gateway developer guide, *Quotas*";
const COGNITO: &str = "Cognito developer guide, *Quotas*";
const LAMBDA: &str = "Lambda developer guide, *Quotas*";
const LOGS: &str = "CloudWatch Logs user guide, *Quotas*";

async fn throttling() -> Cloud {
    Cloud::start_with(|options| options.faults.throttle = true).await
}

/// The first throttled request, or the last request.
macro_rules! burst {
    ($table:ident, $rule:literal, $source:expr, $expected:expr, $calls:literal, $call:expr) => {
        let answers = join_all((0..$calls).map(|_| async { $call.await })).await;
        let throttled = |response: &Result<_, _>| crate::cloud::code_of(response) == Some($expected.1);
        let at = answers.iter().position(throttled).unwrap_or($calls - 1);
        assert!(answers.iter().any(|response| !throttled(response)), "{}: not one call came through", $rule);
        $table.refused($rule, $source, $expected, answers.into_iter().nth(at).unwrap());
    };
}

#[tokio::test]
async fn api_gateway() {
    const THROTTLED: (u16, &str) = (429, "TooManyRequestsException");
    let mut table = Table::default();
    let cloud = throttling().await;
    let gateway = cloud.gateway();
    let regional = || EndpointConfiguration::builder().types(EndpointType::Regional).build();
    burst!(table, "CreateRestApi, regional: over 1 in 3 s", GATEWAY, THROTTLED, 2, {
        gateway.create_rest_api().name("a").endpoint_configuration(regional()).send()
    });
    burst!(table, "CreateRestApi, edge-optimised: over 1 in 30 s", GATEWAY, THROTTLED, 2, {
        gateway.create_rest_api().name("a").send()
    });
    burst!(table, "CreateDeployment: over 1 in 5 s", GATEWAY, THROTTLED, 2, {
        gateway.create_deployment().rest_api_id("absent").send()
    });
    burst!(table, "DeleteRestApi: over 1 in 30 s", GATEWAY, THROTTLED, 2, {
        gateway.delete_rest_api().rest_api_id("absent").send()
    });
    burst!(table, "CreateResource: over 5 a second", GATEWAY, THROTTLED, 12, {
        gateway.create_resource().rest_api_id("absent").parent_id("p").path_part("x").send()
    });
    let cloud = throttling().await;
    let gateway = cloud.gateway();
    burst!(table, "DeleteResource: over 5 a second", GATEWAY, THROTTLED, 12, {
        gateway.delete_resource().rest_api_id("absent").resource_id("p").send()
    });
    burst!(table, "GetResources: over 5 in 2 s", GATEWAY, THROTTLED, 12, {
        gateway.get_resources().rest_api_id("absent").send()
    });
    let cloud = throttling().await;
    let gateway = cloud.gateway();
    burst!(table, "all operations of API Gateway: over 10 a second, 40 at once", GATEWAY, THROTTLED, 80, {
        gateway.get_rest_apis().send()
    });
    table.done();
}

#[tokio::test]
async fn cognito() {
    const THROTTLED: (u16, &str) = (400, "TooManyRequestsException");
    let mut table = Table::default();
    let cloud = throttling().await;
    let cognito = cloud.cognito();
    burst!(table, "UserPoolRead (ListUserPools): over 15 a second", COGNITO, THROTTLED, 40, {
        cognito.list_user_pools().max_results(1).send()
    });
    burst!(table, "UserPoolUpdate (DeleteUserPool): over 15 a second", COGNITO, THROTTLED, 40, {
        cognito.delete_user_pool().user_pool_id("us-east-1_absent").send()
    });
    burst!(table, "UserPoolClientRead: over 5 a second of one pool", COGNITO, THROTTLED, 12, {
        cognito.list_user_pool_clients().user_pool_id("us-east-1_absent").send()
    });
    burst!(table, "UserPoolClientUpdate: over 5 a second of one pool", COGNITO, THROTTLED, 12, {
        cognito.create_user_pool_client().user_pool_id("us-east-1_absent").client_name("c").send()
    });
    burst!(table, "UserPoolResourceRead: over 5 a second of one pool", COGNITO, THROTTLED, 12, {
        cognito.list_resource_servers().user_pool_id("us-east-1_absent").max_results(1).send()
    });
    burst!(table, "UserPoolResourceRead (DescribeUserPoolDomain): over 20 a second", COGNITO, THROTTLED, 50, {
        cognito.describe_user_pool_domain().domain("absent").send()
    });
    burst!(table, "UserPoolResourceUpdate: over 5 a second of one pool", COGNITO, THROTTLED, 12, {
        cognito.create_user_pool_domain().domain("absent").user_pool_id("us-east-1_absent").send()
    });
    table.done();
}

#[tokio::test]
async fn lambda_and_logs() {
    const THROTTLED: (u16, &str) = (429, "TooManyRequestsException");
    const LOGS_THROTTLED: (u16, &str) = (400, "ThrottlingException");
    let mut table = Table::default();
    let cloud = throttling().await;
    let lambda = cloud.lambda();
    burst!(table, "Lambda's control plane, all operations: over 15 a second", LAMBDA, THROTTLED, 40, {
        lambda.get_function_configuration().function_name("absent").send()
    });
    burst!(table, "GetPolicy: over 15 a second", LAMBDA, THROTTLED, 40, {
        lambda.get_policy().function_name("absent").send()
    });
    burst!(table, "GetFunction: over 100 a second", LAMBDA, THROTTLED, 200, {
        lambda.get_function().function_name("absent").send()
    });
    let logs = cloud.logs();
    burst!(table, "DescribeLogGroups: over 10 a second", LOGS, LOGS_THROTTLED, 25, logs.describe_log_groups().send());
    burst!(table, "CreateLogGroup: over 10 a second", LOGS, LOGS_THROTTLED, 25, {
        logs.create_log_group().log_group_name("g").send()
    });
    burst!(table, "DeleteLogGroup: over 10 a second", LOGS, LOGS_THROTTLED, 25, {
        logs.delete_log_group().log_group_name("absent").send()
    });
    burst!(table, "PutRetentionPolicy: over 5 a second", LOGS, LOGS_THROTTLED, 12, {
        logs.put_retention_policy().log_group_name("absent").retention_in_days(1).send()
    });
    table.done();
}
