//! `status`: what exists, what differs from deploy.toml, and what it costs while idle.
//!
//! `status` builds no package: it compares the function's code with what `up` deployed last. `plan` compares it with
//! the package that `up` would deploy now.

use std::fmt;

use anyhow::Result;
use serde::Serialize;

use super::{
    context::Context,
    identity::{Description, Identity},
    outputs::table,
    stack::{self, Start},
};
use crate::{
    engine::{
        self, Options,
        lookup::{self, OutputIds},
        plan::{Change, Unowned},
    },
    ui::PlanView,
};

/// Cognito's charge for an app client that fetches machine tokens, in US dollars per month. Nothing else in an idle
/// stack costs money.
const CLIENT_USD_A_MONTH: f64 = 6.0;

#[derive(Serialize)]
struct Status {
    state: State,
    #[serde(flatten)]
    stack: Description,
    changes: Vec<Change>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unowned: Vec<Unowned>,
    idle_cost_usd_per_month: f64,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Up,
    Partial,
    Absent,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.stack {
            Description::Up(outputs) => writeln!(f, "{}", table(outputs))?,
            Description::NotUp(identity) if self.state == State::Absent && self.unowned.is_empty() => {
                return writeln!(f, "{identity}: nothing exists");
            }
            Description::NotUp(identity) => writeln!(f, "{identity}: only part of it exists\n")?,
        }
        PlanView::new(&self.changes, true).fmt(f)?;
        for unowned in &self.unowned {
            writeln!(f, "In the way: {unowned}; {}.", unowned.hint)?;
        }
        writeln!(f, "Idle cost: about {} USD a month.", self.idle_cost_usd_per_month)
    }
}

pub(super) async fn run(context: &Context) -> Result<u8> {
    let config = &context.target.config;
    let Some(aws) = stack::connect(context, Start::IfThere).await? else {
        context.ui.print(&Status {
            state: State::Absent,
            stack: Description::NotUp(Identity::unknown(context)),
            changes: Vec::new(),
            unowned: Vec::new(),
            idle_cost_usd_per_month: 0.0,
        })?;
        return Ok(0);
    };
    let (id, desired, world) = stack::observe(context, &aws).await?;
    let plan = engine::plan(&desired, &world, &Options::default());
    let outputs = OutputIds::of_world(&world).map(|ids| lookup::outputs(&aws, config, &id, &ids));
    let state = match &outputs {
        _ if world.is_empty() => State::Absent,
        Some(_) => State::Up,
        None => State::Partial,
    };
    let clients = usize::from(world.app_client.owned().is_some()) + world.duplicate_clients.len();
    context.ui.print(&Status {
        state,
        stack: Description::new(&id, outputs),
        changes: plan.changes,
        unowned: plan.unowned,
        idle_cost_usd_per_month: clients as f64 * CLIENT_USD_A_MONTH,
    })?;
    Ok(0)
}
