//! What all environments share: their folder, their processes, and their logs.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use super::{
    log_store::LogStore,
    process::{self, ProcessGroup},
};
use crate::store::Store;

/// The state that all environments share.
pub(super) struct Host {
    pub(super) store: Arc<Store>,
    pub(super) logs: LogStore,
    /// The folder of the environments, set at the first use.
    root: OnceLock<PathBuf>,
    processes: Mutex<Processes>,
}

#[derive(Default)]
struct Processes {
    /// Process groups by environment id, idle and busy.
    groups: BTreeMap<String, Arc<ProcessGroup>>,
    stopped: bool,
}

impl Host {
    pub(super) fn new(store: Arc<Store>) -> Self {
        let logs = LogStore::new(store.dir());
        Self { store, logs, root: OnceLock::new(), processes: Mutex::default() }
    }

    /// Kills and removes what a crashed server left behind. Only the first call has an effect, and returns true.
    pub(super) fn open(&self) -> bool {
        let mut first = false;
        self.root.get_or_init(|| {
            first = true;
            // Make the path absolute: functions run in another working directory.
            let dir = self.store.dir();
            let root = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()).join("environments");
            process::kill_strays(&root);
            let _ = fs::remove_dir_all(&root);
            root
        });
        first
    }

    /// The folder of the environments; `None` before [`Self::open`].
    pub(super) fn root(&self) -> Option<&PathBuf> {
        self.root.get()
    }

    /// Registers an environment's process group. Returns false if the server is stopping.
    pub(super) fn register(&self, id: &str, group: &Arc<ProcessGroup>) -> bool {
        let mut processes = self.lock();
        processes.groups.insert(id.to_owned(), group.clone());
        !processes.stopped
    }

    pub(super) fn unregister(&self, id: &str) -> Option<Arc<ProcessGroup>> {
        self.lock().groups.remove(id)
    }

    /// Kills all processes and removes their files. No process group can be registered afterwards.
    pub(super) fn shutdown(&self) {
        let groups: Vec<_> = {
            let mut processes = self.lock();
            processes.stopped = true;
            processes.groups.values().cloned().collect()
        };
        for group in groups {
            group.kill();
        }
        if let Some(root) = self.root.get() {
            process::kill_strays(root);
            // The remaining files belong to processes that were just killed.
            let _ = fs::remove_dir_all(root);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Processes> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
