//! The plan as a pure function: the no-op first, then each resource on its own.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use super::*;
use crate::{
    change::Observed,
    config::{ApiConfig, Architecture, AuthConfig, Config, FunctionConfig, ModelConfig, PreprocessConfig},
    names::StackId,
    resources::deployment::Record,
};

mod ownership;

fn config() -> Config {
    Config {
        path: PathBuf::from("/stack/deploy.toml"),
        root: PathBuf::from("/stack"),
        name: "mnist".into(),
        stage: "dev".into(),
        region: None,
        model: ModelConfig {
            path: PathBuf::from("/stack/m.onnx"),
            labels: None,
            top_k: 5,
            output: None,
            activation: None,
            engine: classifier::Engine::default(),
        },
        preprocess: PreprocessConfig::default(),
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
        api: ApiConfig {
            binary_media_types: vec!["*/*".into()],
            cors_origins: Vec::new(),
            throttle_rate: None,
            throttle_burst: None,
        },
    }
}

fn id() -> StackId {
    StackId::new("mnist", "dev", "us-east-1", "123456789012")
}

fn desired() -> Desired {
    desired_of(&config())
}

fn with_cors() -> Desired {
    let mut config = config();
    config.api.cors_origins = vec!["https://a.example".into(), "https://b.example".into()];
    desired_of(&config)
}

fn desired_of(config: &Config) -> Desired {
    let code = function::Code { sha256: "sha=".into(), zip: Arc::default() };
    Desired::new(config, &id(), Some(code)).unwrap()
}

/// What exists after `up` of [`desired`].
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
            code_tag: Some("sha=".into()),
            log_format: "Text".into(),
        }),
        function_policy: permission::FunctionPolicy {
            permission: Observed::Owned(permission::Actual {
                principal: "apigateway.amazonaws.com".into(),
                action: "lambda:InvokeFunction".into(),
                source_arn: Some(id.source_arn("api")),
                allows: true,
                revision: None,
            }),
            foreign_statements: Vec::new(),
        },
        user_pool: user_pool::Discovered { pool: Observed::Owned(pool("pool")), duplicates: Vec::new() },
        resource_server: Observed::Owned(resource_server::Actual {
            name: "predict-api".into(),
            scopes: vec!["predict".into()],
        }),
        app_client: Observed::Owned(app_client::Actual {
            id: "client".into(),
            has_secret: true,
            flows: vec!["client_credentials".into()],
            flows_enabled: true,
            scopes: vec!["predict-api/predict".into()],
            token_seconds: 3_600,
            hides_users: true,
        }),
        duplicate_clients: Vec::new(),
        domain: Observed::Owned(domain::Actual { prefix: id.domain_prefix() }),
        domain_holder: None,
        rest_api: rest_api::Discovered { api: Observed::Owned(api("api")), ..rest_api::Discovered::default() },
        authorizer: Observed::Owned(authorizer::Actual {
            id: "auth".into(),
            name: id.authorizer(),
            kind: "COGNITO_USER_POOLS".into(),
            provider_arns: vec![id.user_pool_arn("pool")],
            identity_source: authorizer::IDENTITY_SOURCE.into(),
            validation_expression: None,
        }),
        root_id: Some("root".into()),
        method: Observed::Owned(method::Actual {
            authorization: "COGNITO_USER_POOLS".into(),
            authorizer_id: "auth".into(),
            scopes: vec!["predict-api/predict".into()],
            api_key_required: false,
        }),
        integration: Observed::Owned(integration::Actual {
            kind: "AWS_PROXY".into(),
            http_method: "POST".into(),
            uri: id.invoke_uri(),
            timeout_ms: 29_000,
            credentials: None,
            content_handling: None,
        }),
        foreign_methods: Vec::new(),
        cors: Observed::Absent,
        stage: stage::Discovered {
            stage: Observed::Owned(stage::Actual {
                deployment_id: "deployment".into(),
                description: Some(Record { deployment_id: "deployment".into(), snapshot }.description()),
                throttle_rate: None,
                throttle_burst: None,
                method_throttle: None,
                canary: false,
            }),
            others: Vec::new(),
        },
        deployments: Vec::new(),
    }
}

fn stage(world: &mut World) -> &mut stage::Actual {
    let Observed::Owned(stage) = &mut world.stage.stage else { panic!("owned") };
    stage
}

fn pool(id: &str) -> user_pool::Actual {
    user_pool::Actual {
        id: id.into(),
        name: self::id().user_pool(),
        admin_create_user_only: true,
        deletion_protection: false,
        domain: Some(self::id().domain_prefix()),
        users: 0,
    }
}

fn api(id: &str) -> rest_api::Actual {
    rest_api::Actual {
        id: id.into(),
        name: self::id().rest_api(),
        binary_media_types: vec!["*/*".into()],
        endpoint_disabled: false,
        endpoint_type: "REGIONAL".into(),
    }
}

/// What is done, without what is unchanged.
fn done(desired: &Desired, world: &World) -> Vec<(ResourceKind, Action)> {
    let plan = plan(desired, world, &Options::default());
    let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    changes.map(|change| (change.resource, change.action)).collect()
}

#[test]
fn a_stack_as_desired_is_a_no_op() {
    let plan = plan(&desired(), &world(), &Options::default());
    assert!(plan.is_noop(), "{:#?}", plan.changes);
    let stock: Vec<_> = ResourceKind::ALL.into_iter().filter(|kind| *kind != ResourceKind::Cors).collect();
    assert_eq!(plan.changes.iter().map(|change| change.resource).collect::<Vec<_>>(), stock);
    assert!(matches!(plan.steps.deployment, Step::Keep(_)));
}

#[test]
fn from_nothing_everything_is_created_in_order() {
    let all: Vec<_> = ResourceKind::ALL.into_iter().map(|kind| (kind, Action::Create)).collect();
    assert_eq!(done(&with_cors(), &World::default()), all);
}

#[test]
fn every_field_of_a_created_resource_is_shown() {
    let plan = plan(&with_cors(), &World::default(), &Options::default());
    for change in &plan.changes {
        assert!(!change.diff.is_empty(), "{:?}", change.resource);
        assert!(change.diff.iter().all(|field| field.actual.is_null() && !field.desired.is_null()), "{change:?}");
    }
}

#[test]
fn each_missing_resource_is_created_and_only_its_dependents_change() {
    use ResourceKind::*;
    let without = |change: fn(&mut World)| {
        let mut world = world();
        change(&mut world);
        done(&desired(), &world)
    };
    assert_eq!(without(|world| world.log_group = Observed::Absent), [(LogGroup, Action::Create)]);
    assert_eq!(without(|world| world.role = Observed::Absent), [(Role, Action::Create)]);
    assert_eq!(without(|world| world.resource_server = Observed::Absent), [(ResourceServer, Action::Create)]);
    assert_eq!(without(|world| world.app_client = Observed::Absent), [(AppClient, Action::Create)]);
    assert_eq!(without(|world| world.domain = Observed::Absent), [(Domain, Action::Create)]);
    assert_eq!(
        without(|world| world.function_policy = permission::FunctionPolicy::default()),
        [(Permission, Action::Create)]
    );
    assert_eq!(without(|world| world.integration = Observed::Absent), [(Integration, Action::Create)]);
    let stage = without(|world| world.stage = stage::Discovered::default());
    assert_eq!(stage, [(Deployment, Action::Create), (Stage, Action::Create)]);
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
fn a_deleted_pool_is_created_with_its_children_and_the_authorizer_is_updated() {
    use ResourceKind::*;
    let gone = World {
        user_pool: user_pool::Discovered::default(),
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
fn a_setting_outside_the_snapshot_needs_no_deployment() {
    let mut config = config();
    config.function.memory_mb = 512;
    assert_eq!(done(&desired_of(&config), &world()), [(ResourceKind::Function, Action::Update)]);
    config.function.memory_mb = 1024;
    config.api.throttle_rate = Some(5.0);
    assert_eq!(done(&desired_of(&config), &world()), [(ResourceKind::Stage, Action::Update)]);
}

#[test]
fn a_change_of_the_snapshot_needs_a_new_deployment() {
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
fn a_deployment_that_is_still_there_is_served_again() {
    let ours = stage(&mut world()).serves().unwrap();
    let old = Record { deployment_id: "old".into(), snapshot: "other".into() };
    let known = |change: fn(&mut World)| {
        let mut world = World { deployments: vec![old.clone(), ours.clone()], ..world() };
        change(&mut world);
        (done(&desired(), &world), plan(&desired(), &world, &Options::default()).steps.deployment)
    };
    let repointed = known(|world| stage(world).deployment_id = "foreign".into());
    assert_eq!(repointed, (vec![(ResourceKind::Stage, Action::Update)], Step::Keep(ours.clone())));
    let described = known(|world| stage(world).description = Some("mine".into()));
    assert_eq!(described, (vec![(ResourceKind::Stage, Action::Update)], Step::Keep(ours.clone())));
    let deleted = known(|world| world.stage = stage::Discovered::default());
    assert_eq!(deleted, (vec![(ResourceKind::Stage, Action::Create)], Step::Keep(ours.clone())));
    let lost = known(|world| {
        stage(world).deployment_id = "foreign".into();
        world.deployments.pop();
    });
    assert_eq!(lost.1, Step::Create);
}

#[test]
fn what_opens_the_api_is_removed_and_a_new_deployment_is_created() {
    use ResourceKind::*;
    let mut world = world();
    let foreign = |path: &str, http_method: &str, authorization: &str| method::Foreign {
        path_id: "r".into(),
        path: path.into(),
        http_method: http_method.into(),
        authorization: authorization.into(),
        authorizer_id: None,
        integration: Some("AWS_PROXY".into()),
    };
    world.foreign_methods =
        vec![foreign("/", "ANY", "NONE"), foreign("/", "PUT", "AWS_IAM"), foreign("/open", "POST", "NONE")];
    world.stage.others = vec!["test".into()];
    world.function_policy.foreign_statements =
        vec![permission::ForeignStatement { id: "all".into(), why_remove: "everybody" }];
    let plan = plan(&desired(), &world, &Options::default());
    let deleted: Vec<_> =
        plan.destructive().map(|change| (change.resource, change.id.as_deref().unwrap_or_default())).collect();
    assert_eq!(deleted, [(Method, "ANY /"), (Method, "POST /open"), (Permission, "all"), (Stage, "test")]);
    assert!(plan.destructive().all(|change| change.reason.is_some()));
    assert_eq!(plan.steps.deployment, Step::Create);

    let only = Options { only: vec![UserPool], ..Options::default() };
    assert_eq!(super::plan(&desired(), &world, &only).steps.leftovers, crate::engine::plan::Leftovers::default());
}

#[test]
fn an_endpoint_that_was_switched_off_needs_a_deployment() {
    use ResourceKind::*;
    let off = rest_api::Actual { endpoint_disabled: true, ..api("api") };
    let rest_api = rest_api::Discovered { api: Observed::Owned(off), ..rest_api::Discovered::default() };
    let expected = [(RestApi, Action::Update), (Deployment, Action::Create), (Stage, Action::Update)];
    assert_eq!(done(&desired(), &World { rest_api, ..world() }), expected);
}

#[test]
fn fields_that_cannot_change_replace_the_resource_but_never_a_pool() {
    let mut world = world();
    if let Observed::Owned(client) = &mut world.app_client {
        client.has_secret = false;
    }
    world.domain = Observed::Owned(domain::Actual { prefix: "old".into() });
    let replaced = [(ResourceKind::AppClient, Action::Replace), (ResourceKind::Domain, Action::Replace)];
    assert_eq!(done(&desired(), &world), replaced);
    let pool = user_pool::Actual { admin_create_user_only: false, deletion_protection: true, ..pool("pool") };
    let changed = World {
        user_pool: user_pool::Discovered { pool: Observed::Owned(pool), duplicates: Vec::new() },
        ..self::world()
    };
    assert_eq!(done(&desired(), &changed), [(ResourceKind::UserPool, Action::Update)]);
}

#[test]
fn duplicates_of_an_interrupted_run_are_deleted() {
    let mut world = world();
    world.user_pool.duplicates = vec![pool("second")];
    world.rest_api.duplicates = vec![api("second")];
    world.duplicate_clients = vec!["second".into()];
    let kinds = [ResourceKind::UserPool, ResourceKind::RestApi, ResourceKind::AppClient];
    assert_eq!(done(&desired(), &world), kinds.map(|kind| (kind, Action::Delete)));
    // Only `down` deletes users.
    world.user_pool.duplicates = vec![user_pool::Actual { users: 1, ..pool("second") }];
    assert_eq!(plan(&desired(), &world, &Options::default()).steps.leftovers.pools, []);
}

#[test]
fn only_restricts_a_run_to_some_resources_and_what_they_need() {
    let options = Options { only: vec![ResourceKind::AppClient], ..Options::default() };
    let plan = plan(&desired(), &World::default(), &options);
    let kinds: Vec<_> = plan.changes.iter().map(|change| change.resource).collect();
    assert_eq!(kinds, [ResourceKind::UserPool, ResourceKind::ResourceServer, ResourceKind::AppClient]);
    assert_eq!(plan.steps.rest_api, Step::Skip(None));
    assert_eq!(plan.steps.deployment, Step::Skip(None));
}

#[test]
fn every_resource_comes_after_what_it_needs() {
    for (index, kind) in ResourceKind::ALL.into_iter().enumerate() {
        for need in kind.needs() {
            assert!(ResourceKind::ALL[..index].contains(need), "{kind:?} needs {need:?}");
        }
    }
}
