//! What is decided for one resource at a time, and how it is told.

use std::collections::BTreeSet;

use super::Options;
use crate::{
    change::{Action, FieldDiff, Observed, ResourceKind, Step},
    engine::{
        observe::World,
        plan::{Change, Unowned},
    },
    resources::{
        deployment::{self, Record},
        domain, method, permission, stage, user_pool,
    },
};

/// Collects what is decided.
pub(super) struct Planner<'a> {
    options: &'a Options,
    included: BTreeSet<ResourceKind>,
    pub(super) changes: Vec<Change>,
    pub(super) unowned: Vec<Unowned>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(options: &'a Options) -> Self {
        Self { options, included: included(&options.only), changes: Vec::new(), unowned: Vec::new() }
    }

    pub(super) fn step<A: Clone>(
        &mut self,
        kind: ResourceKind,
        observed: &Observed<A>,
        id: &str,
        diff: impl Fn(Option<&A>) -> Vec<FieldDiff>,
    ) -> Step<A> {
        self.replaceable(kind, observed, id, diff, |_| false)
    }

    pub(super) fn replaceable<A: Clone>(
        &mut self,
        kind: ResourceKind,
        observed: &Observed<A>,
        id: &str,
        diff: impl Fn(Option<&A>) -> Vec<FieldDiff>,
        must_replace: impl Fn(&[FieldDiff]) -> bool,
    ) -> Step<A> {
        if !self.included.contains(&kind) {
            return Step::Skip(observed.owned().cloned());
        }
        let diff = diff(observed.there());
        let step = match observed {
            Observed::Absent => Step::Create,
            Observed::Owned(actual) if diff.is_empty() => Step::Keep(actual.clone()),
            Observed::Owned(actual) if must_replace(&diff) => Step::Replace(actual.clone(), diff.clone()),
            Observed::Owned(actual) => Step::Update(actual.clone(), diff.clone()),
            Observed::Unowned { actual, owner: None } if self.options.adopt => {
                Step::Adopt(actual.clone(), diff.clone())
            }
            Observed::Unowned { owner, .. } => {
                self.refuse(kind, id, owner.as_deref());
                return Step::Skip(None);
            }
        };
        self.changes.extend(step.action().map(|action| {
            let id = Some(id.to_owned());
            Change { resource: kind, action, id, reason: None, diff }
        }));
        step
    }

    fn refuse(&mut self, resource: ResourceKind, id: &str, owner: Option<&str>) {
        let hint = match owner {
            Some(_) => "choose another name or stage: this one's names collide with that stack's",
            None => "take it over with `deployer up --adopt`, or choose another name in deploy.toml",
        };
        let (id, owner, hint) = (id.to_owned(), owner.map(Into::into), hint.to_owned());
        self.unowned.push(Unowned { resource, id, owner, hint });
    }

    /// Names of pools and APIs are not unique: one of our name that is not ours is in nobody's way, unless it is to be
    /// adopted.
    pub(super) fn if_free<A: Clone>(&self, observed: &Observed<A>) -> Observed<A> {
        match observed {
            Observed::Unowned { owner, .. } if owner.is_some() || !self.options.adopt => Observed::Absent,
            other => other.clone(),
        }
    }

    /// A domain hangs on its pool and can only be taken over with it, which needs that we have none.
    pub(super) fn domain_is_free(&mut self, desired: &domain::Desired, world: &World) {
        let Some(holder) = &world.domain_holder else { return };
        if !self.included.contains(&ResourceKind::Domain) {
            return;
        }
        let can_adopt = holder.owner.is_none() && world.user_pool.pool.owned().is_none() && !self.options.adopt;
        let hint = if can_adopt {
            "take the pool over with `deployer up --adopt`, or set auth.domain in deploy.toml to a prefix of its own"
        } else {
            "set auth.domain in deploy.toml to a prefix of its own"
        };
        let owner = holder.owner.clone().unwrap_or_else(|| format!("user pool {}", holder.pool_id));
        let (id, owner, hint) = (desired.prefix.clone(), Some(owner), hint.to_owned());
        self.unowned.push(Unowned { resource: ResourceKind::Domain, id, owner, hint });
    }

    /// Which deployment the stage is to serve: one that is there and holds what we want, else a new one.
    pub(super) fn deployment(&mut self, world: &World, digest: Option<&str>, anew: Option<&str>) -> Step<Record> {
        if !self.included.contains(&ResourceKind::Deployment) {
            return Step::Skip(None);
        }
        let live = world.stage.stage.owned().and_then(stage::Actual::serves);
        let same = |record: &&Record| Some(record.snapshot.as_str()) == digest;
        let kept = live.iter().chain(&world.deployments).find(same).filter(|_| anew.is_none()).cloned();
        let resource = ResourceKind::Deployment;
        if let Some(kept) = kept {
            let id = Some(kept.deployment_id.clone());
            self.changes.push(Change { resource, action: Action::NoOp, id, reason: None, diff: Vec::new() });
            return Step::Keep(kept);
        }
        let last = live.as_ref().or(world.deployments.first()).map(|record| record.snapshot.as_str());
        let reason = anew.or_else(|| last.map(|_| "what it snapshots has changed since the last one"));
        let (reason, diff) = (reason.map(Into::into), deployment::diff(digest, last));
        self.changes.push(Change { resource, action: Action::Create, id: None, reason, diff });
        Step::Create
    }

    /// Methods that let callers past our authorizer.
    pub(super) fn openings(&mut self, others: &[method::Other], authorizer_id: Option<&str>) -> Vec<method::Other> {
        let mut found = Vec::new();
        for other in others.iter().filter(|_| self.included.contains(&ResourceKind::Method)) {
            if let Some(why) = other.opens(authorizer_id) {
                found.push((other.clone(), why));
            }
        }
        for (other, why) in &found {
            self.leftover(ResourceKind::Method, &format!("{} {}", other.http_method, other.path), why);
        }
        found.into_iter().map(|(other, _)| other).collect()
    }

    /// Statements that let strangers invoke the function.
    pub(super) fn strangers(&mut self, openings: &[permission::Opening]) -> Vec<String> {
        if !self.included.contains(&ResourceKind::Permission) {
            return Vec::new();
        }
        for opening in openings {
            self.leftover(ResourceKind::Permission, &opening.statement_id, opening.why);
        }
        openings.iter().map(|opening| opening.statement_id.clone()).collect()
    }

    /// Stages beside ours: each serves whatever it was made of, and our permission lets it.
    pub(super) fn other_stages(&mut self, others: &[String]) -> Vec<String> {
        if !self.included.contains(&ResourceKind::Stage) {
            return Vec::new();
        }
        for name in others {
            self.leftover(ResourceKind::Stage, name, "it serves what nobody checks");
        }
        others.to_vec()
    }

    /// What was made twice.
    pub(super) fn spares<T: Clone>(&mut self, kind: ResourceKind, spares: &[T], id: impl Fn(&T) -> &str) -> Vec<T> {
        if !self.included.contains(&kind) {
            return Vec::new();
        }
        for spare in spares {
            self.leftover(kind, id(spare), "an interrupted run has left it");
        }
        spares.to_vec()
    }

    /// Pools that were made twice, but for those that hold users: they are only ever deleted by `down`, when asked to.
    pub(super) fn spare_pools(&mut self, duplicates: &[user_pool::Actual]) -> Vec<user_pool::Actual> {
        let (empty, used): (Vec<_>, Vec<_>) =
            duplicates.iter().cloned().partition(|pool| pool.users == 0 && !pool.deletion_protection);
        for pool in used.iter().filter(|_| self.included.contains(&ResourceKind::UserPool)) {
            let (action, id) = (Action::NoOp, Some(pool.id.clone()));
            let reason = Some("made twice, and kept because it is protected or holds users".to_owned());
            self.changes.push(Change { resource: ResourceKind::UserPool, action, id, reason, diff: Vec::new() });
        }
        self.spares(ResourceKind::UserPool, &empty, |pool| &pool.id)
    }

    fn leftover(&mut self, resource: ResourceKind, id: &str, reason: &str) {
        let (id, reason) = (Some(id.to_owned()), Some(reason.to_owned()));
        self.changes.push(Change { resource, action: Action::Delete, id, reason, diff: Vec::new() });
    }

    pub(super) fn change_last(&mut self, action: Action, reason: &str) {
        if let Some(last) = self.changes.last_mut() {
            last.action = action;
            last.reason = Some(reason.to_owned());
        }
    }
}

/// The resources of a run: those asked for and what they need.
fn included(only: &[ResourceKind]) -> BTreeSet<ResourceKind> {
    if only.is_empty() {
        return ResourceKind::ALL.into();
    }
    let mut included = BTreeSet::new();
    let mut open = only.to_vec();
    while let Some(kind) = open.pop() {
        if included.insert(kind) {
            open.extend(kind.needs());
        }
    }
    included
}
