//! A log file of limited size: at the limit it is copied to `<name>.1` and starts again empty.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::private_file;

/// Size limit of one file, in bytes; two files are kept.
pub const LIMIT: u64 = 8 * 1024 * 1024;

/// Appends to a file of mode 0600.
#[derive(Debug)]
pub struct Rotating {
    path: PathBuf,
    limit: u64,
    file: File,
    size: u64,
}

/// The file with the older lines.
pub fn older(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".1");
    path.with_file_name(name)
}

impl Rotating {
    /// Opens the file to append to it; creates it if needed.
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
            // Copied, not renamed: a panic writes to the same file through another descriptor, the process's stderr.
            fs::copy(&self.path, older(&self.path))?;
            self.file.set_len(0)?;
            self.size = 0;
        }
        // Each line is written whole, so that rotation never splits one.
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
        let kept = text(&older(&path)) + &text(&path);
        assert!(text(&path).len() <= 130 && text(&older(&path)).len() <= 100);
        assert!(kept.ends_with("line 48\nline 49\nthe last line\nthread 'main' panicked\n"), "{kept}");
        use std::os::unix::fs::PermissionsExt as _;
        for file in [&path, &older(&path)] {
            assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
