//! Damaged files of every kind are refused by name and left unchanged.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;
use crate::testing::function;

const ACCOUNT: &str = "000000000000";

/// A folder with a state that contains one Region.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(&Store::open(folder.path(), ACCOUNT).unwrap(), "eu-west-1").unwrap();
    folder
}

fn write(store: &Store, region: &str) -> Result<(), StoreError> {
    store.write(|state| {
        state.region_mut(region);
        Ok(())
    })
}

/// The error for a state file with these bytes, which must stay unchanged.
fn error_for(folder: &Path, bytes: &[u8]) -> String {
    let path = folder.join(FILE);
    fs::write(&path, bytes).unwrap();
    let refused = Store::open(folder, ACCOUNT).err().map(|error| error.to_string());
    assert_eq!(fs::read(&path).unwrap(), bytes);
    let message = refused.unwrap_or_else(|| panic!("accepted: {}", String::from_utf8_lossy(bytes)));
    assert!(message.contains("state.json") && message.contains("put back a copy of it, or remove "), "{message}");
    message
}

#[test]
fn a_truncated_state_is_refused() {
    let folder = folder();
    let whole = fs::read(folder.path().join(FILE)).unwrap();
    for length in 0..whole.len() {
        error_for(folder.path(), &whole[..length]);
    }
    fs::write(folder.path().join(FILE), &whole).unwrap();
    assert!(Store::open(folder.path(), ACCOUNT).unwrap().read(|state| state.region("eu-west-1").is_some()));
}

#[test]
fn a_flipped_bit_is_refused() {
    let folder = folder();
    let whole = fs::read(folder.path().join(FILE)).unwrap();
    for bit in 0..whole.len() * 8 {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(parse(&flipped).is_err(), "bit {bit}");
    }
}

#[test]
fn another_version_is_refused_by_its_number() {
    let folder = folder();
    let message = error_for(folder.path(), seal(r#"{"version": 2, "clusters": []}"#).as_bytes());
    assert!(message.contains("it has version 2, expected 1"), "{message}");
}

#[test]
fn an_invalid_state_with_a_valid_checksum_is_refused_without_its_text() {
    let folder = folder();
    for text in ["", "[]", "null", r#"{"version": "secret"}"#, r#"{"version": 1, "account_id": ["secret"]}"#] {
        let message = error_for(folder.path(), seal(text).as_bytes());
        assert!(!message.contains("secret"), "{message}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_refused() {
    let folder = folder();
    let path = folder.path().join(FILE);
    fs::remove_file(&path).unwrap();
    // Not even root can read through a link to itself.
    symlink(&path, &path).unwrap();
    let refused = Store::open(folder.path(), ACCOUNT).unwrap_err();
    assert!(matches!(&refused, StoreError::Io { action: "reading", path: said, .. } if *said == path), "{refused}");
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
}

#[test]
fn a_missing_state_is_not_replaced_by_a_new_one() {
    let folder = folder();
    fs::write(folder.path().join(CREDENTIALS), "{}").unwrap();
    fs::remove_file(folder.path().join(FILE)).unwrap();
    let message = Store::open(folder.path(), ACCOUNT).unwrap_err().to_string();
    assert!(message.contains("it is missing; put back a copy of it"), "{message}");
    assert!(!folder.path().join(FILE).exists());
}

#[test]
fn missing_or_changed_function_code_is_refused() {
    let folder = folder();
    let store = Store::open(folder.path(), ACCOUNT).unwrap();
    let name = store.put_blob(b"the code").unwrap();
    let written: Result<(), StoreError> = store.write(|state| {
        state.region_mut("eu-west-1").functions.insert("f".to_owned(), function(&name));
        Ok(())
    });
    written.unwrap();
    store.check_blobs().unwrap();
    let path = store.blob_path(&name);
    let refused = || {
        let message = store.check_blobs().unwrap_err().to_string();
        let remedy = format!("remove {} to start", folder.path().display());
        assert!(message.contains(&name) && message.contains(&remedy), "{message}");
        message
    };
    fs::write(&path, b"the core").unwrap();
    assert!(refused().contains("differs from what was uploaded"));
    assert_eq!(fs::read(&path).unwrap(), b"the core");
    fs::remove_file(&path).unwrap();
    assert!(refused().contains("a function's code is missing"));
}

#[test]
fn the_rest_of_an_interrupted_write_is_replaced_and_links_are_not_followed() {
    let folder = folder();
    let store = Store::open(folder.path(), ACCOUNT).unwrap();
    let (state, left) = (folder.path().join(FILE), folder.path().join("state.new"));
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    fs::write(&left, "half a sta").unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o666)).unwrap();
    write(&store, "us-east-1").unwrap();
    assert_eq!(mode(&state), 0o600);

    let other = folder.path().join("other");
    fs::write(&other, "untouched").unwrap();
    symlink(&other, &left).unwrap();
    write(&store, "us-east-2").unwrap();
    assert_eq!(fs::read_to_string(&other).unwrap(), "untouched");
    assert!(Store::open(folder.path(), ACCOUNT).unwrap().read(|state| state.regions.len() == 3));
}

#[test]
fn a_write_that_cannot_be_stored_changes_nothing() {
    let folder = folder();
    let store = Store::open(folder.path(), ACCOUNT).unwrap();
    let before = fs::read(folder.path().join(FILE)).unwrap();
    // Not even root can write a file where a folder is.
    fs::create_dir(folder.path().join("state.new")).unwrap();
    assert!(matches!(write(&store, "us-east-1"), Err(StoreError::Io { action: "writing", .. })));
    assert!(store.read(|state| state.region("us-east-1").is_none()));
    assert_eq!(fs::read(folder.path().join(FILE)).unwrap(), before);
    fs::remove_dir(folder.path().join("state.new")).unwrap();
    write(&store, "us-east-1").unwrap();
}
