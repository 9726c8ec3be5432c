//! One invocation from its start to its end: a warm environment or a new one, and what happens to it afterwards.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, oneshot},
    time::Instant,
};

use super::{
    environment::{After, Environment, StartError},
    invocation::{Invocation, InvokeError},
    job::Job,
    pool::{Pool, Slot},
};
use crate::random;

/// How long a start may take before it is tried again within the invocation's own time.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// Runs an invocation to its end, whether or not somebody still waits for `answer`.
pub(super) async fn run(
    pool: Arc<Pool>,
    job: Job,
    slot: Slot,
    permit: OwnedSemaphorePermit,
    payload: Bytes,
    answer: oneshot::Sender<Result<Invocation, InvokeError>>,
) {
    let request_id = random::uuid();
    let (warm, generation) = pool.take_idle(&job.key, &job.version);
    let (mut environment, deadline) = match warm {
        Some(environment) => (environment, Instant::now() + job.timeout()),
        None => match start(&pool, &job, &request_id).await {
            Ok(started) => started,
            Err(outcome) => {
                drop((slot, permit));
                let _ = answer.send(outcome);
                return;
            }
        },
    };
    let asked = environment.polls();
    let served = environment.serve(&request_id, payload, deadline).await;
    if served.state == After::Settling {
        // The function is slow to ask for more work; its caller no longer uses the slot.
        drop(slot);
        let _ = answer.send(Ok(served.invocation));
        let left = deadline.saturating_duration_since(Instant::now());
        if environment.settle(asked, left).await == After::Warm {
            pool.keep(&job.key, generation, environment);
        }
        drop(permit);
        return;
    }
    // Freed before the caller gets the answer: it may send the next request at once.
    if served.state == After::Warm {
        pool.keep(&job.key, generation, environment);
    } else {
        drop(environment);
    }
    drop((slot, permit));
    let _ = answer.send(Ok(served.invocation));
}

/// Starts an environment: within the ten seconds that Lambda gives, and if that fails once more as part of the
/// invocation, on the function's own time.
async fn start(
    pool: &Pool,
    job: &Job,
    request_id: &str,
) -> Result<(Environment, Instant), Result<Invocation, InvokeError>> {
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
