//! The host of all environments: where they are unpacked, which processes they run, and where their logs go.

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

/// What environments share, apart from the work that they do.
pub(super) struct Host {
    pub(super) store: Arc<Store>,
    pub(super) logs: LogStore,
    /// The folder of the environments. Set at the first use.
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

    /// Ends and removes what a killed server left behind. Only the first call does anything; it returns true.
    pub(super) fn open(&self) -> bool {
        let mut first = false;
        self.root.get_or_init(|| {
            first = true;
            // Functions have another working directory, and their own paths are made from this one.
            let dir = self.store.dir();
            let root = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned()).join("environments");
            process::end_strays(&root);
            let _ = fs::remove_dir_all(&root);
            root
        });
        first
    }

    /// The folder of the environments, once opened.
    pub(super) fn root(&self) -> Option<&PathBuf> {
        self.root.get()
    }

    /// Registers an environment's processes; false when the server is stopping.
    pub(super) fn register(&self, id: &str, group: &Arc<ProcessGroup>) -> bool {
        let mut processes = self.lock();
        processes.groups.insert(id.to_owned(), group.clone());
        !processes.stopped
    }

    pub(super) fn unregister(&self, id: &str) -> Option<Arc<ProcessGroup>> {
        self.lock().groups.remove(id)
    }

    /// Ends all processes and removes their files; none is registered later.
    pub(super) fn shutdown(&self) {
        let groups: Vec<_> = {
            let mut processes = self.lock();
            processes.stopped = true;
            processes.groups.values().cloned().collect()
        };
        for group in groups {
            group.end();
        }
        if let Some(root) = self.root.get() {
            process::end_strays(root);
            // What is still unpacked belongs to processes that have just been killed.
            let _ = fs::remove_dir_all(root);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Processes> {
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
