//! `down`: deletes what the stack owns, and nothing else.

use std::{fmt, time::Instant};

use anyhow::Result;
use serde::Serialize;

use super::{
    context::Context,
    identity::Identity,
    stack::{self, Start},
};
use crate::{
    aws::{Clients, Doing as _},
    change::Events,
    cli::DownArgs,
    config::Target,
    data_plane::cache,
    engine::{destroy, plan::Change},
    error::Failure,
    resources,
};

#[derive(Serialize)]
struct Deleted {
    #[serde(flatten)]
    identity: Identity,
    changes: Vec<Change>,
    elapsed_ms: u64,
}

impl fmt::Display for Deleted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.changes.is_empty() {
            return writeln!(f, "{}: nothing to delete", self.identity);
        }
        for change in &self.changes {
            let id = change.id.as_deref().unwrap_or_default();
            writeln!(f, "deleted {} {id}", change.resource.as_str())?;
        }
        writeln!(f, "deleted {} in {:.1} s", self.identity, self.elapsed_ms as f64 / 1_000.0)
    }
}

pub(super) async fn run(context: &Context, args: &DownArgs) -> Result<u8> {
    let begin = Instant::now();
    let Context { target: Target { config, local, .. }, ui, .. } = context;
    let Some(aws) = stack::connect(context, Start::IfThere).await? else {
        ui.print(&Deleted { identity: Identity::unknown(context), changes: Vec::new(), elapsed_ms: 0 })?;
        return Ok(0);
    };
    let (id, _, world) = stack::observe(context, &aws).await?;
    let silent = Events::silent();
    let cx = resources::Context { aws: &aws, id: &id, events: &silent };
    let changes = destroy::plan(cx, &world);
    if !changes.is_empty() {
        destroy::check_users(cx, &world, args.delete_users).await?;
        if !args.yes {
            ui.show_changes(&changes);
            let question = format!("Delete {}?", Identity::of(&id));
            if !ui.confirm(&question).await? {
                return Err(Failure::refused("not confirmed: nothing was deleted").into());
            }
        }
        let progress = ui.progress();
        let events = progress.events().clone();
        let done = destroy::destroy(resources::Context { events: &events, ..cx }, &world).await;
        progress.finish().await;
        done?;
    }
    // The stack's tokens are no longer valid.
    if let Err(error) = cache::clear(&config.root) {
        ui.warn(format_args!("cannot delete the cached tokens: {error}"));
    }
    if *local && is_empty(&aws).await? {
        crate::local::stop(&config.root).await?;
    }
    let elapsed_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
    ui.print(&Deleted { identity: Identity::of(&id), changes, elapsed_ms })?;
    Ok(0)
}

/// Whether the local cloud holds no stack. Stopping it loses nothing, so it is enough to check what every stack has.
async fn is_empty(aws: &Clients) -> Result<bool> {
    let pools = aws.cognito.list_user_pools().max_results(1).send();
    let apis = aws.apigateway.get_rest_apis().limit(1).send();
    let groups = aws.logs.describe_log_groups().limit(1).send();
    let (pools, apis, groups) = tokio::join!(pools, apis, groups);
    let looking = "looking for other stacks in";
    Ok(pools.doing(looking, "local cloud")?.user_pools().is_empty()
        && apis.doing(looking, "local cloud")?.items().is_empty()
        && groups.doing(looking, "local cloud")?.log_groups().is_empty())
}
