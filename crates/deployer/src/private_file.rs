//! Files and folders that only their owner may read, whatever the umask. Files are written atomically.
//!
//! Other users may be able to write to the folder of deploy.toml. So a file that another user owns, or could have
//! written, is not used: a cached token is stored with the address that it is sent to, and the local cloud's state with
//! code that is run.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use rustix::{fs::OFlags, process::geteuid};

/// The folder next to deploy.toml that holds all our files.
pub const FOLDER: &str = ".deployer";

/// Makes the names of temporary files unique within the process.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Creates a folder, and its missing parents, with mode 0700. An existing folder gets that mode if it is `.deployer` or
/// inside it, and must then belong to the user.
pub fn create_dir(path: &Path) -> io::Result<()> {
    let mut folders: Vec<&Path> = path.ancestors().filter(|folder| !folder.as_os_str().is_empty()).collect();
    folders.reverse();
    let mut ours = false;
    for folder in folders {
        ours |= folder == path || folder.file_name().is_some_and(|name| name == FOLDER);
        match DirBuilder::new().mode(0o700).create(folder) {
            // The umask may have removed even the owner's permissions.
            Ok(()) => fs::set_permissions(folder, Permissions::from_mode(0o700))?,
            Err(_) if folder.is_dir() && !ours => {}
            Err(_) if folder.is_dir() => take(folder)?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Takes over an existing folder. For a symbolic link, both the link and its target must belong to the user.
fn take(folder: &Path) -> io::Result<()> {
    for metadata in [fs::symlink_metadata(folder)?, fs::metadata(folder)?] {
        own(&metadata).map_err(|error| refused(&format!("{}: {error}", folder.display())))?;
    }
    fs::set_permissions(folder, Permissions::from_mode(0o700))
}

/// Writes a file with mode 0600. It replaces an existing file; a symbolic link is replaced itself, not its target.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{}-{number}.tmp", std::process::id()));
    let written =
        create(&temporary).and_then(|mut file| file.write_all(bytes)).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Reads a file that belongs to the user and that nobody else can write to. Its mode becomes 0600.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    // O_NONBLOCK: opening a named pipe must not block.
    let mut file = open(path, OpenOptions::new().read(true), OFlags::NOFOLLOW | OFlags::NONBLOCK)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a file of mode 0600 to append to it; creates it if needed.
pub fn append(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().create(true).append(true).mode(0o600), OFlags::NOFOLLOW | OFlags::NONBLOCK)
}

fn open(path: &Path, options: &mut OpenOptions, flags: OFlags) -> io::Result<File> {
    let file = options.custom_flags(flags.bits().cast_signed()).open(path)?;
    let metadata = file.metadata()?;
    own(&metadata)?;
    if !metadata.is_file() {
        return Err(refused("it is not a file"));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(refused("other users can write to it"));
    }
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

fn own(metadata: &Metadata) -> io::Result<()> {
    if metadata.uid() == geteuid().as_raw() { Ok(()) } else { Err(refused("it belongs to another user")) }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, why)
}

fn create(path: &Path) -> io::Result<File> {
    // A killed process with the same id may have left one.
    let _ = fs::remove_file(path);
    let file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn kind<T>(result: io::Result<T>) -> Option<io::ErrorKind> {
        result.err().map(|error| error.kind())
    }

    /// A file of another user. Root owns every existing one here, so it creates one.
    fn foreign(folder: &Path) -> std::path::PathBuf {
        if !geteuid().is_root() {
            return "/etc/passwd".into();
        }
        let path = folder.join("foreign");
        fs::write(&path, "planted").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        std::os::unix::fs::chown(&path, Some(1), None).unwrap();
        path
    }

    #[test]
    fn only_the_owner_may_read() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("a/b");
        create_dir(&dir).unwrap();
        assert_eq!((mode(&dir), mode(&folder.path().join("a"))), (0o700, 0o700));

        let file = dir.join("secret.json");
        fs::write(&file, "old").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
        write(&file, b"new").unwrap();
        assert_eq!((read(&file).unwrap().as_slice(), mode(&file)), (&b"new"[..], 0o600));

        fs::set_permissions(&dir, Permissions::from_mode(0o755)).unwrap();
        create_dir(&dir).unwrap();
        assert_eq!(mode(&dir), 0o700);
        append(&dir.join("log")).unwrap();
        assert_eq!(mode(&dir.join("log")), 0o600);
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 2, "no temporary file is left");
    }

    #[test]
    fn folders_above_ours_stay_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("project");
        fs::create_dir_all(project.join(FOLDER)).unwrap();
        for path in [&project, &project.join(FOLDER)] {
            fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
        }
        create_dir(&project.join(FOLDER).join("cache")).unwrap();
        assert_eq!((mode(&project), mode(&project.join(FOLDER))), (0o755, 0o700));
        fs::write(project.join("file"), "").unwrap();
        assert!(create_dir(&project.join("file/x")).is_err());
    }

    #[test]
    fn what_others_could_have_written_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token.json");
        write(&path, b"mine").unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(read(&link).is_err() && append(&link).is_err());

        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert_eq!((read(&path).unwrap().as_slice(), mode(&path)), (&b"mine"[..], 0o600));
        for wide in [0o620, 0o602] {
            fs::set_permissions(&path, Permissions::from_mode(wide)).unwrap();
            assert_eq!(kind(read(&path)), Some(io::ErrorKind::PermissionDenied));
        }
        assert_eq!(kind(read(&foreign(folder.path()))), Some(io::ErrorKind::PermissionDenied));
        assert!(read(folder.path()).is_err());
    }

    #[test]
    fn a_link_in_the_way_is_replaced_and_what_it_leads_to_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let (precious, link) = (folder.path().join("precious"), folder.path().join("token.json"));
        fs::write(&precious, "keep").unwrap();
        std::os::unix::fs::symlink(&precious, &link).unwrap();
        write(&link, b"secret").unwrap();
        assert_eq!(fs::read_to_string(&precious).unwrap(), "keep");
        assert_eq!((read(&link).unwrap().as_slice(), mode(&link)), (&b"secret"[..], 0o600));
    }

    #[test]
    fn a_folder_of_another_users_is_refused_and_a_link_of_ones_own_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = folder.path().join("elsewhere");
        fs::create_dir(&elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, folder.path().join(FOLDER)).unwrap();
        create_dir(&folder.path().join(FOLDER).join("cache")).unwrap();
        assert_eq!(mode(&elsewhere.join("cache")), 0o700);

        let theirs = foreign(folder.path());
        let metadata = fs::metadata(&theirs).unwrap();
        assert_eq!(kind(own(&metadata)), Some(io::ErrorKind::PermissionDenied));
        assert!(own(&fs::metadata(folder.path()).unwrap()).is_ok());
    }
}
