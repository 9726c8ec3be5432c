//! Removes what is not ours to have, or was made twice.

use super::{Run, nothing};
use crate::{
    change::{Action, ResourceKind as Kind},
    engine::{destroy, planner::Leftovers},
    resources::{method, permission, rest_api, stage},
};

impl Run<'_> {
    /// What lets callers past our authorizer goes before the deployment that would serve it.
    pub(super) async fn openings(&self) {
        let methods = &self.plan.steps.leftovers.methods;
        let needs = async { self.slots.api.get().await };
        let work = async |api: Option<rest_api::Made>| {
            let api = api.map(|api| api.id).unwrap_or_default();
            for other in methods {
                method::delete_other(self.cx, &api, other).await?;
            }
            let names = methods.iter().map(|other| format!("{} {}", other.http_method, other.path));
            Ok((names.collect::<Vec<_>>().join(", "), ()))
        };
        self.nodes.run(Kind::Method, deletes(methods), &self.slots.openings, needs, work).await;
    }

    /// At once: such a stage may be open.
    pub(super) async fn other_stages(&self) {
        let stages = &self.plan.steps.leftovers.stages;
        let needs = async { self.slots.api.get().await };
        let work = async |api: Option<rest_api::Made>| {
            let api = api.map(|api| api.id).unwrap_or_default();
            for name in stages {
                stage::delete(self.cx, &api, name).await?;
            }
            Ok((stages.join(", "), ()))
        };
        self.nodes.run(Kind::Stage, deletes(stages), &self.slots.other_stages, needs, work).await;
    }

    pub(super) async fn strangers(&self) {
        let statements = &self.plan.steps.leftovers.statements;
        let work = async |()| {
            for statement in statements {
                permission::delete(self.cx, statement).await?;
            }
            Ok((statements.join(", "), ()))
        };
        // Lambda changes a function's policy and the function itself one after the other.
        let needs = self.slots.permission.get();
        self.nodes.run(Kind::Permission, deletes(statements), &self.slots.strangers, needs, work).await;
    }

    /// What interrupted runs have left; nothing of the stack uses it.
    pub(super) async fn spares(&self) {
        let Leftovers { pools, apis, .. } = &self.plan.steps.leftovers;
        let kind = if pools.is_empty() { Kind::RestApi } else { Kind::UserPool };
        let work = async |()| {
            for pool in pools {
                destroy::delete_pool(self.cx, pool).await?;
            }
            for api in apis {
                rest_api::delete(self.cx, &api.id).await?;
            }
            Ok(("leftovers".into(), ()))
        };
        let action = deletes(pools).or(deletes(apis));
        self.nodes.run(kind, action, &self.slots.spares, nothing(), work).await;
    }
}

fn deletes<T>(leftovers: &[T]) -> Option<Action> {
    (!leftovers.is_empty()).then_some(Action::Delete)
}
