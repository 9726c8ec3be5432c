//! The plan as a pure function: the no-op first, then each resource on its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use super::*;
use crate::{
    config::{ApiConfig, Architecture, AuthConfig, Config, FunctionConfig, ModelConfig},
    error::kind_of,
    names::StackId,
    resources::deployment::Record,
};

fn config() -> Config {
    Config {
        path: PathBuf::from("/stack/deploy.toml"),
        root: PathBuf::from("/stack"),
        name: "mnist".into(),
        stage: "dev".into(),
        region: None,
        model: ModelConfig { path: PathBuf::from("/stack/m.onnx"), labels: None, top_k: 5 },
        preprocess: classifier::Preprocess::default(),
        function: FunctionConfig {
            memory_mb: 1024,
            timeout_s: 15,
            architecture: Architecture::X86_64,
            log_retention_days: 14,
            reserved_concurrency: None,
            environment: BTreeMap::new(),
            bootstrap: None,
        },
        auth: AuthConfig {
            domain: None,
            resource_server: "predict-api".into(),
            scopes: vec!["predict".into()],
            token_minutes: 60,
            deletion_protection: false,
        },
        api: ApiConfig { binary_media_types: vec!["*/*".into()], throttle_rate: None, throttle_burst: None },
    }
}

fn id() -> StackId {
    StackId { name: "mnist".into(), stage: "dev".into(), region: "us-east-1".into(), account_id: "123456789012".into() }
}

fn desired() -> Desired {
    desired_of(&config())
}

fn desired_of(config: &Config) -> Desired {
    let code = function::Code { sha256: "sha=".into(), zip: Arc::default() };
    Desired::new(config, &id(), Some(code)).unwrap()
}

/// What is there after `up` of [`desired`].
fn world() -> World {
    let desired = desired();
    let id = id();
    let snapshot = desired.snapshot("auth", "pool").digest();
    World {
        log_group: Observed::Owned(log_group::Actual { retention_days: Some(14) }),
        role: Observed::Owned(role::Actual { trust: desired.role.trust, policy: Some(desired.role.policy) }),
        function: Observed::Owned(function::Actual {
            role: id.role_arn(),
            runtime: "provided.al2023".into(),
            handler: "bootstrap".into(),
            architecture: "x86_64".into(),
            memory_mb: 1024,
            timeout_s: 15,
            environment: BTreeMap::new(),
            log_group: id.log_group(),
            reserved_concurrency: None,
            code_sha256: "sha=".into(),
        }),
        permission: Observed::Owned(permission::Actual {
            principal: "apigateway.amazonaws.com".into(),
            action: "lambda:InvokeFunction".into(),
            source_arn: Some(id.source_arn("api")),
            allows: true,
        }),
        user_pool: user_pool::Found { pool: Observed::Owned(pool("pool")), duplicates: Vec::new() },
        resource_server: Observed::Owned(resource_server::Actual { scopes: vec!["predict".into()] }),
        app_client: Observed::Owned(app_client::Actual {
            id: "client".into(),
            has_secret: true,
            flows: vec!["client_credentials".into()],
            flows_enabled: true,
            scopes: vec!["predict-api/predict".into()],
            token_seconds: 3_600,
            hides_users: true,
        }),
        spare_clients: Vec::new(),
        domain: Observed::Owned(domain::Actual { prefix: id.domain_prefix(), pool_id: "pool".into() }),
        rest_api: rest_api::Found { api: Observed::Owned(api("api")), duplicates: Vec::new() },
        authorizer: Observed::Owned(authorizer::Actual {
            id: "auth".into(),
            kind: "COGNITO_USER_POOLS".into(),
            provider_arns: vec![id.user_pool_arn("pool")],
            identity_source: authorizer::IDENTITY_SOURCE.into(),
            validation_expression: None,
        }),
        root: Some(method::Root {
            id: "root".into(),
            method: Observed::Owned(method::Actual {
                authorization: "COGNITO_USER_POOLS".into(),
                authorizer_id: "auth".into(),
                scopes: vec!["predict-api/predict".into()],
                api_key_required: false,
            }),
            integration: Observed::Owned(method::ActualIntegration {
                kind: "AWS_PROXY".into(),
                http_method: "POST".into(),
                uri: id.invoke_uri(),
                timeout_ms: 29_000,
            }),
            any: false,
        }),
        stage: Observed::Owned(stage::Actual {
            deployment_id: "deployment".into(),
            record: Some(Record { deployment_id: "deployment".into(), snapshot }),
            throttle_rate: None,
            throttle_burst: None,
        }),
    }
}

fn pool(id: &str) -> user_pool::Actual {
    user_pool::Actual {
        id: id.into(),
        arn: String::new(),
        admin_create_user_only: true,
        deletion_protection: false,
        domain: Some(self::id().domain_prefix()),
        users: 0,
    }
}

fn api(id: &str) -> rest_api::Actual {
    rest_api::Actual { id: id.into(), binary_media_types: vec!["*/*".into()], endpoint_type: "REGIONAL".into() }
}

/// What is done, without what is left alone.
fn done(desired: &Desired, world: &World) -> Vec<(ResourceKind, Action)> {
    let plan = plan(desired, world, &Options::default()).unwrap();
    let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    changes.map(|change| (change.resource, change.action)).collect()
}

#[test]
fn what_is_as_it_should_be_is_left_alone() {
    let plan = plan(&desired(), &world(), &Options::default()).unwrap();
    assert!(plan.is_noop(), "{:#?}", plan.changes);
    assert_eq!(plan.changes.iter().map(|change| change.resource).collect::<Vec<_>>(), ResourceKind::ALL);
    assert!(!plan.steps.deploy);
}

#[test]
fn from_nothing_everything_is_created_in_order() {
    let all: Vec<_> = ResourceKind::ALL.into_iter().map(|kind| (kind, Action::Create)).collect();
    assert_eq!(done(&desired(), &World::default()), all);
}

#[test]
fn each_missing_resource_is_created_and_only_what_hangs_on_it_changes() {
    use ResourceKind::*;
    let without = |change: fn(&mut World)| {
        let mut world = world();
        change(&mut world);
        done(&desired(), &world)
    };
    let root = |world: &mut World| world.root.as_mut().map(|root| root.integration = Observed::Absent).unwrap();
    assert_eq!(without(|world| world.log_group = Observed::Absent), [(LogGroup, Action::Create)]);
    assert_eq!(without(|world| world.role = Observed::Absent), [(Role, Action::Create)]);
    assert_eq!(without(|world| world.resource_server = Observed::Absent), [(ResourceServer, Action::Create)]);
    assert_eq!(without(|world| world.app_client = Observed::Absent), [(AppClient, Action::Create)]);
    assert_eq!(without(|world| world.domain = Observed::Absent), [(Domain, Action::Create)]);
    assert_eq!(without(|world| world.permission = Observed::Absent), [(Permission, Action::Create)]);
    assert_eq!(without(root), [(Integration, Action::Create)]);
    assert_eq!(
        without(|world| world.stage = Observed::Absent),
        [(Deployment, Action::Create), (Stage, Action::Create)]
    );
    let authorizer = without(|world| world.authorizer = Observed::Absent);
    let expected = [
        (Authorizer, Action::Create),
        (Method, Action::Update),
        (Integration, Action::Update),
        (Deployment, Action::Create),
        (Stage, Action::Update),
    ];
    assert_eq!(authorizer, expected);
}

#[test]
fn a_deleted_pool_takes_its_children_along_and_the_authorizer_follows() {
    use ResourceKind::*;
    let gone = World {
        user_pool: user_pool::Found::default(),
        resource_server: Observed::Absent,
        app_client: Observed::Absent,
        domain: Observed::Absent,
        ..world()
    };
    let expected = [
        (UserPool, Action::Create),
        (ResourceServer, Action::Create),
        (AppClient, Action::Create),
        (Domain, Action::Create),
        (Authorizer, Action::Update),
        (Deployment, Action::Create),
        (Stage, Action::Update),
    ];
    assert_eq!(done(&desired(), &gone), expected);
}

#[test]
fn a_setting_that_is_not_snapshotted_needs_no_deployment() {
    let mut config = config();
    config.function.memory_mb = 512;
    assert_eq!(done(&desired_of(&config), &world()), [(ResourceKind::Function, Action::Update)]);
    config.function.memory_mb = 1024;
    config.api.throttle_rate = Some(5.0);
    assert_eq!(done(&desired_of(&config), &world()), [(ResourceKind::Stage, Action::Update)]);
}

#[test]
fn what_a_deployment_snapshots_brings_a_new_one() {
    use ResourceKind::*;
    let mut media = config();
    media.api.binary_media_types = vec!["image/png".into()];
    let expected = [(RestApi, Action::Update), (Deployment, Action::Create), (Stage, Action::Update)];
    assert_eq!(done(&desired_of(&media), &world()), expected);

    let mut scopes = config();
    scopes.auth.scopes.push("train".into());
    let expected = [
        (ResourceServer, Action::Update),
        (AppClient, Action::Update),
        (Method, Action::Update),
        (Integration, Action::Update),
        (Deployment, Action::Create),
        (Stage, Action::Update),
    ];
    assert_eq!(done(&desired_of(&scopes), &world()), expected);
}

#[test]
fn a_stage_that_was_pointed_elsewhere_is_deployed_again_with_the_reason() {
    let mut world = world();
    if let Observed::Owned(stage) = &mut world.stage {
        stage.deployment_id = "foreign".into();
    }
    let plan = plan(&desired(), &world, &Options::default()).unwrap();
    let change = plan.changes.iter().find(|change| change.resource == ResourceKind::Deployment).unwrap();
    assert_eq!(change.reason.as_deref(), Some("the stage was pointed at another deployment"));
}

#[test]
fn a_leftover_any_is_removed() {
    let mut world = world();
    world.root.as_mut().unwrap().any = true;
    let plan = plan(&desired(), &world, &Options::default()).unwrap();
    assert!(plan.steps.delete_any);
    let deleted: Vec<_> = plan.destructive().map(|change| change.id.as_deref()).collect();
    assert_eq!(deleted, [Some("ANY /")]);
}

#[test]
fn what_cannot_be_changed_is_replaced_but_never_a_pool() {
    let mut world = world();
    if let Observed::Owned(client) = &mut world.app_client {
        client.has_secret = false;
    }
    world.domain = Observed::Owned(domain::Actual { prefix: "old".into(), pool_id: "pool".into() });
    let replaced = [(ResourceKind::AppClient, Action::Replace), (ResourceKind::Domain, Action::Replace)];
    assert_eq!(done(&desired(), &world), replaced);
    let pool = user_pool::Actual { admin_create_user_only: false, deletion_protection: true, ..pool("pool") };
    let changed =
        World { user_pool: user_pool::Found { pool: Observed::Owned(pool), duplicates: Vec::new() }, ..self::world() };
    assert_eq!(done(&desired(), &changed), [(ResourceKind::UserPool, Action::Update)]);
}

#[test]
fn nobodys_function_is_refused_and_adopted_on_demand() {
    let mut world = world();
    let Observed::Owned(actual) = world.function.clone() else { panic!("owned") };
    world.function = Observed::Unowned { actual: actual.clone(), owner: None };
    let error = plan(&desired(), &world, &Options::default()).unwrap_err();
    assert_eq!(kind_of(&error).exit_code(), 3);
    assert!(error.downcast_ref::<Failure>().unwrap().hint.as_ref().unwrap().contains("--adopt"));

    let adopt = Options { adopt: true, ..Options::default() };
    let adopted = plan(&desired(), &world, &adopt).unwrap();
    assert!(matches!(adopted.steps.function, Step::Adopt(..)));

    world.function = Observed::Unowned { actual, owner: Some("other/dev".into()) };
    let error = plan(&desired(), &world, &adopt).unwrap_err();
    assert!(error.to_string().contains("other/dev"), "{error}");
}

#[test]
fn a_pool_of_our_name_that_is_not_ours_is_in_nobodys_way() {
    let mut world = World::default();
    world.user_pool.pool = Observed::Unowned { actual: pool("foreign"), owner: None };
    let alone = plan(&desired(), &world, &Options::default()).unwrap();
    assert_eq!(alone.steps.user_pool, Step::Create);
    let adopted = plan(&desired(), &world, &Options { adopt: true, ..Options::default() }).unwrap();
    assert!(matches!(adopted.steps.user_pool, Step::Adopt(..)));
}

#[test]
fn a_domain_of_another_pool_is_refused_even_with_adopt() {
    let taken = domain::Actual { prefix: id().domain_prefix(), pool_id: "foreign".into() };
    let world = World { domain: Observed::Unowned { actual: taken, owner: None }, ..World::default() };
    let error = plan(&desired(), &world, &Options { adopt: true, ..Options::default() }).unwrap_err();
    assert_eq!(kind_of(&error).exit_code(), 3);
    assert!(error.downcast_ref::<Failure>().unwrap().hint.as_ref().unwrap().contains("auth.domain"));
}

#[test]
fn duplicates_of_an_interrupted_run_are_deleted() {
    let mut world = world();
    world.user_pool.duplicates = vec![pool("second")];
    world.rest_api.duplicates = vec![api("second")];
    world.spare_clients = vec!["second".into()];
    let kinds = [ResourceKind::UserPool, ResourceKind::AppClient, ResourceKind::RestApi];
    assert_eq!(done(&desired(), &world), kinds.map(|kind| (kind, Action::Delete)));
}

#[test]
fn only_restricts_to_some_and_what_they_need() {
    let options = Options { only: vec![ResourceKind::AppClient], ..Options::default() };
    let plan = plan(&desired(), &World::default(), &options).unwrap();
    let kinds: Vec<_> = plan.changes.iter().map(|change| change.resource).collect();
    assert_eq!(kinds, [ResourceKind::UserPool, ResourceKind::ResourceServer, ResourceKind::AppClient]);
    assert_eq!(plan.steps.rest_api, Step::Skip(None));
    assert!(!plan.steps.deploy);
}

#[test]
fn every_need_comes_before_what_needs_it() {
    for (index, kind) in ResourceKind::ALL.into_iter().enumerate() {
        for need in kind.needs() {
            assert!(ResourceKind::ALL[..index].contains(need), "{kind:?} needs {need:?}");
        }
    }
}
