//! The state on disk: one JSON file, replaced atomically, and a folder of blobs named by their SHA-256.
//!
//! Every change goes through [`Store::write`]. It runs on a copy, which becomes the state only if the closure returns
//! `Ok` and the copy is safely on disk. So an error changes nothing, and an acknowledged write survives a crash. Zip
//! files are blobs, never part of the state.
//!
//! The file begins with the SHA-256 of the state in it, to detect a changed byte even where the JSON stays valid.
//! Before a write is acknowledged, the file is written, synced and renamed, and its folder is synced: no crash or loss
//! of power loses it, if the disk keeps what it reports as written. A damaged or missing file is refused, never
//! replaced.

mod error;
mod files;
#[cfg(test)]
mod tests;

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError, RwLock},
};

use serde::Deserialize;
use sha2::{Digest as _, Sha256};

pub use self::error::StoreError;
use self::files::sync_parents;
pub(crate) use self::files::{CREDENTIALS, make_dir, replace_file};
use crate::state::State;

/// The state in memory and on disk.
#[derive(Debug)]
pub(crate) struct Store {
    dir: PathBuf,
    state: RwLock<State>,
    /// Locked while a blob is written: two writers of the same blob would share a temporary file.
    blobs: Mutex<()>,
}

impl Store {
    /// Opens the state in `dir`, or starts an empty account there. Creates the folder with mode 0700 if it is absent.
    pub(crate) fn open(dir: &Path, account_id: &str) -> Result<Self, StoreError> {
        make_dir(dir)?;
        make_dir(&dir.join("blobs"))?;
        let path = dir.join(FILE);
        let found = match fs::read(&path) {
            Ok(bytes) => Some(parse(&bytes).map_err(|reason| damaged(dir, &path, reason))?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(StoreError::Io { action: "reading", path, source }),
        };
        let is_new = found.is_none();
        if is_new && dir.join(CREDENTIALS).exists() {
            return Err(damaged(dir, &path, "it is missing".to_owned()));
        }
        let state = RwLock::new(found.unwrap_or_else(|| State::new(account_id)));
        let store = Self { dir: dir.to_owned(), state, blobs: Mutex::new(()) };
        if is_new {
            store.read(|state| store.persist(state))?;
            sync_parents(dir);
        }
        Ok(store)
    }

    /// Calls `look` with the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls `change` with a copy of the state, and keeps the copy, on disk and in memory, only if it returns `Ok`.
    pub(crate) fn write<T, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = state.clone();
        let result = change(&mut next)?;
        self.persist(&next)?;
        *state = next;
        Ok(result)
    }

    /// Stores a blob, and returns its SHA-256 in lower-case hex, which is its name.
    pub(crate) fn put_blob(&self, bytes: &[u8]) -> Result<String, StoreError> {
        let name = digest(bytes);
        let path = self.blob_path(&name);
        let _writing = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        if !path.exists() {
            replace_file(&path, bytes)?;
        }
        Ok(name)
    }

    /// The path of the blob with that SHA-256.
    pub(crate) fn blob_path(&self, sha256_hex: &str) -> PathBuf {
        self.dir.join("blobs").join(sha256_hex)
    }

    /// Deletes blobs that the state does not refer to. Call it only before functions run: an environment may be reading
    /// one.
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

    /// The server's folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    fn persist(&self, state: &State) -> Result<(), StoreError> {
        let path = self.dir.join(FILE);
        let text = serde_json::to_string_pretty(state).map_err(|error| StoreError::Io {
            action: "writing",
            path: path.clone(),
            source: error.into(),
        })?;
        replace_file(&path, seal(&text).as_bytes())
    }

    /// Checks the blobs that the state refers to, so that a missing or damaged one fails the start rather than an
    /// invocation.
    pub(crate) fn check_blobs(&self) -> Result<(), StoreError> {
        for name in self.read(State::blobs) {
            let path = self.blob_path(&name);
            match digest_of(&path) {
                Ok(digest) if digest == name => {}
                Ok(_) => {
                    return Err(damaged(
                        &self.dir,
                        &path,
                        "a function's code differs from what was uploaded".to_owned(),
                    ));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(damaged(&self.dir, &path, "a function's code is missing".to_owned()));
                }
                Err(source) => return Err(StoreError::Io { action: "reading", path, source }),
            }
        }
        Ok(())
    }
}

/// The name of the state's file.
const FILE: &str = "state.json";

fn damaged(dir: &Path, path: &Path, reason: String) -> StoreError {
    let instead = format!("{} to start with an empty cloud", dir.display());
    StoreError::Damaged { path: path.to_owned(), reason, instead }
}

/// The format of the file, byte for byte: `{"sha256": "<64 digits>", "state": {…}}`.
const HEAD: &str = "{\"sha256\": \"";
const MIDDLE: &str = "\", \"state\": ";
const TAIL: &str = "}\n";

fn seal(text: &str) -> String {
    format!("{HEAD}{}{MIDDLE}{text}{TAIL}", digest(text.as_bytes()))
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The digest of a file, read in chunks because it may be large.
fn digest_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match file.read(&mut chunk)? {
            0 => return Ok(hex::encode(hasher.finalize())),
            read => hasher.update(&chunk[..read]),
        }
    }
}

/// The position of the error, without the text around it, which may be secret.
fn describe(error: &serde_json::Error) -> String {
    format!("not a valid state at line {} column {}", error.line(), error.column())
}

/// Parses the file, or explains what is wrong with it.
fn parse(bytes: &[u8]) -> Result<State, String> {
    let inner = |bytes| str::from_utf8(bytes).ok()?.strip_prefix(HEAD)?.strip_suffix(TAIL)?.split_once(MIDDLE);
    let (sum, text) = inner(bytes).ok_or("it does not begin and end like a state file")?;
    if digest(text.as_bytes()) != sum {
        return Err("its checksum does not match".to_owned());
    }
    // Check the version first: this build may not be able to parse another one.
    let found = serde_json::from_str::<Versioned>(text).map_err(|error| describe(&error))?;
    if found.version != State::VERSION {
        return Err(format!("it has version {}, expected {}", found.version, State::VERSION));
    }
    serde_json::from_str(text).map_err(|error| describe(&error))
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}
