//! The state on disk: one JSON file, replaced atomically, and a folder of blobs by SHA-256.
//!
//! The file begins with the SHA-256 of the state in it, so that a byte that has changed is noticed where it still makes
//! JSON. It is written, synced, renamed, and its folder synced, before a write is acknowledged: neither a kill nor a loss
//! of power loses one. What is damaged is refused, never replaced.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, RwLock},
};

use super::State;

/// Why the state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system refused.
    #[error("{action} {path}: {source}")]
    Io {
        /// What was being done.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The file is not a state that this build understands. It is left as it is.
    #[error(
        "reading {path}: the local cloud's state is damaged or of another version: {reason}; put back a copy of the file, \
         or remove its folder to begin with an empty cloud"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// The state in memory and on disk.
#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    state: RwLock<State>,
    /// Held while a blob is written: two writers of one blob would share a temporary file.
    blobs: Mutex<()>,
}

impl Store {
    /// Opens the state in `dir` (made with mode 0700 when absent), or starts an empty account there.
    pub fn open(dir: &Path, account_id: &str) -> Result<Self, StoreError> {
        make_dir(dir)?;
        make_dir(&dir.join("blobs"))?;
        let path = dir.join("state.json");
        let state = match fs::read(&path) {
            Ok(bytes) => parse(&path, &bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::new(account_id),
            Err(source) => return Err(StoreError::Io { action: "reading", path, source }),
        };
        Ok(Self { dir: dir.to_owned(), state: RwLock::new(state), blobs: Mutex::new(()) })
    }

    /// Runs `look` on the state.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs `change` on a copy of the state; keeps the copy, on disk and in memory, only when it returned `Ok`.
    pub fn write<T, E: From<StoreError>>(&self, change: impl FnOnce(&mut State) -> Result<T, E>) -> Result<T, E> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = state.clone();
        let answer = change(&mut next)?;
        self.persist(&next)?;
        *state = next;
        Ok(answer)
    }

    /// Keeps a blob; returns the lower-case hex SHA-256 under which [`Self::blob_path`] finds it.
    pub fn put_blob(&self, bytes: &[u8]) -> Result<String, StoreError> {
        let name = digest(bytes);
        let path = self.blob_path(&name);
        let _writing = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        if !path.exists() {
            replace_file(&path, bytes)?;
        }
        Ok(name)
    }

    /// Where the blob of that SHA-256 is.
    pub fn blob_path(&self, sha256_hex: &str) -> PathBuf {
        self.dir.join("blobs").join(sha256_hex)
    }

    /// Deletes the blobs that nothing refers to; only before anything runs, for a function's environment may read one.
    pub(crate) fn sweep_blobs(&self) -> Result<(), StoreError> {
        let used = self.read(State::blobs);
        let dir = self.dir.join("blobs");
        let failed = |source| StoreError::Io { action: "clearing", path: dir.clone(), source };
        for entry in fs::read_dir(&dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if !entry.file_name().to_str().is_some_and(|name| used.contains(name)) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// The folder that holds everything.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn persist(&self, state: &State) -> Result<(), StoreError> {
        let path = self.dir.join("state.json");
        let text = serde_json::to_string_pretty(state)
            .map_err(|error| StoreError::Damaged { path: path.clone(), reason: describe(&error) })?;
        replace_file(&path, format!("{HEAD}{}{MIDDLE}{text}{TAIL}", digest(text.as_bytes())).as_bytes())
    }

    /// Finds the zips that the state refers to, so that a lost one is told at the start and not by an invocation.
    pub(crate) fn check_blobs(&self) -> Result<(), StoreError> {
        for name in self.read(State::blobs) {
            let path = self.blob_path(&name);
            if !path.is_file() {
                return Err(StoreError::Damaged { path, reason: "a function's code is gone".to_owned() });
            }
        }
        Ok(())
    }
}

/// The file around the state: `{"sha256": "<64 digits>", "state": {…}}`, spelt just so.
const HEAD: &str = "{\"sha256\": \"";
const MIDDLE: &str = "\", \"state\": ";
const TAIL: &str = "}\n";

/// In lower-case hexadecimal.
fn digest(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where it went wrong, without the text around it, which may be secret.
fn describe(error: &serde_json::Error) -> String {
    format!("no state at line {} column {}", error.line(), error.column())
}

fn parse(path: &Path, bytes: &[u8]) -> Result<State, StoreError> {
    let damaged = |reason: String| StoreError::Damaged { path: path.to_owned(), reason };
    let inner = |bytes: &[u8]| -> Option<(String, String)> {
        let text = str::from_utf8(bytes).ok()?.strip_prefix(HEAD)?.strip_suffix(TAIL)?;
        let (sum, state) = text.split_once(MIDDLE)?;
        Some((sum.to_owned(), state.to_owned()))
    };
    let (sum, text) = inner(bytes).ok_or_else(|| damaged("it does not begin or end as one".to_owned()))?;
    if digest(text.as_bytes()) != sum {
        return Err(damaged("its checksum is another".to_owned()));
    }
    let state: State = serde_json::from_str(&text).map_err(|error| damaged(describe(&error)))?;
    if state.version != State::VERSION {
        return Err(damaged(format!("version {} where {} was expected", state.version, State::VERSION)));
    }
    Ok(state)
}

/// Makes a folder, and those above it, for this user alone.
pub(crate) fn make_dir(path: &Path) -> Result<(), StoreError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| StoreError::Io {
        action: "creating",
        path: path.to_owned(),
        source,
    })
}

/// Writes beside the target, syncs, renames, and syncs the folder, so a reader sees the old bytes or the new ones.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    };
    write().map_err(|source| StoreError::Io { action: "writing", path: path.to_owned(), source })
}
