//! Unpacks a function's zip for one environment.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::Path,
};

use zip::ZipArchive;

/// The most bytes that a function may unpack to.
pub(crate) const MAX_UNZIPPED: u64 = 262_144_000;
/// The most files in a zip. AWS documents no limit; this one stops a hostile zip from using up all inodes.
const MAX_FILES: usize = 100_000;

/// Unpacks the zip at `archive` into the new folder `into`. The error says why the code is not accepted.
///
/// Refuses links, and names outside of the folder. Of a file's mode, only the executable bit is kept.
pub(crate) fn unpack(archive: &Path, into: &Path) -> Result<(), String> {
    let file = File::open(archive).map_err(|error| format!("opening the function's code: {error}"))?;
    let mut archive = ZipArchive::new(io::BufReader::new(file)).map_err(|error| format!("reading the zip: {error}"))?;
    if archive.len() > MAX_FILES {
        return Err(format!("unpacking the zip: {} files are more than the limit of {MAX_FILES}", archive.len()));
    }
    make_dir(into).map_err(|error| format!("creating the environment's folder: {error}"))?;
    let mut remaining = MAX_UNZIPPED;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(|error| format!("reading the zip: {error}"))?;
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let failed = |reason: String| format!("unpacking {name:?}: {reason}");
        let inside =
            entry.enclosed_name().ok_or_else(|| failed("its path is outside the function's folder".to_owned()))?;
        if entry.is_symlink() {
            return Err(failed("symbolic links are not supported".to_owned()));
        }
        let path = into.join(inside);
        if entry.is_dir() {
            make_dir(&path).map_err(|error| failed(error.to_string()))?;
            continue;
        }
        if let Some(parent) = path.parent() {
            make_dir(parent).map_err(|error| failed(error.to_string()))?;
        }
        let executable = entry.unix_mode().is_some_and(|mode| mode & 0o111 != 0);
        let mode = if executable { 0o755 } else { 0o644 };
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .mode(mode)
            .open(&path)
            .map_err(|error| failed(error.to_string()))?;
        // The sizes in the zip's directory cannot be trusted.
        let written =
            io::copy(&mut entry.by_ref().take(remaining + 1), &mut file).map_err(|error| failed(error.to_string()))?;
        remaining = remaining
            .checked_sub(written)
            .ok_or_else(|| format!("unpacking the zip: it unpacks to more than {MAX_UNZIPPED} bytes"))?;
    }
    Ok(())
}

fn make_dir(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o755).create(path)
}

/// Removes the folder that [`unpack`] created.
pub(super) fn remove(folder: &Path) {
    // If this fails, the next start of the server removes it.
    let _ = fs::remove_dir_all(folder);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::{io::Write as _, os::unix::fs::PermissionsExt as _};

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn archive(folder: &Path, entries: &[(&str, u32)]) -> std::path::PathBuf {
        let path = folder.join("code.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        for (name, mode) in entries {
            zip.start_file(*name, SimpleFileOptions::default().unix_permissions(*mode)).unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        path
    }

    #[test]
    fn only_the_executable_bit_of_a_mode_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let zip = archive(folder.path(), &[("bootstrap", 0o4777), ("data/labels.txt", 0o600)]);
        let into = folder.path().join("out");
        unpack(&zip, &into).unwrap();
        let mode = |name: &str| fs::metadata(into.join(name)).unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode("bootstrap"), mode("data/labels.txt")), (0o755, 0o644));
        assert_eq!(fs::read_to_string(into.join("data/labels.txt")).unwrap(), "data/labels.txt");
    }

    #[test]
    fn paths_outside_of_the_folder_are_refused() {
        for name in ["../escaped", "a/../../escaped", "/escaped"] {
            let folder = tempfile::tempdir().unwrap();
            let zip = archive(folder.path(), &[(name, 0o644)]);
            let refused = unpack(&zip, &folder.path().join("out"));
            assert!(!folder.path().join("escaped").exists(), "{name}");
            // The zip crate treats an absolute path as a relative one, which is as safe.
            assert!(refused.is_err() || name.starts_with('/'), "{name}");
        }
    }

    #[test]
    fn links_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        zip.add_symlink("bootstrap", "/bin/sh", SimpleFileOptions::default()).unwrap();
        zip.finish().unwrap();
        assert!(unpack(&path, &folder.path().join("out")).unwrap_err().contains("links"));
    }

    #[test]
    fn a_file_that_is_not_a_zip_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("code.zip");
        fs::write(&path, b"not a zip").unwrap();
        assert!(unpack(&path, &folder.path().join("out")).is_err());
    }
}
