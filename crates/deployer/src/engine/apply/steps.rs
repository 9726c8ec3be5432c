//! The steps of a run, one for each resource.

use anyhow::Result;

use super::run::{Run, existing, is_left_out};
use crate::{
    change::{Action, ResourceKind, Step},
    engine::node::nothing,
    error::Failure,
    interrupt,
    resources::{
        app_client, authorizer, cors,
        deployment::{self, Record},
        domain,
        function::{self, Code},
        integration, log_group, method,
        paths::{self, Root},
        permission, resource_server, rest_api, role, stage, user_pool,
    },
};

impl Run<'_> {
    /// An interrupt stops it immediately: it may be a compiler that runs for minutes.
    pub(super) async fn package(&self, packaging: impl Future<Output = Result<Option<Code>>>) {
        let package = tokio::select! {
            package = packaging => package,
            () = interrupt::asked() => Err(interrupt::failure().into()),
        };
        self.slots.package.fill(package.map_err(|error| self.nodes.failed(ResourceKind::Function, error)));
    }

    pub(super) async fn log_group(&self) {
        let step = &self.plan.steps.log_group;
        let work = async |()| Ok((log_group::reconcile(self.cx, &self.desired.log_group, step).await?, ()));
        self.nodes.run(ResourceKind::LogGroup, step.action(), &self.slots.log_group, nothing(), work).await;
    }

    pub(super) async fn role(&self) {
        let step = &self.plan.steps.role;
        let work = async |()| Ok((role::reconcile(self.cx, &self.desired.role, step).await?, ()));
        self.nodes.run(ResourceKind::Role, step.action(), &self.slots.role, nothing(), work).await;
    }

    /// After the log group, because Lambda would create one of its own. A function that exists already may be shared
    /// with a concurrent run.
    pub(super) async fn function(&self) {
        let step = &self.plan.steps.function;
        let needs = async {
            let (package, role, group) =
                tokio::join!(self.slots.package.get(), self.slots.role.get(), self.slots.log_group.get());
            role.and(group)?;
            if !matches!(step, Step::Create) {
                self.may_write_to_shared().await?;
            }
            package
        };
        let work = async |code: Option<Code>| {
            let desired = &function::Desired { code, ..self.desired.function.clone() };
            let remaining = match step {
                Step::Create => &function::create(self.cx, desired).await?,
                step => step,
            };
            if matches!((step, remaining), (Step::Create, Step::Update(..)))
                && self.may_write_to_shared().await.is_err()
            {
                return Err(Failure::changed_meanwhile("creating function", &desired.name).into());
            }
            Ok((function::reconcile(self.cx, desired, remaining).await?, ()))
        };
        self.nodes.run(ResourceKind::Function, step.action(), &self.slots.function, needs, work).await;
    }

    /// A new function is Pending for a while; only the end of the run waits for that.
    pub(super) async fn function_ready(&self) {
        let created = matches!(self.plan.steps.function, Step::Create);
        let work = async |()| {
            if created {
                function::wait_until_ready(self.cx).await?;
            }
            Ok((String::new(), ()))
        };
        self.nodes.run(ResourceKind::Function, None, &self.slots.function_ready, self.slots.function.get(), work).await;
    }

    pub(super) async fn user_pool(&self) {
        let step = &self.plan.steps.user_pool;
        let work = async |()| {
            if is_left_out(step) {
                return Ok((String::new(), None));
            }
            let id = user_pool::reconcile(self.cx, &self.desired.user_pool, step).await?;
            Ok((id.clone(), Some(id)))
        };
        self.nodes.run(ResourceKind::UserPool, step.action(), &self.slots.pool, nothing(), work).await;
    }

    pub(super) async fn resource_server(&self) {
        let step = &self.plan.steps.resource_server;
        let needs = async { existing(self.slots.pool.get().await) };
        let work = async |pool: String| {
            Ok((resource_server::reconcile(self.cx, &pool, &self.desired.resource_server, step).await?, ()))
        };
        self.nodes.run(ResourceKind::ResourceServer, step.action(), &self.slots.server, needs, work).await;
    }

    pub(super) async fn app_client(&self) {
        let step = &self.plan.steps.app_client;
        let needs = async {
            self.slots.server.get().await?;
            existing(self.slots.pool.get().await)
        };
        let work = async |pool: String| {
            if is_left_out(step) {
                return Ok((String::new(), None));
            }
            let id = app_client::reconcile(self.cx, &pool, &self.desired.app_client, step).await?;
            for duplicate in &self.plan.steps.leftovers.clients {
                app_client::delete(self.cx, &pool, duplicate).await?;
            }
            Ok((id.clone(), Some(id)))
        };
        self.nodes.run(ResourceKind::AppClient, step.action(), &self.slots.client, needs, work).await;
    }

    /// After the client, which must no longer name the scopes that are removed.
    pub(super) async fn shrink_scopes(&self) {
        let (desired, step) = (&self.desired.resource_server, &self.plan.steps.resource_server);
        let needs = async {
            self.slots.client.get().await?;
            existing(self.slots.pool.get().await)
        };
        let work = async |pool: String| {
            if resource_server::shrinks(desired, step) {
                resource_server::shrink(self.cx, &pool, desired).await?;
            }
            Ok((String::new(), ()))
        };
        self.nodes.run(ResourceKind::ResourceServer, None, &self.slots.shrunk_scopes, needs, work).await;
    }

    /// The prefix is claimed already; it takes a while until it serves.
    pub(super) async fn domain(&self) {
        let step = &self.plan.steps.domain;
        let needs = async { existing(self.slots.claimed_pool.get().await) };
        let work = async |_: String| {
            let prefix = domain::wait_until_active(self.cx, &self.desired.domain, step).await?;
            Ok((prefix.clone(), (!is_left_out(step)).then_some(prefix)))
        };
        self.nodes.run(ResourceKind::Domain, step.action(), &self.slots.domain, needs, work).await;
    }

    pub(super) async fn rest_api(&self) {
        let step = &self.plan.steps.rest_api;
        let work = async |()| {
            if is_left_out(step) {
                return Ok((String::new(), None));
            }
            let api = rest_api::reconcile(self.cx, &self.desired.rest_api, step).await?;
            Ok((api.api_id.clone(), Some(api)))
        };
        self.nodes.run(ResourceKind::RestApi, step.action(), &self.slots.api, nothing(), work).await;
    }

    /// The id of the root path. Where it must be read, that happens while the authorizer is created.
    pub(super) async fn root_path(&self) {
        let needs = async { existing(self.slots.api.get().await) };
        let work = async |api: rest_api::Ids| {
            let root_id = match self.plan.steps.root_id.as_ref().or(api.root_id.as_ref()) {
                Some(root_id) => root_id.clone(),
                None => paths::read_root_id(self.cx.reader(), &api.api_id).await?,
            };
            Ok((String::new(), root_id))
        };
        self.nodes.run(ResourceKind::RestApi, None, &self.slots.root_id, needs, work).await;
    }

    /// Only the pool that wins may guard an API that existed before. An API that this run creates is its own, so its
    /// authorizer need not wait for the claim.
    pub(super) async fn authorizer(&self) {
        let step = &self.plan.steps.authorizer;
        let creates_api = matches!(self.plan.steps.rest_api, Step::Create);
        let pool = if creates_api { &self.slots.pool } else { &self.slots.claimed_pool };
        let needs = async {
            let (pool, api) = tokio::join!(pool.get(), self.slots.api.get());
            Ok((existing(pool)?, existing(api)?))
        };
        let work = async |(pool, api): (String, rest_api::Ids)| {
            if is_left_out(step) {
                return Ok((String::new(), None));
            }
            let pool_arn = self.cx.id.user_pool_arn(&pool);
            let id = authorizer::reconcile(self.cx, &api.api_id, &pool_arn, &self.desired.authorizer, step).await?;
            Ok((id.clone(), Some(id)))
        };
        self.nodes.run(ResourceKind::Authorizer, step.action(), &self.slots.authorizer, needs, work).await;
    }

    pub(super) async fn method(&self) {
        let step = &self.plan.steps.method;
        let needs = async {
            let (authorizer, root) = tokio::join!(self.slots.authorizer.get(), self.slots.root_id.get());
            Ok((existing(authorizer)?, existing(self.slots.api.get().await)?, root?))
        };
        let work = async |(authorizer, api, root_id): (String, rest_api::Ids, String)| {
            let root = Root { api_id: &api.api_id, id: &root_id };
            Ok((method::reconcile(self.cx, root, &authorizer, &self.desired.method, step).await?, ()))
        };
        self.nodes.run(ResourceKind::Method, step.action(), &self.slots.method, needs, work).await;
    }

    /// Does not need the function, whose ARN is known before it exists.
    pub(super) async fn integration(&self) {
        let step = &self.plan.steps.integration;
        let needs = async {
            self.slots.method.get().await?;
            Ok((existing(self.slots.api.get().await)?, self.slots.root_id.get().await?))
        };
        let work = async |(api, root_id): (rest_api::Ids, String)| {
            let root = Root { api_id: &api.api_id, id: &root_id };
            Ok((integration::reconcile(self.cx, root, &self.desired.integration, step).await?, ()))
        };
        self.nodes.run(ResourceKind::Integration, step.action(), &self.slots.integration, needs, work).await;
    }

    /// Deletes it where it is no longer desired.
    pub(super) async fn cors(&self) {
        let (step, left) = (&self.plan.steps.cors, self.plan.steps.leftovers.cors.as_ref());
        let action = step.action().or(left.map(|_| Action::Delete));
        let needs = async {
            if action.is_none() {
                return Ok(None);
            }
            Ok(Some((existing(self.slots.api.get().await)?, self.slots.root_id.get().await?)))
        };
        let work = async |found: Option<(rest_api::Ids, String)>| {
            if let Some((api, root_id)) = &found {
                let root = Root { api_id: &api.api_id, id: root_id };
                match (&self.desired.cors, left) {
                    (Some(desired), _) => drop(cors::reconcile(self.cx, root, desired, step).await?),
                    (None, Some(left)) => cors::delete(self.cx, root, left).await?,
                    (None, None) => {}
                }
            }
            Ok((cors::ID.to_owned(), ()))
        };
        self.nodes.run(ResourceKind::Cors, action, &self.slots.cors, needs, work).await;
    }

    /// With this statement, an API that this run created becomes the stack's. So it waits for the claimed pool: a run
    /// whose pool is not the stack's must not claim the function for its API.
    pub(super) async fn permission(&self) {
        let step = &self.plan.steps.permission;
        let needs = async {
            let (function, pool, api) =
                tokio::join!(self.slots.function.get(), self.slots.claimed_pool.get(), self.slots.api.get());
            function.and(pool.map(drop))?;
            existing(api)
        };
        let work = async |api: rest_api::Ids| {
            self.claim_function(&api.api_id).await?;
            Ok((permission::STATEMENT.to_owned(), ()))
        };
        self.nodes.run(ResourceKind::Permission, step.action(), &self.slots.permission, needs, work).await;
    }

    pub(super) async fn deployment(&self) {
        let step = &self.plan.steps.deployment;
        let needs = async {
            self.slots.integration.get().await?;
            self.slots.foreign_methods.get().await?;
            self.slots.cors.get().await?;
            let authorizer = existing(self.slots.authorizer.get().await)?;
            Ok((authorizer, existing(self.slots.pool.get().await)?, existing(self.slots.api.get().await)?))
        };
        let work = async |(authorizer, pool, api): (String, String, rest_api::Ids)| {
            if !matches!(step, Step::Create) {
                return Ok((String::new(), step.actual().cloned()));
            }
            let snapshot = self.desired.snapshot(&authorizer, &pool).digest();
            let deployment_id = deployment::create(self.cx, &api.api_id, &snapshot).await?;
            Ok((deployment_id.clone(), Some(Record { deployment_id, snapshot })))
        };
        self.nodes.run(ResourceKind::Deployment, step.action(), &self.slots.deployment, needs, work).await;
    }

    pub(super) async fn stage(&self) {
        let step = &self.plan.steps.stage;
        let needs = async { Ok((self.slots.deployment.get().await?, existing(self.slots.api.get().await)?)) };
        let work = async |(record, api): (Option<Record>, rest_api::Ids)| {
            Ok((stage::reconcile(self.cx, &api.api_id, record.as_ref(), &self.desired.stage, step).await?, ()))
        };
        self.nodes.run(ResourceKind::Stage, step.action(), &self.slots.stage, needs, work).await;
    }
}
