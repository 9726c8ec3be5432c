//! Runs one invocation: in a warm environment or a new one, and keeps or drops that afterwards.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, oneshot},
    time::Instant,
};

use super::{
    environment::{Environment, Readiness, StartError},
    invocation::{InvokeError, InvokeOutput},
    job::Job,
    pool::{Pool, Slot},
};
use crate::random;

/// How long a start may take before it is retried as part of the invocation.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// Runs an invocation to its end, whether or not the caller still waits for the result.
pub(super) async fn run(
    pool: Arc<Pool>,
    job: Job,
    slot: Slot,
    permit: OwnedSemaphorePermit,
    payload: Bytes,
    result: oneshot::Sender<Result<InvokeOutput, InvokeError>>,
) {
    let request_id = random::uuid();
    let (warm, generation) = pool.take_idle(&job.key, &job.version);
    let (mut environment, deadline) = match warm {
        Some(environment) => (environment, Instant::now() + job.timeout()),
        None => match start(&pool, &job, &request_id).await {
            Ok(started) => started,
            Err(outcome) => {
                drop((slot, permit));
                let _ = result.send(outcome);
                return;
            }
        },
    };
    let polled = environment.polls();
    let served = environment.serve(&request_id, payload, deadline).await;
    if served.state == Readiness::Busy {
        // The function is slow to poll again; the caller's slot is free already.
        drop(slot);
        let _ = result.send(Ok(served.output));
        let remaining = deadline.saturating_duration_since(Instant::now());
        if environment.wait_until_ready(polled, remaining).await == Readiness::Ready {
            pool.keep(&job.key, generation, environment);
        }
        drop(permit);
        return;
    }
    // Release everything before the caller gets the result: it may send its next request at once.
    if served.state == Readiness::Ready {
        pool.keep(&job.key, generation, environment);
    } else {
        drop(environment);
    }
    drop((slot, permit));
    let _ = result.send(Ok(served.output));
}

/// Starts an environment within Lambda's limit of ten seconds. If that fails, retries once as part of the invocation,
/// within its timeout.
async fn start(
    pool: &Pool,
    job: &Job,
    request_id: &str,
) -> Result<(Environment, Instant), Result<InvokeOutput, InvokeError>> {
    pool.make_room();
    match Environment::start(&pool.host, job, request_id, INIT_LIMIT).await {
        Ok(environment) => return Ok((environment, Instant::now() + job.timeout())),
        Err(StartError::BadCode(reason)) => return Err(Err(InvokeError::BadCode(reason))),
        Err(StartError::Init(_)) => {}
    }
    let begun = Instant::now();
    match Environment::start(&pool.host, job, request_id, job.timeout()).await {
        Ok(environment) => Ok((environment, begun + job.timeout())),
        Err(StartError::BadCode(reason)) => Err(Err(InvokeError::BadCode(reason))),
        Err(StartError::Init(failed)) => Err(Ok(failed.report(job, request_id, begun.elapsed()))),
    }
}
