//! Errors of reading and writing the state.

use std::{io, path::PathBuf};

/// The state cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file system operation failed.
    #[error("{action} {path}: {source}")]
    Io {
        /// The operation, such as `reading`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is damaged or has another version. It is left unchanged.
    #[error(
        "reading {path}: the file is damaged or of another version: {reason}; put back a copy of it, or remove {instead}"
    )]
    Damaged {
        /// The damaged or missing file.
        path: PathBuf,
        /// The problem with the file.
        reason: String,
        /// What to remove if there is no copy, and the effect of that.
        instead: String,
    },
}
