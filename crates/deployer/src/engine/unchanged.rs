//! Checks at the end of a run that what it wrote is still there. A run fails if a concurrent one has overwritten its
//! work.
//!
//! It reads only what callers depend on and what AWS returns at once. Listings show a change late.

use anyhow::Result;

use super::apply::Applied;
use crate::{
    change::Observed,
    error::Failure,
    resources::{Context, function, log_group, role, stage},
    stack::Desired,
};

/// Fails if another run has changed something since.
pub async fn check_unchanged(cx: Context<'_>, desired: &Desired, applied: &Applied) -> Result<()> {
    let stage = async {
        match &applied.api_id {
            Some(api_id) => Ok(Some(stage::observe(cx.reader(), api_id).await?.stage)),
            None => anyhow::Ok(None),
        }
    };
    let (log_group, role, function, stage) = tokio::join!(
        log_group::observe(cx.reader()),
        role::observe(cx.reader()),
        function::observe(cx.reader()),
        stage
    );
    let serving = applied.record.as_ref().map_or(stage::Serving::Any, stage::Serving::Existing);
    let differs = [
        changed(&log_group?, |actual| log_group::diff(&desired.log_group, actual).is_empty(), "log group"),
        changed(&role?, |actual| role::diff(&desired.role, actual).is_empty(), "role"),
        changed(&function?, |actual| function::diff(&desired.function, actual).is_empty(), "function"),
        stage?.and_then(|stage| {
            changed(&stage, |actual| stage::diff(&desired.stage, serving, actual).is_empty(), "stage")
        }),
    ];
    let differs: Vec<String> = differs.into_iter().flatten().collect();
    if differs.is_empty() {
        return Ok(());
    }
    Err(Failure::conflict(format!("another run changed the stack at the same time: {}", differs.join(", "))).into())
}

fn changed<A>(observed: &Observed<A>, same: impl Fn(Option<&A>) -> bool, what: &str) -> Option<String> {
    match observed.owned() {
        None => Some(format!("the {what} no longer exists")),
        actual if same(actual) => None,
        _ => Some(format!("the {what} is different from what this run wrote")),
    }
}
