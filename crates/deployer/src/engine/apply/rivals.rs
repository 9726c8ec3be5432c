//! Two runs at once on one stack. Pools, APIs and app clients have no unique names, so each run may make its own; what
//! is unique decides which stays. The pool that gets the domain is the stack's, and the API that the function's
//! permission names. A run that comes second deletes what it has made, begins nothing more, and says why.
//!
//! There is no lock, so a run that dies leaves none. What hangs on a run's own pool and API does not wait for the
//! decision; what writes to something that both runs share does. Dates would not do: AWS sets them before a listing shows
//! the thing.

use anyhow::Result;

use super::{Run, there};
use crate::{
    change::{ResourceKind as Kind, Step},
    engine::{destroy, node::Blocked},
    error::Failure,
    resources::{app_client, domain, permission, rest_api, user_pool},
};

impl Run<'_> {
    /// The pool, once the domain is its own.
    pub(super) async fn sole_pool(&self) {
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
                return Err(outrun(Kind::UserPool, &holder));
            }
            Ok((String::new(), pool))
        };
        self.nodes.run(Kind::Domain, None, &self.slots.sole_pool, needs, work).await;
    }

    /// A run that makes a pool writes to what both share only once it knows that its pool is the stack's.
    pub(super) async fn may_write_to_shared(&self) -> Result<(), Blocked> {
        if matches!(self.plan.steps.user_pool, Step::Create) {
            self.slots.sole_pool.get().await?;
        }
        Ok(())
    }

    /// Gives way when the function's permission names another API of this stack.
    pub(super) async fn claim_function(&self, api: &str) -> Result<()> {
        let step = &self.plan.steps.permission;
        match permission::reconcile(self.cx, api, step).await? {
            permission::Claim::Ours => Ok(()),
            permission::Claim::Elder(elder) => {
                self.give_up_api().await?;
                Err(outrun(Kind::RestApi, &elder))
            }
        }
    }

    /// Nothing of a client is unique. In a pool that both runs share the one that sees two gives way, so it can happen
    /// that both do; the next run makes one.
    pub(super) async fn sole_client(&self) {
        let created = matches!(self.plan.steps.app_client, Step::Create | Step::Replace(..));
        let shared = !matches!(self.plan.steps.user_pool, Step::Create);
        let needs = async { Ok((there(self.slots.pool.get().await)?, there(self.slots.client.get().await)?)) };
        let work = async |(pool, client): (String, String)| {
            if created && shared {
                let mut others = app_client::list(self.cx.reader(), &pool).await?;
                // What the plan knew of is deleted beside this.
                others.retain(|other| *other != client && !self.plan.steps.leftovers.clients.contains(other));
                if let Some(other) = others.first() {
                    app_client::delete(self.cx, &pool, &client).await?;
                    return Err(outrun(Kind::AppClient, other));
                }
            }
            Ok((String::new(), ()))
        };
        self.nodes.run(Kind::AppClient, None, &self.slots.sole_client, needs, work).await;
    }

    /// Deletes the pool that this run has made, unless somebody has put a user into it.
    async fn give_up_pool(&self, id: &str) -> Result<()> {
        let found = user_pool::observe(self.cx.reader(), &[id.to_owned()]).await?;
        match found.pool.owned() {
            Some(pool) if !user_pool::has_users(self.cx.reader(), pool).await? => {
                destroy::delete_pool(self.cx, pool).await
            }
            _ => Ok(()),
        }
    }

    /// Deletes the API that this run has made, once its creation has ended.
    async fn give_up_api(&self) -> Result<()> {
        match (&self.plan.steps.rest_api, self.slots.api.get().await) {
            (Step::Create, Ok(Some(api))) => rest_api::delete(self.cx, &api.id).await,
            _ => Ok(()),
        }
    }
}

fn outrun(kind: Kind, other: &str) -> anyhow::Error {
    let what = kind.words();
    Failure::conflict(format!("another run has made {what} \"{other}\" at the same time: this one gave way to it"))
        .into()
}
