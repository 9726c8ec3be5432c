//! One execution environment: an unpacked function, its process, its Runtime API and its log stream.

use std::{io, path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use bytes::Bytes;
use time::{format_description::BorrowedFormatItem, macros::format_description};
use tokio::{
    process::Command,
    sync::{oneshot, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{
    api::{FunctionResult, MAX_RESPONSE, PendingInvocation, RuntimeApi},
    child::{Process, ProcessOptions, exited_with},
    host::Host,
    invocation::InvokeOutput,
    job::Job,
    process,
    report::{self, Failure, Report},
    sink::Sink,
    unpack::{remove, unpack},
};
use crate::{clock, random, state::lambda::Version, store::make_dir};

/// How long a response is held back until the function polls again: only then is its log complete.
const READY_WAIT: Duration = Duration::from_millis(50);

/// The date at the start of a log stream's name: `2026/07/02`.
const LOG_STREAM_DATE: &[BorrowedFormatItem<'_>] = format_description!("[year]/[month]/[day]");

/// A started environment. Dropping it kills its processes and removes its files.
pub(super) struct Environment {
    parts: Parts,
    api: RuntimeApi,
    process: Process,
    function_arn: String,
    number: String,
    /// The duration of the start, reported with the first invocation.
    init: Option<Duration>,
}

/// The parts of an environment that exist before its process.
struct Parts {
    id: String,
    folder: PathBuf,
    version: Version,
    host: Arc<Host>,
    sink: Arc<Sink>,
}

/// Why an environment could not be started.
pub(super) enum StartError {
    /// The code could not be unpacked.
    BadCode(String),
    /// The process failed before its first poll.
    Init(Box<InitFailure>),
}

/// A failed start. It becomes the result of the invocation that waited for it.
pub(super) struct InitFailure {
    failure: Failure,
    /// The runtime's own error document, when it reported one.
    document: Option<Bytes>,
    sink: Arc<Sink>,
    memory_kb: u64,
}

/// The result of an invocation.
pub(super) struct Served {
    pub(super) output: InvokeOutput,
    /// Whether the environment can handle the next one.
    pub(super) state: Readiness,
}

/// Whether an environment can handle another invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readiness {
    /// It has polled for the next invocation.
    Ready,
    /// It has responded, but not polled again yet.
    Busy,
    /// It has failed and must be killed.
    Failed,
}

impl Environment {
    /// Unpacks the function, starts its process, and waits at most `limit` for its first poll.
    pub(super) async fn start(
        host: &Arc<Host>,
        job: &Job,
        request_id: &str,
        limit: Duration,
    ) -> Result<Self, StartError> {
        let parts = Parts::unpack(host, job).await.map_err(StartError::BadCode)?;
        let internal = |error: io::Error| StartError::BadCode(format!("opening the runtime API: {error}"));
        let api = RuntimeApi::listen().await.map_err(internal)?;
        let failed = |failure: Failure, document, memory_kb| {
            StartError::Init(Box::new(InitFailure { failure, document, sink: parts.sink.clone(), memory_kb }))
        };
        let process = match parts.spawn(job, &api).await {
            Ok(process) => process,
            Err(reason) => return Err(failed(Failure::entrypoint(request_id, &reason), None, 0)),
        };
        let begun = Instant::now();
        let mut polls = api.polls();
        let mut init_error = api.init_error();
        let mut exit = process.exit.clone();
        let outcome = tokio::select! {
            biased;
            () = polled_again(&mut polls, 0) => Ok(()),
            document = reported(&mut init_error) => {
                Err((Failure::exited(request_id, Some("exit status 1")), document))
            }
            exit = exited_with(&mut exit) => Err((Failure::ended(request_id, exit), None)),
            () = sleep(limit) => Err((Failure::timed_out(request_id, job.version.timeout_s), None)),
        };
        if let Err((failure, document)) = outcome {
            let memory = process.group.memory_kb().peak;
            process.kill().await;
            return Err(failed(failure, document, memory));
        }
        let (function_arn, number) = (job.function_arn.clone(), job.number.clone());
        Ok(Self { parts, api, process, function_arn, number, init: Some(begun.elapsed()) })
    }

    /// The version that it runs.
    pub(super) fn version(&self) -> &Version {
        &self.parts.version
    }

    /// Whether its process still runs.
    pub(super) fn is_alive(&self) -> bool {
        self.process.group.is_alive()
    }

    /// Runs one invocation, at most until `deadline`.
    pub(super) async fn serve(&mut self, request_id: &str, payload: Bytes, deadline: Instant) -> Served {
        let init = self.init.take();
        let sink = self.parts.sink.clone();
        let version = &self.parts.version;
        let json = version.log_format == "JSON";
        sink.clear_tail();
        sink.line(&report::start_line(json, request_id, &self.number));
        let begun = Instant::now();
        let left = u64::try_from(deadline.saturating_duration_since(begun).as_millis()).unwrap_or(u64::MAX);
        let (result, reported) = oneshot::channel();
        let mut polls = self.api.polls();
        let polled = *polls.borrow_and_update();
        self.api
            .send(PendingInvocation {
                request_id: request_id.to_owned(),
                deadline_ms: clock::now_ms().saturating_add(left),
                function_arn: self.function_arn.clone(),
                trace_id: format!("{};Parent={};Sampled=0", random::trace_id(clock::now_s()), random::segment_id()),
                payload,
                result,
            })
            .await;
        let mut exit = self.process.exit.clone();
        let outcome = tokio::select! {
            biased;
            Ok(result) = reported => match result {
                FunctionResult::Response(payload) => Ok((payload, None)),
                FunctionResult::Error(document) => Ok((document, Some("Unhandled"))),
                FunctionResult::TooLarge => Err((Failure::too_large(request_id, MAX_RESPONSE), false)),
            },
            exit = exited_with(&mut exit) => Err((Failure::ended(request_id, exit), true)),
            () = sleep_until(deadline) => Err((Failure::timed_out(request_id, version.timeout_s), true)),
        };
        let duration = begun.elapsed();
        let memory = self.process.group.memory_kb().peak;
        let state = match &outcome {
            Err((_, true)) => {
                self.process.kill().await;
                Readiness::Failed
            }
            _ => self.wait_until_ready(polled, READY_WAIT).await,
        };
        let failure = outcome.as_ref().err().map(|(failure, _)| failure);
        if let Some(failure) = failure {
            sink.line(&failure.line);
        }
        let memory_mb = version.memory_mb;
        let figures = Report { request_id, duration, init, memory_mb, max_memory_kb: memory, failure };
        for line in report::end_lines(json, &figures) {
            sink.line(&line);
        }
        let log_tail = sink.tail();
        let (payload, function_error) = match outcome {
            Ok(result) => result,
            Err((failure, _)) => (Bytes::from(failure.document()), Some("Unhandled")),
        };
        Served { output: InvokeOutput { payload, function_error, log_tail }, state }
    }

    /// How often the function has polled so far.
    pub(super) fn polls(&self) -> u64 {
        *self.api.polls().borrow()
    }

    /// Waits at most `limit` for the next poll, after the first `polled` ones.
    pub(super) async fn wait_until_ready(&self, polled: u64, limit: Duration) -> Readiness {
        let mut polls = self.api.polls();
        let mut exit = self.process.exit.clone();
        tokio::select! {
            biased;
            () = polled_again(&mut polls, polled) => {
                // Everything that it wrote before the poll is in the pipe. Let the woken reader run.
                tokio::task::yield_now().await;
                Readiness::Ready
            }
            _ = exited_with(&mut exit) => Readiness::Failed,
            () = sleep(limit) => Readiness::Busy,
        }
    }
}

impl InitFailure {
    /// The result of the invocation that waited for the start.
    pub(super) fn report(self, job: &Job, request_id: &str, duration: Duration) -> InvokeOutput {
        let json = job.version.log_format == "JSON";
        self.sink.line(&report::start_line(json, request_id, &job.number));
        self.sink.line(&self.failure.line);
        let memory_mb = job.version.memory_mb;
        let failure = Some(&self.failure);
        let figures = Report { request_id, duration, init: None, memory_mb, max_memory_kb: self.memory_kb, failure };
        for line in report::end_lines(json, &figures) {
            self.sink.line(&line);
        }
        let payload = self.document.unwrap_or_else(|| Bytes::from(self.failure.document()));
        InvokeOutput { payload, function_error: Some("Unhandled"), log_tail: self.sink.tail() }
    }
}

impl Parts {
    async fn unpack(host: &Arc<Host>, job: &Job) -> Result<Self, String> {
        let root = host.root().ok_or("the local cloud is stopping")?;
        let id = random::uuid();
        let folder = root.join(&id);
        let stream =
            format!("{}/[{}]{}", clock::format(clock::now_ms(), LOG_STREAM_DATE), job.number, id.replace('-', ""));
        let sink = Sink::new(host.clone(), &job.key.0, &job.log_group(), stream);
        let host = host.clone();
        let parts = Self { id, folder, version: job.version.clone(), host, sink: Arc::new(sink) };
        let (archive, folder, into) = (job.archive.clone(), parts.folder.clone(), parts.task_root());
        let unpacked = tokio::task::spawn_blocking(move || {
            // The files in it have the same modes as on Lambda. No other user can enter this folder.
            make_dir(&folder).map_err(|error| error.to_string())?;
            unpack(&archive, &into)
        });
        unpacked.await.map_err(|error| format!("unpacking the zip: {error}"))??;
        Ok(parts)
    }

    fn task_root(&self) -> PathBuf {
        self.folder.join("task")
    }

    async fn spawn(&self, job: &Job, api: &RuntimeApi) -> Result<Process, String> {
        let bootstrap = self.task_root().join("bootstrap");
        if !bootstrap.is_file() {
            return Err("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]".to_owned());
        }
        let mut command = Command::new(&bootstrap);
        command
            .env_clear()
            .envs(job.variables(&api.address(), &self.task_root(), self.sink.stream()))
            .current_dir(self.task_root())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let options = ProcessOptions { folder: &self.folder, memory_mb: self.version.memory_mb, sink: &self.sink };
        let process = Process::start(command, &options).await.map_err(|error| {
            let what = match error.raw_os_error() {
                Some(8) => "exec format error".to_owned(),
                Some(13) => "permission denied".to_owned(),
                Some(2) => "no such file or directory".to_owned(),
                _ => error.to_string(),
            };
            format!("fork/exec /var/task/bootstrap: {what}")
        })?;
        if !self.host.register(&self.id, &process.group) {
            process.group.kill();
        }
        Ok(process)
    }
}

impl Drop for Parts {
    fn drop(&mut self) {
        if let Some(group) = self.host.unregister(&self.id) {
            group.kill();
            // A child that started its own session is no longer in the process group.
            process::kill_strays(&self.folder);
        }
        remove(&self.folder);
    }
}

async fn polled_again(polls: &mut watch::Receiver<u64>, polled: u64) {
    let _ = polls.wait_for(|polls| *polls > polled).await;
}

async fn reported(error: &mut watch::Receiver<Option<Bytes>>) -> Option<Bytes> {
    error.wait_for(Option::is_some).await.ok().and_then(|document| document.clone())
}
