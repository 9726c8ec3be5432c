//! Executes a plan along the real dependency graph: steps that need nothing from each other run side by side.

mod concurrent_runs;
mod leftovers;
mod run;
mod steps;

use anyhow::Result;

use self::run::Run;
use super::plan::Plan;
use crate::{
    resources::{Context, deployment::Record, function::Code},
    stack::Desired,
};

/// What exists after a run. `None` for what a restricted run left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    pub code: Option<Code>,
    pub pool_id: Option<String>,
    pub client_id: Option<String>,
    pub domain: Option<String>,
    pub api_id: Option<String>,
    /// The deployment that the stage serves.
    pub record: Option<Record>,
}

/// Executes the plan. Returns only when every step that could start has ended. The function's package may still
/// be building: only the function waits for it.
pub async fn apply(
    cx: Context<'_>,
    desired: &Desired,
    plan: &Plan,
    packaging: impl Future<Output = Result<Option<Code>>>,
) -> Result<Applied> {
    let run = Run::new(cx, desired, plan);
    tokio::join!(
        run.package(packaging),
        run.log_group(),
        run.role(),
        run.function(),
        run.function_ready(),
        run.user_pool(),
        run.claimed_pool(),
        run.resource_server(),
        run.app_client(),
        run.only_client(),
        run.shrink_scopes(),
        run.domain(),
        run.rest_api(),
        run.root_path(),
        run.authorizer(),
        run.foreign_methods(),
        run.method(),
        run.integration(),
        run.cors(),
        run.permission(),
        run.deployment(),
        run.stage(),
        run.other_stages(),
        run.foreign_statements(),
        run.duplicates(),
    );
    let Run { nodes, slots, .. } = run;
    nodes.finish()?;
    Ok(Applied {
        code: slots.package.get().await.ok().flatten(),
        pool_id: slots.pool.get().await.ok().flatten(),
        client_id: slots.client.get().await.ok().flatten(),
        domain: slots.domain.get().await.ok().flatten(),
        api_id: slots.api.get().await.ok().flatten().map(|api| api.api_id),
        record: slots.deployment.get().await.ok().flatten(),
    })
}
