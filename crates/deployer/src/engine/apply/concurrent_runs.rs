//! Two runs on one stack at the same time. Pools, APIs and app clients have no unique names, so each run may create its
//! own. What is unique decides which stays: the pool that gets the domain, and the API that the function's permission
//! names. The run that comes second deletes what it has created, starts nothing more, and reports why.
//!
//! There is no lock, so a run that dies leaves none behind. Steps that write only to a run's own pool and API do not
//! wait for the decision; steps that write to something that both runs share do. Dates cannot decide: AWS sets them
//! before a listing shows the thing.

use anyhow::Result;

use super::run::{Run, existing};
use crate::{
    change::{ResourceKind, Step},
    engine::{destroy, node::Blocked},
    error::Failure,
    resources::{app_client, domain, permission, rest_api, user_pool},
};

impl Run<'_> {
    /// The pool, once it has the stack's domain.
    pub(super) async fn claimed_pool(&self) {
        let step = &self.plan.steps.domain;
        let needs = async { self.slots.pool.get().await };
        let work = async |pool: Option<String>| {
            if let Some(id) = &pool
                && let Some(holder) = domain::claim(self.cx, id, &self.desired.domain, step).await?
            {
                let found = user_pool::observe(self.cx.reader(), std::slice::from_ref(&holder)).await?;
                if found.pool.owned().is_none() || !matches!(self.plan.steps.user_pool, Step::Create) {
                    return Err(domain::taken(&self.desired.domain, &holder));
                }
                self.give_up_pool(id).await?;
                self.give_up_api().await?;
                return Err(gave_way(ResourceKind::UserPool, &holder));
            }
            Ok((String::new(), pool))
        };
        self.nodes.run(ResourceKind::Domain, None, &self.slots.claimed_pool, needs, work).await;
    }

    /// A run that creates a pool writes to shared resources only once its pool is known to be the stack's.
    pub(super) async fn may_write_to_shared(&self) -> Result<(), Blocked> {
        if matches!(self.plan.steps.user_pool, Step::Create) {
            self.slots.claimed_pool.get().await?;
        }
        Ok(())
    }

    /// Gives way when the function's permission names another API of this stack.
    pub(super) async fn claim_function(&self, api: &str) -> Result<()> {
        let step = &self.plan.steps.permission;
        match permission::reconcile(self.cx, api, step).await? {
            permission::Claim::Ours => Ok(()),
            permission::Claim::OtherApi(other) => {
                self.give_up_api().await?;
                Err(gave_way(ResourceKind::RestApi, &other))
            }
        }
    }

    /// Nothing about a client is unique. In a shared pool the run that sees two clients deletes its own. Both runs may
    /// do that; then the next run creates one.
    pub(super) async fn only_client(&self) {
        let created = matches!(self.plan.steps.app_client, Step::Create | Step::Replace(..));
        let shared = !matches!(self.plan.steps.user_pool, Step::Create);
        let needs = async { Ok((existing(self.slots.pool.get().await)?, existing(self.slots.client.get().await)?)) };
        let work = async |(pool, client): (String, String)| {
            if created && shared {
                let mut others = app_client::list(self.cx.reader(), &pool).await?;
                // The app client's step deletes those that the plan knows.
                others.retain(|other| *other != client && !self.plan.steps.leftovers.clients.contains(other));
                if let Some(other) = others.first() {
                    app_client::delete(self.cx, &pool, &client).await?;
                    return Err(gave_way(ResourceKind::AppClient, other));
                }
            }
            Ok((String::new(), ()))
        };
        self.nodes.run(ResourceKind::AppClient, None, &self.slots.only_client, needs, work).await;
    }

    /// Deletes the pool that this run has created, unless somebody has added a user to it.
    async fn give_up_pool(&self, id: &str) -> Result<()> {
        let found = user_pool::observe(self.cx.reader(), &[id.to_owned()]).await?;
        match found.pool.owned() {
            Some(pool) if !user_pool::has_users(self.cx.reader(), pool).await? => {
                destroy::delete_pool(self.cx, pool).await
            }
            _ => Ok(()),
        }
    }

    /// Deletes the API that this run has created, once its creation has ended.
    async fn give_up_api(&self) -> Result<()> {
        match (&self.plan.steps.rest_api, self.slots.api.get().await) {
            (Step::Create, Ok(Some(api))) => rest_api::delete(self.cx, &api.api_id).await,
            _ => Ok(()),
        }
    }
}

fn gave_way(kind: ResourceKind, other: &str) -> anyhow::Error {
    let what = kind.words();
    Failure::conflict(format!("another run created {what} \"{other}\" at the same time, so this run stopped")).into()
}
