//! The state on disk: one JSON file, replaced atomically, and a folder of blobs by SHA-256.
//!
//! Every mutation goes through [`Store::write`]: it runs on a copy, which becomes the state only when the closure
//! returned `Ok` and the copy is safely on disk. So an error changes nothing, and an acknowledged write survives a
//! kill. Zip files are blobs, never part of the state.
//!
//! The file begins with the SHA-256 of the state in it, so that a byte that has changed is noticed where it still makes
//! JSON. It is written, synced, renamed, and its folder synced, before a write is acknowledged: neither a kill nor a
//! loss of power loses one, as far as the disk keeps what it says that it has. What is damaged or gone is refused,
//! never replaced.

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
use self::files::sync_above;
pub(crate) use self::files::{CREDENTIALS, make_dir, replace_file};
use crate::state::State;

/// The state in memory and on disk.
#[derive(Debug)]
pub(crate) struct Store {
    dir: PathBuf,
    state: RwLock<State>,
    /// Held while a blob is written: two writers of one blob would share a temporary file.
    blobs: Mutex<()>,
}

impl Store {
    /// Opens the state in `dir` (made with mode 0700 when absent), or starts an empty account there.
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
            return Err(damaged(dir, &path, "it is gone".to_owned()));
        }
        let state = RwLock::new(found.unwrap_or_else(|| State::new(account_id)));
        let store = Self { dir: dir.to_owned(), state, blobs: Mutex::new(()) };
        if is_new {
            store.read(|state| store.persist(state))?;
            sync_above(dir);
        }
        Ok(store)
    }

    /// Runs `look` on the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Runs `change` on a copy of the state; keeps the copy, on disk and in memory, only when it returned `Ok`.
    pub(crate) fn write<T, E: From<StoreError>>(
        &self,
        change: impl FnOnce(&mut State) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = state.clone();
        let answer = change(&mut next)?;
        self.persist(&next)?;
        *state = next;
        Ok(answer)
    }

    /// Keeps a blob; returns the lower-case hex SHA-256 under which [`Self::blob_path`] finds it.
    pub(crate) fn put_blob(&self, bytes: &[u8]) -> Result<String, StoreError> {
        let name = digest(bytes);
        let path = self.blob_path(&name);
        let _writing = self.blobs.lock().unwrap_or_else(PoisonError::into_inner);
        if !path.exists() {
            replace_file(&path, bytes)?;
        }
        Ok(name)
    }

    /// Where the blob of that SHA-256 is.
    pub(crate) fn blob_path(&self, sha256_hex: &str) -> PathBuf {
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

    /// Looks at the zips that the state refers to, so that one that is lost or damaged is told at the start and not by
    /// an invocation.
    pub(crate) fn check_blobs(&self) -> Result<(), StoreError> {
        for name in self.read(State::blobs) {
            let path = self.blob_path(&name);
            match digest_of(&path) {
                Ok(digest) if digest == name => {}
                Ok(_) => {
                    return Err(damaged(&self.dir, &path, "a function's code is not what was uploaded".to_owned()));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    return Err(damaged(&self.dir, &path, "a function's code is gone".to_owned()));
                }
                Err(source) => return Err(StoreError::Io { action: "reading", path, source }),
            }
        }
        Ok(())
    }
}

/// The state's file in its folder.
const FILE: &str = "state.json";

fn damaged(dir: &Path, path: &Path, reason: String) -> StoreError {
    let instead = format!("{} to begin with an empty cloud", dir.display());
    StoreError::Damaged { path: path.to_owned(), reason, instead }
}

/// The file around the state: `{"sha256": "<64 digits>", "state": {…}}`, spelt just so.
const HEAD: &str = "{\"sha256\": \"";
const MIDDLE: &str = "\", \"state\": ";
const TAIL: &str = "}\n";

fn seal(text: &str) -> String {
    format!("{HEAD}{}{MIDDLE}{text}{TAIL}", digest(text.as_bytes()))
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Of a file that may be too long to hold.
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

/// Where it went wrong, without the text around it, which may be secret.
fn describe(error: &serde_json::Error) -> String {
    format!("no state at line {} column {}", error.line(), error.column())
}

/// The state in the file's bytes, or what is wrong with them.
fn parse(bytes: &[u8]) -> Result<State, String> {
    let inner = |bytes| str::from_utf8(bytes).ok()?.strip_prefix(HEAD)?.strip_suffix(TAIL)?.split_once(MIDDLE);
    let (sum, text) = inner(bytes).ok_or("it does not begin or end as one")?;
    if digest(text.as_bytes()) != sum {
        return Err("its checksum is another".to_owned());
    }
    // A newer version may have what this one cannot read.
    let of = serde_json::from_str::<Versioned>(text).map_err(|error| describe(&error))?;
    if of.version != State::VERSION {
        return Err(format!("version {} where {} was expected", of.version, State::VERSION));
    }
    serde_json::from_str(text).map_err(|error| describe(&error))
}

#[derive(Deserialize)]
struct Versioned {
    version: u32,
}
