//! A stack in a local cloud that runs in the test's own process.

use std::path::Path;

use local_aws::{Faults, Server};

use super::stack::{code, config};
use crate::{
    aws::{Clients, LocalEndpoint},
    change::{Action, Events, ResourceKind},
    config::Config,
    engine::{self, Options, Plan, World, destroy, observe, plan},
    names::StackId,
    resources::Context,
    stack::Desired,
};

/// A stack, and the local cloud that it lives in.
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

    pub(crate) async fn with(faults: Faults) -> Self {
        Self::on(tempfile::tempdir().unwrap(), faults).await
    }

    /// In a folder that may hold the state of an earlier cloud.
    pub(crate) async fn on(folder: tempfile::TempDir, faults: Faults) -> Self {
        let options = local_aws::Options { faults, ..local_aws::Options::new(folder.path().join("cloud")) };
        let server = local_aws::start(options).await.unwrap();
        let config = config(folder.path());
        let endpoint = LocalEndpoint {
            url: server.endpoint(),
            access_key_id: server.credentials().access_key_id.clone(),
            secret_access_key: server.credentials().secret_access_key.clone(),
        };
        let aws = Clients::connect(&config, None, Some(&endpoint)).await.unwrap();
        let id = aws.identify(&config).await.unwrap();
        Self { _models: KeepsToModels(server.request_log()), server, config, aws, id, folder }
    }

    pub(crate) fn context<'a>(&'a self, events: &'a Events) -> Context<'a> {
        Context { aws: &self.aws, id: &self.id, events }
    }

    pub(crate) fn desired(&self) -> Desired {
        Desired::new(&self.config, &self.id, Some(code("#!/bin/sh\n"))).unwrap()
    }

    pub(crate) async fn world(&self) -> World {
        observe(&self.aws, &self.config, false).await.unwrap().1
    }

    pub(crate) async fn plan(&self) -> Plan {
        plan(&self.desired(), &self.world().await, &Options::default())
    }

    /// `up --adopt`
    pub(crate) async fn adopt(&self) -> anyhow::Result<Plan> {
        let silent = Events::silent();
        let (_, world) = observe(&self.aws, &self.config, true).await?;
        let plan = plan(&self.desired(), &world, &Options { adopt: true, ..Options::default() });
        plan.check()?;
        apply(self.context(&silent), &self.desired(), &plan).await?;
        Ok(plan)
    }

    /// Switches to another stack or stage in the same cloud.
    pub(crate) fn name(&mut self, name: &str, stage: &str) {
        (self.config.name, self.config.stage) = (name.into(), stage.into());
        (self.id.key.name, self.id.key.stage) = (name.into(), stage.into());
    }

    pub(crate) async fn up(&self) -> anyhow::Result<Plan> {
        let plan = self.plan().await;
        plan.check()?;
        apply(self.context(&Events::silent()), &self.desired(), &plan).await?;
        self.serves_what_is_configured();
        Ok(plan)
    }

    /// After every `up`, callers are served what the API is configured to be.
    pub(crate) fn serves_what_is_configured(&self) {
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

    pub(crate) async fn down(&self) {
        let world = self.world().await;
        destroy::destroy(self.context(&Events::silent()), &world).await.unwrap();
    }

    pub(crate) fn writes(&self) -> Vec<String> {
        let requests = self.server.requests();
        requests.into_iter().filter(|request| request.write).map(|request| request.operation).collect()
    }
}

/// Copies a folder with all files in it: a cloud's state, to start from again.
pub(crate) fn copy_files(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_files(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Fails its test if a request did not match AWS's model of its operation.
pub(crate) struct KeepsToModels(local_aws::RequestLog);

impl Drop for KeepsToModels {
    fn drop(&mut self) {
        let conformity = self.0.conformity();
        if !std::thread::panicking() {
            assert!(conformity.nonconforming.is_empty(), "{:#?}", conformity.nonconforming);
        }
    }
}

/// Applies a plan with the desired package.
pub(crate) async fn apply(cx: Context<'_>, desired: &Desired, plan: &Plan) -> anyhow::Result<engine::apply::Applied> {
    engine::apply(cx, desired, plan, async { Ok(desired.function.code.clone()) }).await
}

/// What a plan does, without what it leaves alone.
pub(crate) fn changed(plan: &Plan) -> Vec<(ResourceKind, Action)> {
    let changes = plan.changes.iter().filter(|change| change.action != Action::NoOp);
    changes.map(|change| (change.resource, change.action)).collect()
}
