//! Restarts: what persists, what is refused, and what two servers cannot share.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use local_aws::{Options, StartError};

use crate::{
    cloud::{Cloud, zip},
    lambda::{ECHO, create},
};

#[tokio::test]
async fn a_restart_keeps_state_and_credentials() {
    let cloud = Cloud::start().await;
    cloud.role("kept").await;
    let before = cloud.server.credentials().clone();
    let Cloud { server, dir, .. } = cloud;
    server.stop().await;
    let server = local_aws::start(Options::new(dir.path())).await.unwrap();
    assert_eq!(server.credentials().access_key_id, before.access_key_id);
    let cloud = Cloud::of(server, dir);
    let role = cloud.iam().get_role().role_name("kept").send().await.unwrap().role.unwrap();
    assert_eq!(role.role_name, "kept");

    use std::os::unix::fs::PermissionsExt as _;
    for file in ["credentials.json", "state.json"] {
        let mode = std::fs::metadata(cloud.dir.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

#[tokio::test]
async fn a_dropped_server_frees_its_folder_and_port() {
    let cloud = Cloud::start().await;
    let port = cloud.server.address().port();
    let Cloud { server, dir, .. } = cloud;
    drop(server);
    let mut options = Options::new(dir.path());
    options.port = port;
    // The runtime closes the listener a little later.
    for _ in 0..50 {
        match local_aws::start(options.clone()).await {
            Ok(server) => return assert_eq!(server.address().port(), port),
            Err(StartError::Listen { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the port is still taken");
}

#[tokio::test]
async fn two_servers_cannot_share_a_folder() {
    let cloud = Cloud::start().await;
    let second = local_aws::start(Options::new(cloud.dir.path())).await;
    assert!(matches!(second.err(), Some(StartError::Locked { .. })));
}

#[tokio::test]
async fn a_taken_port_is_named_in_the_error() {
    let cloud = Cloud::start().await;
    let dir = tempfile::tempdir().unwrap();
    let mut options = Options::new(dir.path());
    options.port = cloud.server.address().port();
    let error = local_aws::start(options.clone()).await.err().unwrap();
    assert!(matches!(error, StartError::Listen { .. }));
    assert!(error.to_string().contains(&options.port.to_string()), "{error}");
}

#[tokio::test]
async fn a_damaged_state_is_refused_and_left_unchanged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.json");
    std::fs::write(&path, "{\"version\": 1, \"oops").unwrap();
    let error = local_aws::start(Options::new(dir.path())).await.err().unwrap();
    assert!(error.to_string().contains("state.json"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "{\"version\": 1, \"oops");
}

#[tokio::test]
async fn another_account_is_refused() {
    let cloud = Cloud::start().await;
    cloud.role("r").await;
    let Cloud { server, dir, .. } = cloud;
    server.stop().await;
    let mut options = Options::new(dir.path());
    options.account_id = "111111111111".to_owned();
    let error = local_aws::start(options).await.err().unwrap();
    assert!(matches!(error, StartError::Account { .. }), "{error}");
}

/// All files below a folder, with their contents.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            found.extend(contents(&entry));
        } else {
            found.insert(entry.clone(), std::fs::read(entry).unwrap());
        }
    }
    found
}

#[tokio::test]
async fn a_refused_start_changes_no_file() {
    let cloud = Cloud::start().await;
    let role = cloud.role("r").await;
    create(&cloud.lambda(), &role, zip("bootstrap", ECHO)).await.unwrap();
    let Cloud { server, dir, .. } = cloud;
    server.stop().await;
    let blob = std::fs::read_dir(dir.path().join("blobs")).unwrap().next().unwrap().unwrap().path();
    // A start with a new state would delete this blob.
    std::fs::write(dir.path().join("blobs/unused"), "code").unwrap();
    let aside = tempfile::tempdir().unwrap();
    for file in [blob, dir.path().join("state.json")] {
        std::fs::rename(&file, aside.path().join("file")).unwrap();
        let before = contents(dir.path());
        let said = local_aws::start(Options::new(dir.path())).await.err().unwrap().to_string();
        assert!(said.contains(file.to_str().unwrap()) && said.contains("put back a copy"), "{said}");
        assert_eq!(contents(dir.path()), before);
        std::fs::rename(aside.path().join("file"), &file).unwrap();
    }
    let server = local_aws::start(Options::new(dir.path())).await.unwrap();
    assert!(!dir.path().join("blobs/unused").exists());
    let cloud = Cloud::of(server, dir);
    assert_eq!(cloud.lambda().list_functions().send().await.unwrap().functions().len(), 1);
}

#[tokio::test]
async fn missing_credentials_are_created_again_and_the_state_is_kept() {
    let cloud = Cloud::start().await;
    cloud.role("kept").await;
    let before = cloud.server.credentials().clone();
    let Cloud { server, dir, .. } = cloud;
    server.stop().await;
    std::fs::remove_file(dir.path().join("credentials.json")).unwrap();
    let cloud = Cloud::of(local_aws::start(Options::new(dir.path())).await.unwrap(), dir);
    assert_ne!(cloud.server.credentials().secret_access_key, before.secret_access_key);
    cloud.iam().get_role().role_name("kept").send().await.unwrap();
}
