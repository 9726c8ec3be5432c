//! Files in the server's folder: for this user alone, and whole or absent.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use super::error::StoreError;

/// Where the server's credentials are. The state is written before them: where they are, it was there.
pub(crate) const CREDENTIALS: &str = "credentials.json";

/// Makes a folder, and those above it, for this user alone.
pub(crate) fn make_dir(path: &Path) -> Result<(), StoreError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| StoreError::Io {
        action: "creating",
        path: path.to_owned(),
        source,
    })
}

/// Makes what is new of the folders above last as well. They may not be ours to open, and then nobody has just made
/// them.
pub(super) fn sync_above(dir: &Path) {
    let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.to_owned());
    for above in dir.ancestors().skip(1).take(2) {
        let _ = File::open(above).and_then(|folder| folder.sync_all());
    }
}

/// Writes beside the target, syncs, renames, and syncs the folder, so a reader sees the old bytes or the new ones.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension("new");
    let write = || -> io::Result<()> {
        // What a write that was broken off has left has modes of its own, and may be a link.
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
