//! Executes a plan along the real dependency graph: whatever needs nothing from another step runs beside it.

mod leftover;
mod rivals;

use anyhow::Result;

use super::{
    node::{Blocked, Nodes, Slot},
    planner::Plan,
};
use crate::{
    change::{ResourceKind as Kind, Step},
    error::Failure,
    interrupt,
    resources::{
        Context, app_client, authorizer,
        deployment::{self, Record},
        domain,
        function::{self, Code},
        log_group, method, permission, resource_server, rest_api, role, stage, user_pool,
    },
    stack::Desired,
};

/// What a run has made or found. None where the run was restricted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// The function's package.
    pub code: Option<Code>,
    pub pool_id: Option<String>,
    pub client_id: Option<String>,
    pub domain: Option<String>,
    pub api_id: Option<String>,
    /// What the stage serves.
    pub record: Option<Record>,
}

/// Does what the plan says. Returns only when every step that could start has ended. The function's package may still be
/// in the making: nothing but the function waits for it.
pub async fn apply(
    cx: Context<'_>,
    desired: &Desired,
    plan: &Plan,
    packaging: impl Future<Output = Result<Option<Code>>>,
) -> Result<Applied> {
    let run = Run { cx, desired, plan, nodes: Nodes::new(cx.events), slots: Slots::default() };
    tokio::join!(
        run.package(packaging),
        run.log_group(),
        run.role(),
        run.function(),
        run.ready(),
        run.user_pool(),
        run.sole_pool(),
        run.resource_server(),
        run.app_client(),
        run.sole_client(),
        run.shrink_scopes(),
        run.domain(),
        run.rest_api(),
        run.root(),
        run.authorizer(),
        run.openings(),
        run.method(),
        run.integration(),
        run.permission(),
        run.deployment(),
        run.stage(),
        run.other_stages(),
        run.strangers(),
        run.spares(),
    );
    let Run { nodes, slots, .. } = run;
    nodes.finish()?;
    Ok(Applied {
        code: slots.package.get().await.ok().flatten(),
        pool_id: slots.pool.get().await.ok().flatten(),
        client_id: slots.client.get().await.ok().flatten(),
        domain: slots.domain.get().await.ok().flatten(),
        api_id: slots.api.get().await.ok().flatten().map(|api| api.id),
        record: slots.deployment.get().await.ok().flatten(),
    })
}

/// What was made; an inner none is a resource that this run leaves out and that is not there.
#[derive(Default)]
struct Slots {
    package: Slot<Option<Code>>,
    log_group: Slot<()>,
    role: Slot<()>,
    function: Slot<()>,
    ready: Slot<()>,
    pool: Slot<Option<String>>,
    sole_pool: Slot<Option<String>>,
    server: Slot<()>,
    client: Slot<Option<String>>,
    sole_client: Slot<()>,
    shrunk: Slot<()>,
    domain: Slot<Option<String>>,
    api: Slot<Option<rest_api::Made>>,
    root: Slot<String>,
    authorizer: Slot<Option<String>>,
    openings: Slot<()>,
    method: Slot<()>,
    integration: Slot<()>,
    permission: Slot<()>,
    deployment: Slot<Option<Record>>,
    stage: Slot<()>,
    other_stages: Slot<()>,
    strangers: Slot<()>,
    spares: Slot<()>,
}

struct Run<'a> {
    cx: Context<'a>,
    desired: &'a Desired,
    plan: &'a Plan,
    nodes: Nodes<'a>,
    slots: Slots,
}

/// A step that is left out and not there makes nothing.
fn left_out<A>(step: &Step<A>) -> bool {
    matches!(step, Step::Skip(None))
}

/// A needed id that a restricted run does not have: the needing step is left out as well.
fn there<T>(value: Result<Option<T>, Blocked>) -> Result<T, Blocked> {
    value?.ok_or(Blocked)
}

impl Run<'_> {
    /// An interrupt ends it: it may be a compiler at work.
    async fn package(&self, packaging: impl Future<Output = Result<Option<Code>>>) {
        let made = tokio::select! {
            made = packaging => made,
            () = interrupt::asked() => Err(interrupt::failure().into()),
        };
        self.slots.package.fill(made.map_err(|error| self.nodes.failed(Kind::Function, error)));
    }

    async fn log_group(&self) {
        let step = &self.plan.steps.log_group;
        let work = async |()| Ok((log_group::reconcile(self.cx, &self.desired.log_group, step).await?, ()));
        self.nodes.run(Kind::LogGroup, step.action(), &self.slots.log_group, nothing(), work).await;
    }

    async fn role(&self) {
        let step = &self.plan.steps.role;
        let work = async |()| Ok((role::reconcile(self.cx, &self.desired.role, step).await?, ()));
        self.nodes.run(Kind::Role, step.action(), &self.slots.role, nothing(), work).await;
    }

    /// After the log group, because Lambda would make one of its own. What is there already may be another run's as well.
    async fn function(&self) {
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
            let left = match step {
                Step::Create => &function::create(self.cx, desired).await?,
                step => step,
            };
            if matches!((step, left), (Step::Create, Step::Update(..))) && self.may_write_to_shared().await.is_err() {
                return Err(Failure::met("creating function", &desired.name).into());
            }
            Ok((function::reconcile(self.cx, desired, left).await?, ()))
        };
        self.nodes.run(Kind::Function, step.action(), &self.slots.function, needs, work).await;
    }

    /// A new function is Pending for a while; nothing but the end of the run waits for that.
    async fn ready(&self) {
        let created = matches!(self.plan.steps.function, Step::Create);
        let work = async |()| {
            if created {
                function::wait_until_ready(self.cx).await?;
            }
            Ok((String::new(), ()))
        };
        self.nodes.run(Kind::Function, None, &self.slots.ready, self.slots.function.get(), work).await;
    }

    async fn user_pool(&self) {
        let step = &self.plan.steps.user_pool;
        let work = async |()| {
            if left_out(step) {
                return Ok((String::new(), None));
            }
            let id = user_pool::reconcile(self.cx, &self.desired.user_pool, step).await?;
            Ok((id.clone(), Some(id)))
        };
        self.nodes.run(Kind::UserPool, step.action(), &self.slots.pool, nothing(), work).await;
    }

    async fn resource_server(&self) {
        let step = &self.plan.steps.resource_server;
        let needs = async { there(self.slots.pool.get().await) };
        let work = async |pool: String| {
            Ok((resource_server::reconcile(self.cx, &pool, &self.desired.resource_server, step).await?, ()))
        };
        self.nodes.run(Kind::ResourceServer, step.action(), &self.slots.server, needs, work).await;
    }

    async fn app_client(&self) {
        let step = &self.plan.steps.app_client;
        let needs = async {
            self.slots.server.get().await?;
            there(self.slots.pool.get().await)
        };
        let work = async |pool: String| {
            if left_out(step) {
                return Ok((String::new(), None));
            }
            let id = app_client::reconcile(self.cx, &pool, &self.desired.app_client, step).await?;
            for spare in &self.plan.steps.leftovers.clients {
                app_client::delete(self.cx, &pool, spare).await?;
            }
            Ok((id.clone(), Some(id)))
        };
        self.nodes.run(Kind::AppClient, step.action(), &self.slots.client, needs, work).await;
    }

    /// Scopes go away from the resource server only after the client has let go of them.
    async fn shrink_scopes(&self) {
        let (desired, step) = (&self.desired.resource_server, &self.plan.steps.resource_server);
        let needs = async {
            self.slots.client.get().await?;
            there(self.slots.pool.get().await)
        };
        let work = async |pool: String| {
            if resource_server::shrinks(desired, step) {
                resource_server::shrink(self.cx, &pool, desired).await?;
            }
            Ok((String::new(), ()))
        };
        self.nodes.run(Kind::ResourceServer, None, &self.slots.shrunk, needs, work).await;
    }

    /// The prefix is claimed before; it takes a while until it serves.
    async fn domain(&self) {
        let step = &self.plan.steps.domain;
        let needs = async { there(self.slots.sole_pool.get().await) };
        let work = async |_: String| {
            let prefix = domain::settle(self.cx, &self.desired.domain, step).await?;
            Ok((prefix.clone(), (!left_out(step)).then_some(prefix)))
        };
        self.nodes.run(Kind::Domain, step.action(), &self.slots.domain, needs, work).await;
    }

    async fn rest_api(&self) {
        let step = &self.plan.steps.rest_api;
        let work = async |()| {
            if left_out(step) {
                return Ok((String::new(), None));
            }
            let made = rest_api::reconcile(self.cx, &self.desired.rest_api, step).await?;
            Ok((made.id.clone(), Some(made)))
        };
        self.nodes.run(Kind::RestApi, step.action(), &self.slots.api, nothing(), work).await;
    }

    /// The root resource, beside the authorizer where it must be asked for.
    async fn root(&self) {
        let needs = async { there(self.slots.api.get().await) };
        let work = async |api: rest_api::Made| {
            let root_id = match self.plan.steps.root_id.as_ref().or(api.root_id.as_ref()) {
                Some(root_id) => root_id.clone(),
                None => method::root_id(self.cx.reader(), &api.id).await?,
            };
            Ok((String::new(), root_id))
        };
        self.nodes.run(Kind::RestApi, None, &self.slots.root, needs, work).await;
    }

    /// Only the pool that stays may guard an API that was there before; to an API of this run's own nobody else writes.
    async fn authorizer(&self) {
        let step = &self.plan.steps.authorizer;
        let own_api = matches!(self.plan.steps.rest_api, Step::Create);
        let pool = if own_api { &self.slots.pool } else { &self.slots.sole_pool };
        let needs = async {
            let (pool, api) = tokio::join!(pool.get(), self.slots.api.get());
            Ok((there(pool)?, there(api)?))
        };
        let work = async |(pool, api): (String, rest_api::Made)| {
            if left_out(step) {
                return Ok((String::new(), None));
            }
            let pool_arn = self.cx.id.user_pool_arn(&pool);
            let id = authorizer::reconcile(self.cx, &api.id, &pool_arn, &self.desired.authorizer, step).await?;
            Ok((id.clone(), Some(id)))
        };
        self.nodes.run(Kind::Authorizer, step.action(), &self.slots.authorizer, needs, work).await;
    }

    async fn method(&self) {
        let step = &self.plan.steps.method;
        let needs = async {
            let (authorizer, root) = tokio::join!(self.slots.authorizer.get(), self.slots.root.get());
            Ok((there(authorizer)?, there(self.slots.api.get().await)?, root?))
        };
        let work = async |(authorizer, api, root_id): (String, rest_api::Made, String)| {
            let at = method::At { api_id: &api.id, root_id: &root_id };
            Ok((method::reconcile(self.cx, at, &authorizer, &self.desired.method, step).await?, ()))
        };
        self.nodes.run(Kind::Method, step.action(), &self.slots.method, needs, work).await;
    }

    /// Needs no function: its ARN is known before it exists.
    async fn integration(&self) {
        let step = &self.plan.steps.integration;
        let needs = async {
            self.slots.method.get().await?;
            Ok((there(self.slots.api.get().await)?, self.slots.root.get().await?))
        };
        let work = async |(api, root_id): (rest_api::Made, String)| {
            let at = method::At { api_id: &api.id, root_id: &root_id };
            Ok((method::reconcile_integration(self.cx, at, &self.desired.method, step).await?, ()))
        };
        self.nodes.run(Kind::Integration, step.action(), &self.slots.integration, needs, work).await;
    }

    /// By which an API of this run's own becomes the stack's; a run whose pool is not has none to offer.
    async fn permission(&self) {
        let step = &self.plan.steps.permission;
        let needs = async {
            let (function, pool, api) =
                tokio::join!(self.slots.function.get(), self.slots.sole_pool.get(), self.slots.api.get());
            function.and(pool.map(drop))?;
            there(api)
        };
        let work = async |api: rest_api::Made| {
            self.claim_function(&api.id).await?;
            Ok((permission::STATEMENT.to_owned(), ()))
        };
        self.nodes.run(Kind::Permission, step.action(), &self.slots.permission, needs, work).await;
    }

    async fn deployment(&self) {
        let step = &self.plan.steps.deployment;
        let needs = async {
            self.slots.integration.get().await?;
            self.slots.openings.get().await?;
            let authorizer = there(self.slots.authorizer.get().await)?;
            Ok((authorizer, there(self.slots.pool.get().await)?, there(self.slots.api.get().await)?))
        };
        let work = async |(authorizer, pool, api): (String, String, rest_api::Made)| {
            if !matches!(step, Step::Create) {
                return Ok((String::new(), step.actual().cloned()));
            }
            let snapshot = self.desired.snapshot(&authorizer, &pool).digest();
            let deployment_id = deployment::create(self.cx, &api.id, &snapshot).await?;
            Ok((deployment_id.clone(), Some(Record { deployment_id, snapshot })))
        };
        self.nodes.run(Kind::Deployment, step.action(), &self.slots.deployment, needs, work).await;
    }

    async fn stage(&self) {
        let step = &self.plan.steps.stage;
        let needs = async { Ok((self.slots.deployment.get().await?, there(self.slots.api.get().await)?)) };
        let work = async |(record, api): (Option<Record>, rest_api::Made)| {
            Ok((stage::reconcile(self.cx, &api.id, record.as_ref(), &self.desired.stage, step).await?, ()))
        };
        self.nodes.run(Kind::Stage, step.action(), &self.slots.stage, needs, work).await;
    }
}

async fn nothing() -> Result<(), Blocked> {
    Ok(())
}
