//! A log file that does not grow without an end: at its limit it is copied to the one before, and begins anew.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::private_file;

/// Bytes of one file; two of them are kept.
pub const LIMIT: u64 = 8 * 1024 * 1024;

/// Appends to a file, 0600.
#[derive(Debug)]
pub struct Rotating {
    path: PathBuf,
    limit: u64,
    file: File,
    size: u64,
}

/// Where the lines before those in the file are.
pub fn before(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".1");
    path.with_file_name(name)
}

impl Rotating {
    /// Goes on in a file, or begins it.
    pub fn open(path: &Path, limit: u64) -> io::Result<Self> {
        let file = private_file::append(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), limit, file, size })
    }
}

impl Write for Rotating {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len() as u64;
        if self.size > 0 && self.size + length > self.limit {
            // Copied and not renamed: what a panic says comes to the same file by another descriptor, the process's stderr.
            fs::copy(&self.path, before(&self.path))?;
            self.file.set_len(0)?;
            self.size = 0;
        }
        // A line is written whole, so that none is torn by the change of files.
        self.file.write_all(bytes)?;
        self.size += length;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn two_files_hold_the_last_lines_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("server.log");
        let mut log = Rotating::open(&path, 100).unwrap();
        let mut stderr = private_file::append(&path).unwrap();
        for number in 0..50 {
            log.write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        drop(log);
        let mut log = Rotating::open(&path, 100).unwrap();
        log.write_all(b"the last line\n").unwrap();
        stderr.write_all(b"thread 'main' panicked\n").unwrap();
        let text = |path: &Path| fs::read_to_string(path).unwrap();
        let kept = text(&before(&path)) + &text(&path);
        assert!(text(&path).len() <= 130 && text(&before(&path)).len() <= 100);
        assert!(kept.ends_with("line 48\nline 49\nthe last line\nthread 'main' panicked\n"), "{kept}");
        use std::os::unix::fs::PermissionsExt as _;
        for file in [&path, &before(&path)] {
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
