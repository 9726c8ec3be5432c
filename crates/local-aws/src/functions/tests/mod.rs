//! Tests of execution environments with a real bootstrap.
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
    invocation::{InvokeError, InvokeOutput},
    pool::environment_limit,
    process,
};
use crate::testing::{FUNCTION, LOG_GROUP, REGION, World};

async fn invoke(world: &World, event: Value) -> Result<InvokeOutput, InvokeError> {
    let version = world.cloud.store.read(|state| state.regions[REGION].functions[FUNCTION].latest.clone());
    world.cloud.functions.invoke(REGION, FUNCTION, &version, Bytes::from(event.to_string())).await
}

/// Runs an action of `bootstrap.py`, and waits until the function polls again or has ended. On a busy machine that
/// happens a while after its response.
async fn act(world: &World, action: &str) -> InvokeOutput {
    let done = invoke(world, json!({ "do": action })).await.unwrap();
    for _ in 0..6000 {
        if world.cloud.functions.pool.running.available_permits() == environment_limit() {
            return done;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{action} does not end");
}

fn payload(invocation: &InvokeOutput) -> Value {
    serde_json::from_slice(&invocation.payload).unwrap()
}

fn is_running(pid: &Value) -> bool {
    // Ignore zombies: processes that were killed, but not waited for yet.
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with('Z'))
}

async fn has_ended(pid: &Value) {
    // On a busy machine this takes a while.
    for _ in 0..6000 {
        if !is_running(pid) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("process {pid} is still running");
}

fn messages(world: &World) -> Vec<String> {
    let streams = world.cloud.functions.log_events(REGION, LOG_GROUP);
    streams.into_values().flatten().map(|event| event.message).collect()
}

fn environments(dir: &Path) -> usize {
    std::fs::read_dir(dir.join("environments")).map_or(0, Iterator::count)
}

/// Waits until no environment is left. One that was slow to poll again ends shortly after its caller got the result.
async fn no_environments(world: &World) {
    for _ in 0..6000 {
        if environments(world.dir.path()) == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} environments are left", environments(world.dir.path()));
}
