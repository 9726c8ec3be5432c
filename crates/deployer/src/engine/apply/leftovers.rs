//! Removes what would let outsiders into the stack, and duplicates.

use super::run::Run;
use crate::{
    change::{Action, ResourceKind},
    engine::node::nothing,
    engine::{destroy, plan::Leftovers},
    resources::{method, permission, rest_api, stage},
};

impl Run<'_> {
    /// Runs before the deployment, which would otherwise serve these methods.
    pub(super) async fn foreign_methods(&self) {
        let methods = &self.plan.steps.leftovers.methods;
        let needs = async { self.slots.api.get().await };
        let work = async |api: Option<rest_api::Ids>| {
            let api = api.map(|api| api.api_id).unwrap_or_default();
            for method in methods {
                method::delete(self.cx, &api, method).await?;
            }
            Ok((methods.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "), ()))
        };
        self.nodes.run(ResourceKind::Method, deletes(methods), &self.slots.foreign_methods, needs, work).await;
    }

    /// Waits for nothing else, because such a stage may be open.
    pub(super) async fn other_stages(&self) {
        let stages = &self.plan.steps.leftovers.stages;
        let needs = async { self.slots.api.get().await };
        let work = async |api: Option<rest_api::Ids>| {
            let api = api.map(|api| api.api_id).unwrap_or_default();
            for name in stages {
                stage::delete(self.cx, &api, name).await?;
            }
            Ok((stages.join(", "), ()))
        };
        self.nodes.run(ResourceKind::Stage, deletes(stages), &self.slots.other_stages, needs, work).await;
    }

    pub(super) async fn foreign_statements(&self) {
        let statements = &self.plan.steps.leftovers.statements;
        let work = async |()| {
            for statement in statements {
                permission::delete(self.cx, statement).await?;
            }
            Ok((statements.join(", "), ()))
        };
        // Lambda makes changes of a function and of its policy one at a time.
        let needs = self.slots.permission.get();
        self.nodes
            .run(ResourceKind::Permission, deletes(statements), &self.slots.foreign_statements, needs, work)
            .await;
    }

    /// What interrupted runs left behind; nothing in the stack uses it.
    pub(super) async fn duplicates(&self) {
        let Leftovers { pools, apis, .. } = &self.plan.steps.leftovers;
        let kind = if pools.is_empty() { ResourceKind::RestApi } else { ResourceKind::UserPool };
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
        self.nodes.run(kind, action, &self.slots.duplicates, nothing(), work).await;
    }
}

fn deletes<T>(leftovers: &[T]) -> Option<Action> {
    (!leftovers.is_empty()).then_some(Action::Delete)
}
