//! Why the state cannot be read or written.

use std::{io, path::PathBuf};

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
    /// The file is not what this build has written. It is left as it is.
    #[error(
        "reading {path}: the file is damaged or of another version: {reason}; put back a copy of it, or remove {instead}"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
        /// What to remove instead, and what comes of it.
        instead: String,
    },
}
