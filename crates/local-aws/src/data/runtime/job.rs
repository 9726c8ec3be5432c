//! One invocation from its acceptance to its end: a warm environment or a new one, and what becomes of it.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    sync::{OwnedSemaphorePermit, oneshot},
    time::Instant,
};

use super::{
    Invocation, InvokeError, Key, Shared, Slot,
    environment::{After, Environment, StartError},
};
use crate::{
    data::ids,
    server::App,
    state::{State, lambda::Version},
};

/// How long a start may take before it is tried again within the invocation's own time.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// What is known of an invocation before it begins.
pub(super) struct Job {
    pub(super) app: Weak<App>,
    pub(super) shared: Arc<Shared>,
    pub(super) key: Key,
    pub(super) version: Version,
    pub(super) function_arn: String,
    /// `$LATEST` or the version's number.
    pub(super) number: String,
    pub(super) archive: PathBuf,
    pub(super) reserved_concurrency: Option<u32>,
}

impl Job {
    pub(super) fn of(app: &Arc<App>, state: &State, key: &Key, version: &Version) -> Self {
        let function = state.region(&key.0).and_then(|region| region.functions.get(&key.1));
        let published = function.and_then(|function| {
            let same = |(_, other): &(&u64, &Version)| *other == version && function.latest != *version;
            function.versions.iter().find(same).map(|(number, _)| number.to_string())
        });
        let arn = format!("arn:aws:lambda:{}:{}:function:{}", key.0, state.account_id, key.1);
        Self {
            app: Arc::downgrade(app),
            shared: app.fleet.shared.clone(),
            key: key.clone(),
            version: version.clone(),
            function_arn: function.map_or(arn, |function| function.arn.clone()),
            number: published.unwrap_or_else(|| "$LATEST".to_owned()),
            archive: app.store.blob_path(&version.code_sha256_hex),
            reserved_concurrency: function.and_then(|function| function.reserved_concurrency),
        }
    }

    /// Where its log goes.
    pub(super) fn log_group(&self) -> String {
        self.version.log_group.clone().unwrap_or_else(|| format!("/aws/lambda/{}", self.key.1))
    }

    /// All variables that the function sees: those that it may replace, its own, those that it may not. Nothing of
    /// this process's environment, so none of the user's credentials, and none of the local cloud's either.
    pub(super) fn variables(&self, api: &str, task_root: &Path, stream: &str) -> Vec<(String, String)> {
        let (region, name) = &self.key;
        let task_root = task_root.to_string_lossy();
        let (memory, group) = (self.version.memory_mb.to_string(), self.log_group());
        let own = self.version.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let first = [("LANG", "en_US.UTF-8"), ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"), ("TZ", ":UTC")];
        let last = [
            ("AWS_DEFAULT_REGION", region.as_str()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
            ("AWS_LAMBDA_FUNCTION_NAME", name),
            ("AWS_LAMBDA_FUNCTION_VERSION", &self.number),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_FORMAT", &self.version.log_format),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &group),
            ("AWS_LAMBDA_LOG_STREAM_NAME", stream),
            ("AWS_LAMBDA_RUNTIME_API", api),
            ("AWS_REGION", region),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LAMBDA_TASK_ROOT", &task_root),
            ("_HANDLER", &self.version.handler),
        ];
        let all = first.into_iter().chain(own).chain(last);
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.version.timeout_s))
    }
}

/// Runs it to its end, whether or not somebody still waits for `answer`.
pub(super) async fn run(
    job: Job,
    slot: Slot,
    permit: OwnedSemaphorePermit,
    payload: Bytes,
    answer: oneshot::Sender<Result<Invocation, InvokeError>>,
) {
    let request_id = ids::uuid();
    let (warm, generation) = job.shared.take_idle(&job.key, &job.version);
    let (mut environment, deadline) = match warm {
        Some(environment) => (environment, Instant::now() + job.timeout()),
        None => match start(&job, &request_id).await {
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
        // It is the function that is slow to come back, and not its caller who still uses the place.
        drop(slot);
        let _ = answer.send(Ok(served.invocation));
        let left = deadline.saturating_duration_since(Instant::now());
        if environment.settle(asked, left).await == After::Warm {
            job.shared.keep(&job.key, generation, environment);
        }
        drop(permit);
        return;
    }
    // Free before the caller knows, who may come back at once.
    if served.state == After::Warm {
        job.shared.keep(&job.key, generation, environment);
    } else {
        drop(environment);
    }
    drop((slot, permit));
    let _ = answer.send(Ok(served.invocation));
}

/// Starts an environment: within the ten seconds that Lambda gives, and if that fails once more as part of the
/// invocation, on the function's own time.
async fn start(job: &Job, request_id: &str) -> Result<(Environment, Instant), Result<Invocation, InvokeError>> {
    job.shared.make_room();
    match Environment::start(job, request_id, INIT_LIMIT).await {
        Ok(environment) => return Ok((environment, Instant::now() + job.timeout())),
        Err(StartError::BadCode(reason)) => return Err(Err(InvokeError::BadCode(reason))),
        Err(StartError::Init(_)) => {}
    }
    let begun = Instant::now();
    match Environment::start(job, request_id, job.timeout()).await {
        Ok(environment) => Ok((environment, begun + job.timeout())),
        Err(StartError::BadCode(reason)) => Err(Err(InvokeError::BadCode(reason))),
        Err(StartError::Init(failed)) => Err(Ok(failed.told(job, request_id, begun.elapsed()))),
    }
}
