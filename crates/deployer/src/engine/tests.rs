//! The engine against the local cloud: real SDK clients, AWS's refusals, faults on demand.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use local_aws::{Fault, Faults};

use super::{Options, World, check_unchanged, destroy, lookup, observe, plan};
use crate::{
    aws::{Clients, LocalEndpoint},
    change::{Action, Events, ResourceKind},
    config::Config,
    names::StackId,
    resources::Context,
    stack::Desired,
    testing::{Cloud, apply, changed, code, config, copy_files},
};

mod concurrent_runs;
mod cors;
mod faults;
mod life;
mod ownership;
mod packaging;

#[tokio::test]
async fn a_second_up_writes_nothing_and_reads_little() {
    let cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    cloud.server.clear_requests();
    let second = cloud.up().await.unwrap();
    assert_eq!(changed(&second), []);
    assert_eq!(cloud.writes(), [""; 0]);
    let calls = cloud.server.requests().len();
    assert!(calls <= 16, "{calls} calls: {:?}", cloud.server.requests());
}

#[tokio::test]
async fn down_leaves_nothing_and_a_second_one_writes_nothing() {
    let cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    cloud.down().await;
    assert_eq!(cloud.world().await, World::default());
    cloud.server.clear_requests();
    cloud.down().await;
    assert_eq!(cloud.writes(), [""; 0]);
}

#[tokio::test]
async fn what_aws_delays_is_waited_for() {
    let delays = Faults {
        role_propagation_ms: 600,
        function_pending_ms: 500,
        function_update_ms: 500,
        domain_activation_ms: 500,
        ..Faults::default()
    };
    let mut cloud = Cloud::with(delays).await;
    cloud.up().await.unwrap();
    cloud.config.function.memory_mb = 512;
    assert_eq!(changed(&cloud.up().await.unwrap()), [(ResourceKind::Function, Action::Update)]);
    assert!(cloud.plan().await.is_noop());
}

#[tokio::test]
async fn every_change_of_the_configuration_is_made_and_then_seen_as_done() {
    use ResourceKind::{AppClient, Cors, Deployment, Domain, Function, LogGroup, RestApi, Stage, UserPool};
    type Case = (fn(&mut Config), &'static [ResourceKind]);
    let mut cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    let cases: [Case; 10] = [
        (|config| config.function.memory_mb = 512, &[Function]),
        (|config| config.function.log_retention_days = 30, &[LogGroup]),
        (|config| config.auth.token_minutes = 5, &[AppClient]),
        (|config| config.auth.deletion_protection = true, &[UserPool]),
        (|config| config.auth.domain = Some("another-prefix".into()), &[Domain]),
        (|config| config.api.throttle_rate = Some(5.0), &[Stage]),
        (|config| config.api.cors_origins = vec!["*".into()], &[Function, Cors, Deployment, Stage]),
        (
            |config| config.api.cors_origins = vec!["https://a.example".into(), "http://b.example".into()],
            &[Function, Cors, Deployment, Stage],
        ),
        (|config| config.api.cors_origins = Vec::new(), &[Function, Cors, Deployment, Stage]),
        (|config| config.api.binary_media_types = vec!["image/png".into()], &[RestApi, Deployment, Stage]),
    ];
    for (change, expected) in cases {
        change(&mut cloud.config);
        let plan = cloud.up().await.unwrap();
        assert_eq!(changed(&plan).iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), expected);
        assert_eq!(changed(&cloud.plan().await), [], "after {expected:?}");
    }
}

#[tokio::test]
async fn scopes_come_before_and_go_after_the_client_that_names_them() {
    let mut cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    cloud.config.auth.scopes = vec!["train".into()];
    cloud.server.clear_requests();
    cloud.up().await.unwrap();
    let order = ["UpdateResourceServer", "UpdateUserPoolClient", "UpdateResourceServer"];
    let writes = cloud.writes();
    let seen: Vec<_> = writes.iter().filter(|name| order.contains(&name.as_str())).collect();
    assert_eq!(seen, order);
    assert!(cloud.plan().await.is_noop());
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_not_sent_twice() {
    for operation in ["CreateUserPool", "CreateRestApi", "CreateUserPoolClient", "CreateAuthorizer", "CreateDeployment"]
    {
        let cloud = Cloud::start().await;
        cloud.server.fail_next(operation, Fault::DropAfterEffect);
        cloud.up().await.unwrap();
        assert_eq!(cloud.writes().iter().filter(|name| *name == operation).count(), 1, "{operation}");
        assert_eq!(changed(&cloud.plan().await), [], "{operation}");
    }
}

#[tokio::test]
async fn throttled_calls_are_tried_again() {
    let cloud = Cloud::start().await;
    for operation in ["CreateRestApi", "CreateDeployment", "PutMethod", "CreateUserPool"] {
        cloud.server.fail_next(operation, Fault::Throttle);
    }
    cloud.up().await.unwrap();
    cloud.server.fail_next("DeleteRestApi", Fault::Throttle);
    cloud.down().await;
    assert!(cloud.world().await.is_empty());
}

#[tokio::test]
async fn a_failing_branch_stops_no_other_branch() {
    let cloud = Cloud::start().await;
    // More often than the SDK tries again.
    for _ in 0..20 {
        cloud.server.fail_next("PutRetentionPolicy", Fault::Error500);
    }
    let error = cloud.up().await.unwrap_err();
    assert!(format!("{error:#}").starts_with("setting the retention of log group"), "{error:#}");
    let world = cloud.world().await;
    assert!(world.stage.stage.owned().is_some(), "the API's branch ran to its end");
    assert!(world.function.owned().is_none(), "the function needs its log group");
}

#[tokio::test]
async fn manual_changes_are_undone() {
    let cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    let outputs = lookup(&cloud.aws, &cloud.config).await.unwrap();
    let root = cloud.world().await.root_id.unwrap();
    let any = cloud.aws.apigateway.put_method().rest_api_id(&outputs.rest_api_id).resource_id(&root);
    any.http_method("ANY").authorization_type("NONE").send().await.unwrap();
    let stage = cloud.aws.apigateway.delete_stage().rest_api_id(&outputs.rest_api_id).stage_name("dev");
    stage.send().await.unwrap();
    let plan = cloud.up().await.unwrap();
    let expected = [
        (ResourceKind::Method, Action::Delete),
        // No deployment served it, but we cannot know that.
        (ResourceKind::Deployment, Action::Create),
        (ResourceKind::Stage, Action::Create),
    ];
    assert_eq!(changed(&plan), expected);
    assert!(cloud.plan().await.is_noop());
}

#[tokio::test]
async fn two_stages_stand_side_by_side() {
    let mut cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    let first = lookup(&cloud.aws, &cloud.config).await.unwrap();
    cloud.name("mnist", "prod");
    cloud.up().await.unwrap();
    let second = lookup(&cloud.aws, &cloud.config).await.unwrap();
    assert_ne!(first.rest_api_id, second.rest_api_id);
    cloud.down().await;
    cloud.name("mnist", "dev");
    assert!(cloud.plan().await.is_noop());
    assert_eq!(lookup(&cloud.aws, &cloud.config).await.unwrap(), first);
}

#[tokio::test]
async fn a_pool_with_users_or_protection_is_not_deleted_unasked() {
    let mut cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    let silent = Events::silent();
    let check = async |cloud: &Cloud, flag| {
        destroy::check_users(cloud.context(&silent), &cloud.world().await, flag)
            .await
            .map_err(|error| error.to_string())
    };
    assert_eq!(check(&cloud, false).await, Ok(()));
    cloud.config.auth.deletion_protection = true;
    cloud.up().await.unwrap();
    assert!(check(&cloud, false).await.unwrap_err().contains("is protected from deletion"));
    assert_eq!(check(&cloud, true).await, Ok(()));
    cloud.down().await;
    assert!(cloud.world().await.is_empty());
}

#[tokio::test]
async fn a_stack_that_is_not_up_is_one_clear_error() {
    let cloud = Cloud::start().await;
    let error = lookup(&cloud.aws, &cloud.config).await.unwrap_err();
    assert!(error.to_string().contains("it is not up"), "{error}");
}

#[tokio::test]
async fn an_unreachable_endpoint_is_reported_soon() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint =
        LocalEndpoint { url: format!("http://{free}"), access_key_id: "x".into(), secret_access_key: "y".into() };
    let config = config(Path::new("/nowhere"));
    let begin = std::time::Instant::now();
    let aws = Clients::connect(&config, None, Some(&endpoint)).await.unwrap();
    let error = aws.identify(&config).await.unwrap_err();
    assert!(error.to_string().contains(&free.to_string()), "{error:#}");
    assert!(begin.elapsed().as_secs() < 10);
}
