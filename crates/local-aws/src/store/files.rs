//! Files in the server's folder. They are readable by this user only, and are replaced atomically.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use super::error::StoreError;

/// The file of the server's credentials. It is written after the state: if it exists, the state must exist, too.
pub(crate) const CREDENTIALS: &str = "credentials.json";

/// Creates a folder and its parents, readable by this user only.
pub(crate) fn make_dir(path: &Path) -> Result<(), StoreError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| StoreError::Io {
        action: "creating",
        path: path.to_owned(),
        source,
    })
}

/// Syncs the two parent folders, which may be new as well. A parent that we cannot open was not created by us.
pub(super) fn sync_parents(dir: &Path) {
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    for parent in dir.ancestors().skip(1).take(2) {
        let _ = File::open(parent).and_then(|folder| folder.sync_all());
    }
}

/// Writes a temporary file, syncs and renames it, and syncs the folder. A reader sees either the old bytes or the new
/// ones.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension("new");
    let write = || -> io::Result<()> {
        // The rest of an interrupted write may have other permissions, or be a link.
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
    };
    write().map_err(|source| StoreError::Io { action: "writing", path: path.to_owned(), source })
}
