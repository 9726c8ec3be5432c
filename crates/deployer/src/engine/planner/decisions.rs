//! The decision for one resource at a time, and how the plan shows it.

use std::collections::BTreeSet;

use crate::{
    change::{Action, FieldDiff, Observed, ResourceKind, Step},
    engine::{
        observe::World,
        plan::{Change, Options, Unowned},
    },
    resources::{
        deployment::{self, Record},
        domain, stage,
    },
};

/// Collects decisions.
pub(super) struct Decisions<'a> {
    options: &'a Options,
    included: BTreeSet<ResourceKind>,
    pub(super) changes: Vec<Change>,
    pub(super) unowned: Vec<Unowned>,
}

impl<'a> Decisions<'a> {
    pub(super) fn new(options: &'a Options) -> Self {
        Self { options, included: included(&options.only), changes: Vec::new(), unowned: Vec::new() }
    }

    /// Whether a resource is part of the run.
    pub(super) fn includes(&self, kind: ResourceKind) -> bool {
        self.included.contains(&kind)
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
        if !self.includes(kind) {
            return Step::Skip(observed.owned().cloned());
        }
        let diff = diff(observed.existing());
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
            Some(_) => "choose another name or stage: this stack's names collide with that stack's",
            None => "take it over with `deployer up --adopt`, or choose another name in deploy.toml",
        };
        let (id, owner, hint) = (id.to_owned(), owner.map(Into::into), hint.to_owned());
        self.unowned.push(Unowned { resource, id, owner, hint });
    }

    /// Names of pools and APIs are not unique, so one that has our name and is not ours does no harm. It counts
    /// as absent, unless it should be adopted.
    pub(super) fn absent_unless_adopted<A: Clone>(&self, observed: &Observed<A>) -> Observed<A> {
        match observed {
            Observed::Unowned { owner, .. } if owner.is_some() || !self.options.adopt => Observed::Absent,
            other => other.clone(),
        }
    }

    /// Refuses a domain that another pool has. A domain belongs to its pool and can only be adopted with it, and only
    /// if we have no pool.
    pub(super) fn refuse_taken_domain(&mut self, desired: &domain::Desired, world: &World) {
        let Some(holder) = &world.domain_holder else { return };
        if !self.includes(ResourceKind::Domain) {
            return;
        }
        let can_adopt = holder.owner.is_none() && world.user_pool.pool.owned().is_none() && !self.options.adopt;
        let hint = if can_adopt {
            "take over the pool with `deployer up --adopt`, or set auth.domain in deploy.toml to another prefix"
        } else {
            "set auth.domain in deploy.toml to another prefix"
        };
        let owner = holder.owner.clone().unwrap_or_else(|| format!("user pool {}", holder.pool_id));
        let (id, owner, hint) = (desired.prefix.clone(), Some(owner), hint.to_owned());
        self.unowned.push(Unowned { resource: ResourceKind::Domain, id, owner, hint });
    }

    /// The deployment that the stage should serve: an existing one with the desired snapshot, else a new one.
    pub(super) fn deployment(&mut self, world: &World, digest: Option<&str>, why_new: Option<&str>) -> Step<Record> {
        if !self.includes(ResourceKind::Deployment) {
            return Step::Skip(None);
        }
        let live = world.stage.stage.owned().and_then(stage::Actual::serves);
        let same = |record: &&Record| Some(record.snapshot.as_str()) == digest;
        let kept = live.iter().chain(&world.deployments).find(same).filter(|_| why_new.is_none()).cloned();
        let resource = ResourceKind::Deployment;
        if let Some(kept) = kept {
            let id = Some(kept.deployment_id.clone());
            self.changes.push(Change { resource, action: Action::NoOp, id, reason: None, diff: Vec::new() });
            return Step::Keep(kept);
        }
        let last = live.as_ref().or(world.deployments.first()).map(|record| record.snapshot.as_str());
        let reason = why_new.or_else(|| last.map(|_| "its content has changed since the last deployment"));
        let (reason, diff) = (reason.map(Into::into), deployment::diff(digest, last));
        self.changes.push(Change { resource, action: Action::Create, id: None, reason, diff });
        Step::Create
    }

    /// Adds changes that are not a step of a resource.
    pub(super) fn add(&mut self, changes: Vec<Change>) {
        self.changes.extend(changes);
    }

    pub(super) fn change_last(&mut self, action: Action, reason: &str) {
        if let Some(last) = self.changes.last_mut() {
            last.action = action;
            last.reason = Some(reason.to_owned());
        }
    }
}

/// The resources of a run: the requested ones and what they need.
fn included(only: &[ResourceKind]) -> BTreeSet<ResourceKind> {
    if only.is_empty() {
        return ResourceKind::ALL.into();
    }
    let mut included = BTreeSet::new();
    let mut pending = only.to_vec();
    while let Some(kind) = pending.pop() {
        if included.insert(kind) {
            pending.extend(kind.needs());
        }
    }
    included
}
