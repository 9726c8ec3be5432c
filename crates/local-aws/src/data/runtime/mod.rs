//! Lambda's data plane: environments that run the real `bootstrap` under the Runtime API.
//!
//! An environment serves one invocation at a time; a warm one is preferred to a new one. At most
//! [`environment_limit`] of them exist: a laptop is not a Region, and two hundred processes at once would answer later
//! than a queue does. An invocation beyond the limit waits for a free environment, as long as its caller waits. A
//! function's reserved concurrency throttles at once, as on AWS.
//!
//! A function runs as the user who started the server, with a clean environment but no sandbox: it may be trusted as
//! far as any program that this user runs. `/tmp` is the machine's own. It is held to its memory and to a number of
//! processes by being watched, and ends with all that it began.

mod api;
mod child;
mod environment;
mod job;
mod log_book;
mod peer;
mod process;
mod report;
mod sink;
#[cfg(test)]
mod tests;
mod unpack;

#[cfg(fuzzing)]
pub(super) use self::unpack::unpack;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tokio::sync::{Semaphore, oneshot};

use self::{environment::Environment, job::Job, log_book::LogBook, process::ProcessGroup};
use crate::{
    data::Throttle,
    server::App,
    state::{lambda::Version, logs::LogEvent},
};

/// How long an environment stays warm without work.
const IDLE_LIFE: Duration = Duration::from_secs(300);

/// How many environments may exist at once: twice the number of processors, at least four.
fn environment_limit() -> usize {
    std::thread::available_parallelism().map_or(4, |cores| (cores.get() * 2).max(4))
}

/// All running environments, and what they leave behind.
#[derive(Default)]
pub(crate) struct Fleet {
    shared: Arc<Shared>,
    /// Counters of the API endpoint's throttles.
    pub(crate) throttle: Throttle,
}

/// What came of an invocation.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// The function's answer, or its error document.
    pub payload: Bytes,
    /// `Unhandled` when the function failed: crashed, timed out, or reported an error.
    pub function_error: Option<&'static str>,
    /// The last 4 KB of the log of this invocation, `START` to `REPORT`.
    pub log_tail: String,
}

/// Why Lambda itself refused to run it.
#[derive(Debug)]
pub(crate) enum InvokeError {
    /// 429 `TooManyRequestsException`, reason `ReservedFunctionConcurrentInvocationLimitExceeded`.
    Throttled,
    /// 502 `InvalidZipFileException` and the like: code that cannot be unpacked or started.
    BadCode(String),
}

/// Region and name of a function.
type Key = (String, String);

struct Shared {
    fleet: Mutex<State>,
    /// One permit a running invocation.
    running: Arc<Semaphore>,
    logs: LogBook,
    /// Where environments are unpacked. Set with the first use.
    environments: OnceLock<PathBuf>,
}

#[derive(Default)]
struct State {
    functions: BTreeMap<Key, Function>,
    /// Process groups by environment id, idle and busy.
    groups: BTreeMap<String, Arc<ProcessGroup>>,
    stopped: bool,
}

#[derive(Default)]
struct Function {
    running: u32,
    /// Grows with every retirement; an environment of an older one is not used again.
    generation: u64,
    idle: Vec<Idle>,
}

struct Idle {
    environment: Environment,
    since: Instant,
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            fleet: Mutex::default(),
            running: Arc::new(Semaphore::new(environment_limit())),
            logs: LogBook::default(),
            environments: OnceLock::new(),
        }
    }
}

impl Fleet {
    /// Runs one invocation of `version` of the function `name` in `region`, in a warm environment or a new one.
    ///
    /// An invocation that has begun goes on when this future is dropped, as on AWS when API Gateway stops waiting.
    pub(crate) async fn invoke(
        &self,
        app: &Arc<App>,
        region: &str,
        name: &str,
        version: &Version,
        payload: Bytes,
    ) -> Result<Invocation, InvokeError> {
        self.open(app.store.dir());
        let key = (region.to_owned(), name.to_owned());
        let job = app.store.read(|state| Job::of(app, state, &key, version));
        let slot = Slot::take(&self.shared, &key, job.reserved_concurrency)?;
        let permit = self.shared.running.clone().acquire_owned().await.map_err(|_| stopping())?;
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(job::run(job, slot, permit, payload, sender));
        receiver.await.unwrap_or_else(|_| Err(stopping()))
    }

    /// Ends every environment of a function whose code or configuration changed, or that was deleted: idle ones at
    /// once, busy ones after their invocation.
    pub(crate) fn retire(&self, region: &str, name: &str) {
        let idle = {
            let mut fleet = self.shared.lock();
            let Some(function) = fleet.functions.get_mut(&(region.to_owned(), name.to_owned())) else { return };
            function.generation += 1;
            std::mem::take(&mut function.idle)
        };
        // Ending one takes the lock again.
        drop(idle);
    }

    /// Ends all processes; what is invoked later is refused.
    pub(crate) fn shutdown(&self) {
        self.shared.running.close();
        let (idle, groups) = {
            let mut fleet = self.shared.lock();
            fleet.stopped = true;
            let idle: Vec<Idle> =
                fleet.functions.values_mut().flat_map(|function| std::mem::take(&mut function.idle)).collect();
            (idle, fleet.groups.values().cloned().collect::<Vec<_>>())
        };
        drop(idle);
        for group in groups {
            group.end();
        }
        if let Some(environments) = self.shared.environments.get() {
            process::end_strays(environments);
            // What is still unpacked belongs to processes that have just been killed.
            let _ = std::fs::remove_dir_all(environments);
        }
    }

    /// The events of a log group by stream, oldest first.
    pub(crate) fn log_events(&self, store_dir: &Path, region: &str, group: &str) -> BTreeMap<String, Vec<LogEvent>> {
        self.shared.logs.open(store_dir);
        self.shared.logs.events(region, group)
    }

    /// Forgets the events of a log group that was deleted.
    pub(crate) fn delete_log_events(&self, store_dir: &Path, region: &str, group: &str) {
        self.shared.logs.open(store_dir);
        self.shared.logs.delete(region, group);
    }

    /// Clears what a killed server left behind, and begins to end idle environments. Called at the server's start;
    /// what needs it calls it too, and the first call counts.
    pub(crate) fn open(&self, store_dir: &Path) {
        self.shared.logs.open(store_dir);
        self.shared.environments.get_or_init(|| {
            // The functions' own paths are made from it, and they have another working directory.
            let root = std::path::absolute(store_dir).unwrap_or_else(|_| store_dir.to_owned()).join("environments");
            process::end_strays(&root);
            let _ = std::fs::remove_dir_all(&root);
            tokio::spawn(end_idle_ones(Arc::downgrade(&self.shared)));
            root
        });
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        self.shutdown();
    }
}

fn stopping() -> InvokeError {
    InvokeError::BadCode("the local cloud is stopping".to_owned())
}

async fn end_idle_ones(shared: Weak<Shared>) {
    let mut ticks = tokio::time::interval(IDLE_LIFE / 20);
    loop {
        ticks.tick().await;
        let Some(shared) = shared.upgrade() else { return };
        shared.end_idle_for(IDLE_LIFE);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends environments that have had no work for `life`, and those whose process has ended by itself.
    fn end_idle_for(&self, life: Duration) {
        let ended: Vec<Idle> = {
            let mut fleet = self.lock();
            let over = |idle: &mut Idle| idle.since.elapsed() >= life || !idle.environment.is_alive();
            fleet.functions.values_mut().flat_map(|function| function.idle.extract_if(.., over)).collect()
        };
        drop(ended);
    }

    /// A warm environment of that very version, and the generation that a new one would be of.
    fn take_idle(&self, key: &Key, version: &Version) -> (Option<Environment>, u64) {
        let mut fleet = self.lock();
        let Some(function) = fleet.functions.get_mut(key) else { return (None, 0) };
        let fits = |idle: &Idle| idle.environment.version() == version && idle.environment.is_alive();
        // The one that was used last is the warmest.
        let found = function.idle.iter().rposition(fits).map(|at| function.idle.remove(at).environment);
        (found, function.generation)
    }

    /// Makes room for a new environment by ending the one that has been idle longest, when the limit is reached.
    fn make_room(&self) {
        let ended = {
            let mut fleet = self.lock();
            let idle: usize = fleet.functions.values().map(|function| function.idle.len()).sum();
            // The one that is about to start has its permit already.
            if idle <= self.running.available_permits() {
                return;
            }
            let functions = fleet.functions.values_mut().filter(|function| !function.idle.is_empty());
            let oldest = functions.min_by_key(|function| function.idle[0].since);
            oldest.map(|function| function.idle.remove(0))
        };
        drop(ended);
    }

    /// Keeps an environment warm, unless its function was retired meanwhile.
    fn keep(&self, key: &Key, generation: u64, environment: Environment) {
        let mut fleet = self.lock();
        let stopped = fleet.stopped;
        if let Some(function) = fleet.functions.get_mut(key)
            && function.generation == generation
            && !stopped
            && environment.is_alive()
        {
            function.idle.push(Idle { environment, since: Instant::now() });
            return;
        }
        drop(fleet);
        drop(environment);
    }

    /// Enters a process into the register; false when the server is stopping.
    fn register(&self, id: &str, group: &Arc<ProcessGroup>) -> bool {
        let mut fleet = self.lock();
        fleet.groups.insert(id.to_owned(), group.clone());
        !fleet.stopped
    }

    fn unregister(&self, id: &str) -> Option<Arc<ProcessGroup>> {
        self.lock().groups.remove(id)
    }
}

/// One of the invocations that a function has at once. Given back when dropped.
struct Slot {
    shared: Arc<Shared>,
    key: Key,
}

impl Slot {
    fn take(shared: &Arc<Shared>, key: &Key, reserved: Option<u32>) -> Result<Self, InvokeError> {
        let mut fleet = shared.lock();
        let function = fleet.functions.entry(key.clone()).or_default();
        if reserved.is_some_and(|reserved| function.running >= reserved) {
            return Err(InvokeError::Throttled);
        }
        function.running += 1;
        Ok(Self { shared: shared.clone(), key: key.clone() })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(function) = self.shared.lock().functions.get_mut(&self.key) {
            function.running = function.running.saturating_sub(1);
        }
    }
}
