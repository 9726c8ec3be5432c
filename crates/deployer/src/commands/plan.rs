//! `plan`: what `up` would change, without changing anything.

use std::fmt;

use anyhow::Result;
use serde::Serialize;

use super::{
    context::Context,
    identity::Identity,
    prepare::{Prepared, prepare},
};
use crate::{
    cli::PlanArgs,
    engine::{self, Options, Plan},
    ui::PlanView,
};

#[derive(Serialize)]
struct Planned {
    #[serde(flatten)]
    identity: Identity,
    #[serde(flatten)]
    plan: Plan,
    #[serde(skip)]
    with_unchanged: bool,
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        PlanView::new(&self.plan.changes, self.with_unchanged).left_behind(&self.plan.left_behind).fmt(f)
    }
}

pub(super) async fn run(context: &Context, args: &PlanArgs) -> Result<u8> {
    let progress = context.ui.progress();
    let options = Options { adopt: args.adopt, only: Vec::new() };
    let planned = async {
        let Prepared { id, mut desired, world, packaging, .. } = prepare(context, &options, progress.events()).await?;
        desired.function.code = Some(packaging.finish(progress.events()).await?);
        Ok((Identity::of(&id), engine::plan(&desired, &world, &options)))
    };
    let planned: Result<(Identity, Plan)> = planned.await;
    progress.finish().await;
    let (identity, plan) = planned?;
    let code = if args.detailed_exitcode && !plan.is_noop() { 2 } else { 0 };
    context.ui.print(&Planned { identity, plan, with_unchanged: context.ui.verbosity() > 0 })?;
    Ok(code)
}
