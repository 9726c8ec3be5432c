//! Tests of function environments, with a bootstrap that is really run.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod failures;
mod fleet;
mod hostile;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    invocation::{Invocation, InvokeError},
    pool::environment_limit,
    process,
};
use crate::testing::{FUNCTION, LOG_GROUP, REGION, World};

async fn invoke(world: &World, event: Value) -> Result<Invocation, InvokeError> {
    let version = world.cloud.store.read(|state| state.regions[REGION].functions[FUNCTION].latest.clone());
    world.cloud.functions.invoke(REGION, FUNCTION, &version, Bytes::from(event.to_string())).await
}

/// Does one of the things that `bootstrap.py` can do, and waits until it asks for more or has ended: on a machine with
/// much else to do, that is a while after its answer.
async fn act(world: &World, action: &str) -> Invocation {
    let done = invoke(world, json!({ "do": action })).await.unwrap();
    for _ in 0..6000 {
        if world.cloud.functions.pool.running.available_permits() == environment_limit() {
            return done;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{action} does not end");
}

fn answer(invocation: &Invocation) -> Value {
    serde_json::from_slice(&invocation.payload).unwrap()
}

fn is_running(pid: &Value) -> bool {
    // A process that was killed and not yet waited for is no more than a name.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

async fn has_ended(pid: &Value) {
    // A machine with much else to do is slow to end one.
    for _ in 0..6000 {
        if !is_running(pid) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("process {pid} still runs");
}

fn messages(world: &World) -> Vec<String> {
    let streams = world.cloud.functions.log_events(REGION, LOG_GROUP);
    streams.into_values().flatten().map(|event| event.message).collect()
}

fn environments(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("environments")).map_or(0, Iterator::count)
}

/// One that was slow to ask for more work is gone a moment after its caller has the answer.
async fn no_environments(world: &World) {
    for _ in 0..6000 {
        if environments(world.dir.path()) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} environments are left", environments(world.dir.path()));
}
