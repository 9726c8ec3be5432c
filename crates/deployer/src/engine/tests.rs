//! The engine against the local cloud: real SDK clients, AWS's refusals, faults on demand.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::Path, sync::Arc};

use local_aws::{Fault, Faults, Server};

use super::{Options, Plan, World, check_unchanged, destroy, lookup, observe, plan};
use crate::{
    aws::Clients,
    change::{Action, Events, ResourceKind},
    config::Config,
    data_plane::access::tests::{config, global},
    local::LocalEndpoint,
    names::StackId,
    resources::{Context, function::Code},
    stack::Desired,
};

mod faults;
mod life;
mod ownership;
mod packaging;
mod rivals;

/// A stack and the local cloud that it lives in.
pub(crate) struct Cloud {
    pub(crate) server: Server,
    pub(crate) config: Config,
    pub(crate) aws: Clients,
    pub(crate) id: StackId,
    pub(crate) folder: tempfile::TempDir,
    _models: KeepsToModels,
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        Self::with(Faults::default()).await
    }

    async fn with(faults: Faults) -> Self {
        Self::on(tempfile::tempdir().unwrap(), faults).await
    }

    /// In a folder that may hold what an earlier one has left.
    pub(crate) async fn on(folder: tempfile::TempDir, faults: Faults) -> Self {
        let options = local_aws::Options { faults, ..local_aws::Options::new(folder.path().join("cloud")) };
        let server = local_aws::start(options).await.unwrap();
        let config = config(folder.path());
        let endpoint = LocalEndpoint {
            url: server.endpoint(),
            access_key_id: server.credentials().access_key_id.clone(),
            secret_access_key: server.credentials().secret_access_key.clone(),
        };
        let aws = Clients::connect(&global(), &config, Some(&endpoint)).await.unwrap();
        let id = aws.identify(&config).await.unwrap();
        Self { _models: KeepsToModels(server.request_log()), server, config, aws, id, folder }
    }

    pub(crate) fn context<'a>(&'a self, events: &'a Events) -> Context<'a> {
        Context { aws: &self.aws, id: &self.id, events }
    }

    pub(crate) fn desired(&self) -> Desired {
        Desired::new(&self.config, &self.id, Some(code("#!/bin/sh\n"))).unwrap()
    }

    async fn world(&self) -> World {
        observe(&self.aws, &self.config, false).await.unwrap().1
    }

    async fn plan(&self) -> Plan {
        plan(&self.desired(), &self.world().await, &Options::default())
    }

    /// `up --adopt`
    async fn adopt(&self) -> anyhow::Result<Plan> {
        let silent = Events::silent();
        let (_, world) = observe(&self.aws, &self.config, true).await?;
        let plan = plan(&self.desired(), &world, &Options { adopt: true, ..Options::default() });
        plan.check()?;
        apply(self.context(&silent), &self.desired(), &plan).await?;
        Ok(plan)
    }

    /// The other stack, or the other stage, in the same cloud.
    fn name(&mut self, name: &str, stage: &str) {
        (self.config.name, self.config.stage) = (name.into(), stage.into());
        (self.id.key.name, self.id.key.stage) = (name.into(), stage.into());
    }

    async fn up(&self) -> anyhow::Result<Plan> {
        let plan = self.plan().await;
        plan.check()?;
        apply(self.context(&Events::silent()), &self.desired(), &plan).await?;
        self.serves_what_is_configured();
        Ok(plan)
    }

    /// After every `up`, callers meet just what the API is configured to be.
    fn serves_what_is_configured(&self) {
        let state = self.server.state();
        let api = state
            .region(&self.id.region)
            .unwrap()
            .apis
            .values()
            .find(|api| self.id.owns(|key| api.tags.get(key).map(String::as_str)));
        let api = api.unwrap();
        let stage = &api.stages[&self.id.stage];
        assert_eq!(api.deployments[&stage.deployment_id].snapshot, api.current);
        assert_eq!(api.stages.len(), 1);
    }

    async fn down(&self) {
        let world = self.world().await;
        destroy::destroy(self.context(&Events::silent()), &world).await.unwrap();
    }

    fn writes(&self) -> Vec<String> {
        let requests = self.server.requests();
        requests.into_iter().filter(|request| request.write).map(|request| request.operation).collect()
    }
}

/// Copies a folder with all that is in it: a cloud's state, to start from once more.
pub(crate) fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let place = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_files(&entry.path(), &place)?;
        } else {
            std::fs::copy(entry.path(), place)?;
        }
    }
    Ok(())
}

/// Fails its test when a request had what AWS's models of its operation do not admit.
pub(crate) struct KeepsToModels(local_aws::RequestLog);

impl Drop for KeepsToModels {
    fn drop(&mut self) {
        let conformity = self.0.conformity();
        if !std::thread::panicking() {
            assert!(conformity.nonconforming.is_empty(), "{:#?}", conformity.nonconforming);
        }
    }
}

/// With the package that is desired.
pub(crate) async fn apply(cx: Context<'_>, desired: &Desired, plan: &Plan) -> anyhow::Result<super::apply::Applied> {
    super::apply(cx, desired, plan, async { Ok(desired.function.code.clone()) }).await
}

/// A zip that Lambda takes.
pub(crate) fn code(script: &str) -> Code {
    use base64::Engine as _;
    use sha2::Digest as _;
    use std::io::Write as _;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().unix_permissions(0o755);
    zip.start_file("bootstrap", options.last_modified_time(zip::DateTime::default())).unwrap();
    zip.write_all(script.as_bytes()).unwrap();
    let zip = zip.finish().unwrap().into_inner();
    let sha256 = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(&zip));
    Code { sha256, zip: Arc::new(zip) }
}

fn changed(plan: &Plan) -> Vec<(ResourceKind, Action)> {
    let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    changes.map(|change| (change.resource, change.action)).collect()
}

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
    use ResourceKind::{AppClient, Deployment, Domain, Function, LogGroup, RestApi, Stage, UserPool};
    type Case = (fn(&mut Config), &'static [ResourceKind]);
    let mut cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    let cases: [Case; 7] = [
        (|config| config.function.memory_mb = 512, &[Function]),
        (|config| config.function.log_retention_days = 30, &[LogGroup]),
        (|config| config.auth.token_minutes = 5, &[AppClient]),
        (|config| config.auth.deletion_protection = true, &[UserPool]),
        (|config| config.auth.domain = Some("another-prefix".into()), &[Domain]),
        (|config| config.api.throttle_rate = Some(5.0), &[Stage]),
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
async fn a_failing_branch_stops_no_other() {
    let cloud = Cloud::start().await;
    // More often than the SDK tries.
    for _ in 0..20 {
        cloud.server.fail_next("PutRetentionPolicy", Fault::Error500);
    }
    let error = cloud.up().await.unwrap_err();
    assert!(format!("{error:#}").starts_with("setting the retention of log group"), "{error:#}");
    let world = cloud.world().await;
    assert!(world.stage.stage.owned().is_some(), "the API's branch has ended");
    assert!(world.function.owned().is_none(), "the function needs its log group");
}

#[tokio::test]
async fn what_was_changed_by_hand_is_put_right() {
    let cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    let outputs = lookup(&cloud.aws, &cloud.config).await.unwrap();
    let root = cloud.world().await.root.unwrap().id;
    let any = cloud.aws.apigateway.put_method().rest_api_id(&outputs.rest_api_id).resource_id(&root);
    any.http_method("ANY").authorization_type("NONE").send().await.unwrap();
    let stage = cloud.aws.apigateway.delete_stage().rest_api_id(&outputs.rest_api_id).stage_name("dev");
    stage.send().await.unwrap();
    let plan = cloud.up().await.unwrap();
    let expected = [
        (ResourceKind::Method, Action::Delete),
        // Nothing of it was served, but that is not for us to know.
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
async fn an_endpoint_that_nobody_listens_on_is_told_soon() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint =
        LocalEndpoint { url: format!("http://{free}"), access_key_id: "x".into(), secret_access_key: "y".into() };
    let config = config(Path::new("/nowhere"));
    let begin = std::time::Instant::now();
    let aws = Clients::connect(&global(), &config, Some(&endpoint)).await.unwrap();
    let error = aws.identify(&config).await.unwrap_err();
    assert!(error.to_string().contains(&free.to_string()), "{error:#}");
    assert!(begin.elapsed().as_secs() < 10);
}
