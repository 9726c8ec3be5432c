//! The pool of environments: keeps idle ones warm, and limits their number.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;

use super::{environment::Environment, host::Host, invocation::InvokeError, job::Key};
use crate::state::lambda::Version;

/// The maximum number of environments: twice the number of processors, at least four.
pub(super) fn environment_limit() -> usize {
    std::thread::available_parallelism().map_or(4, |cores| (cores.get() * 2).max(4))
}

pub(super) struct Pool {
    pub(super) host: Arc<Host>,
    /// One permit for each running invocation.
    pub(super) running: Arc<Semaphore>,
    functions: Mutex<Functions>,
}

#[derive(Default)]
struct Functions {
    by_key: BTreeMap<Key, Function>,
    stopped: bool,
}

#[derive(Default)]
struct Function {
    running: u32,
    /// Incremented when the function is retired. Environments of an older generation are not used again.
    generation: u64,
    idle: Vec<Idle>,
}

struct Idle {
    environment: Environment,
    since: Instant,
}

impl Pool {
    pub(super) fn new(host: Arc<Host>) -> Self {
        Self { host, running: Arc::new(Semaphore::new(environment_limit())), functions: Mutex::default() }
    }

    /// Counts an invocation against the function's reserved concurrency, or refuses it.
    pub(super) fn take_slot(self: &Arc<Self>, key: &Key, reserved: Option<u32>) -> Result<Slot, InvokeError> {
        let mut functions = self.lock();
        let function = functions.by_key.entry(key.clone()).or_default();
        if reserved.is_some_and(|reserved| function.running >= reserved) {
            return Err(InvokeError::Throttled);
        }
        function.running += 1;
        Ok(Slot { pool: self.clone(), key: key.clone() })
    }

    /// A warm environment of exactly this version, and the generation of a new one.
    pub(super) fn take_idle(&self, key: &Key, version: &Version) -> (Option<Environment>, u64) {
        let mut functions = self.lock();
        let Some(function) = functions.by_key.get_mut(key) else { return (None, 0) };
        let fits = |idle: &Idle| idle.environment.version() == version && idle.environment.is_alive();
        // Prefer the one that was used last: it is the warmest.
        let found = function.idle.iter().rposition(fits).map(|at| function.idle.remove(at).environment);
        (found, function.generation)
    }

    /// If the limit is reached, stops the environment that has been idle longest, to make room for a new one.
    pub(super) fn make_room(&self) {
        let ended = {
            let mut functions = self.lock();
            let idle: usize = functions.by_key.values().map(|function| function.idle.len()).sum();
            // The new environment already holds its permit.
            if idle <= self.running.available_permits() {
                return;
            }
            let with_idle = functions.by_key.values_mut().filter(|function| !function.idle.is_empty());
            let oldest = with_idle.min_by_key(|function| function.idle[0].since);
            oldest.map(|function| function.idle.remove(0))
        };
        drop(ended);
    }

    /// Keeps an environment warm, unless its function was retired meanwhile.
    pub(super) fn keep(&self, key: &Key, generation: u64, environment: Environment) {
        let mut functions = self.lock();
        let stopped = functions.stopped;
        if let Some(function) = functions.by_key.get_mut(key)
            && function.generation == generation
            && !stopped
            && environment.is_alive()
        {
            function.idle.push(Idle { environment, since: Instant::now() });
            return;
        }
        drop(functions);
        drop(environment);
    }

    /// Stops idle environments of the function now, and busy ones after their invocation.
    pub(super) fn retire(&self, key: &Key) {
        let idle = {
            let mut functions = self.lock();
            let Some(function) = functions.by_key.get_mut(key) else { return };
            function.generation += 1;
            std::mem::take(&mut function.idle)
        };
        // Stopping an environment takes time, so drop it after unlocking.
        drop(idle);
    }

    /// Stops environments that have been idle for `limit`, and removes those whose process has ended.
    pub(super) fn stop_idle_for(&self, limit: Duration) {
        let ended: Vec<Idle> = {
            let mut functions = self.lock();
            let over = |idle: &mut Idle| idle.since.elapsed() >= limit || !idle.environment.is_alive();
            functions.by_key.values_mut().flat_map(|function| function.idle.extract_if(.., over)).collect()
        };
        drop(ended);
    }

    /// Refuses further invocations, and stops every environment.
    pub(super) fn shutdown(&self) {
        self.running.close();
        let idle: Vec<Idle> = {
            let mut functions = self.lock();
            functions.stopped = true;
            functions.by_key.values_mut().flat_map(|function| std::mem::take(&mut function.idle)).collect()
        };
        drop(idle);
        self.host.shutdown();
    }

    fn lock(&self) -> MutexGuard<'_, Functions> {
        self.functions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running invocation, counted against reserved concurrency until it is dropped.
pub(super) struct Slot {
    pool: Arc<Pool>,
    key: Key,
}

impl Drop for Slot {
    fn drop(&mut self) {
        if let Some(function) = self.pool.lock().by_key.get_mut(&self.key) {
            function.running = function.running.saturating_sub(1);
        }
    }
}
