//! All functions of the cloud: runs invocations, and stops idle environments.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    time::Duration,
};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{
    host::Host,
    invocation::{InvokeError, InvokeOutput},
    job::Job,
    pool::Pool,
    run,
};
use crate::{
    state::{lambda::Version, logs::LogEvent},
    store::Store,
};

/// How long an idle environment stays warm.
const MAX_IDLE: Duration = Duration::from_secs(300);

/// The functions of a store. Dropping it kills all their processes.
pub(crate) struct Functions {
    pub(super) pool: Arc<Pool>,
    host: Arc<Host>,
}

impl Functions {
    pub(crate) fn new(store: Arc<Store>) -> Self {
        let host = Arc::new(Host::new(store));
        Self { pool: Arc::new(Pool::new(host.clone())), host }
    }

    /// Kills processes that a crashed server left behind, and starts the task that stops idle environments. The server
    /// calls this at its start, and so does every invocation; only the first call has an effect. Needs a Tokio runtime.
    pub(crate) fn open(&self) {
        if self.host.open() {
            tokio::spawn(stop_idle(Arc::downgrade(&self.pool)));
        }
    }

    /// Runs one invocation of `version` of the function `name` in `region`, in a warm environment or a new one.
    ///
    /// A started invocation continues if this future is dropped, as on AWS when API Gateway stops waiting.
    pub(crate) async fn invoke(
        &self,
        region: &str,
        name: &str,
        version: &Version,
        payload: Bytes,
    ) -> Result<InvokeOutput, InvokeError> {
        self.open();
        let key = (region.to_owned(), name.to_owned());
        let job = Job::new(&self.host.store, &key, version);
        let slot = self.pool.take_slot(&key, job.reserved_concurrency)?;
        let permit = self.pool.running.clone().acquire_owned().await.map_err(|_| InvokeError::stopping())?;
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(run::run(self.pool.clone(), job, slot, permit, payload, sender));
        receiver.await.unwrap_or_else(|_| Err(InvokeError::stopping()))
    }

    /// Stops the environments of a function that was changed or deleted: idle ones now, busy ones after their
    /// invocation.
    pub(crate) fn retire(&self, region: &str, name: &str) {
        self.pool.retire(&(region.to_owned(), name.to_owned()));
    }

    /// Kills all processes. Later invocations are refused.
    pub(crate) fn shutdown(&self) {
        self.pool.shutdown();
    }

    /// The events of a log group by stream, oldest first.
    pub(crate) fn log_events(&self, region: &str, group: &str) -> BTreeMap<String, Vec<LogEvent>> {
        self.host.logs.events(region, group)
    }

    /// Deletes the events of a log group.
    pub(crate) fn delete_log_events(&self, region: &str, group: &str) {
        self.host.logs.delete(region, group);
    }
}

impl Drop for Functions {
    fn drop(&mut self) {
        self.shutdown();
    }
}

async fn stop_idle(pool: Weak<Pool>) {
    let mut ticks = tokio::time::interval(MAX_IDLE / 20);
    loop {
        ticks.tick().await;
        let Some(pool) = pool.upgrade() else { return };
        pool.stop_idle_for(MAX_IDLE);
    }
}
