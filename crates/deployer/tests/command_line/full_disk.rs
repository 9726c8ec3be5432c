//! A full disk: one clear error, no half-written file, and the next run continues once there is space.

use super::*;

/// Runs with a file size limit of zero: every write to a file fails, as on a full disk. Pipes still work.
fn on_a_full_disk(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new("bash");
    // With the signal ignored, the write returns an error.
    command.args(["-c", r#"trap '' XFSZ; ulimit -f 0; exec "$@""#, "bash", DEPLOYER]).args(arguments);
    command.current_dir(folder).stdin(Stdio::null()).env_remove("DEPLOYER_LOCAL").env_remove("DEPLOYER_STAGE");
    command.output().unwrap()
}

/// The message of a failure on a full disk; checks that there is no panic.
fn says(output: &Output, code: i32, words: &[&str]) {
    let said = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in {said}");
    }
}

#[test]
fn output_that_cannot_be_written_is_an_error() {
    let folder = folder();
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = deployer(folder.path()).args(["completions", "bash"]).stdout(full).output().unwrap();
    says(&output, 1, &["error: writing", "No space left on device"]);
    // If no message can be written, the exit code still tells.
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mute = deployer(folder.path()).args(["completions", "bash"]).stdout(full()).stderr(full()).output().unwrap();
    assert_eq!(mute.status.code(), Some(1));
}

#[test]
fn a_local_cloud_without_room_does_not_start_and_starts_later() {
    let cloud = Cloud::new();
    let output = on_a_full_disk(cloud.path(), &["local", "start"]);
    says(&output, 1, &["starting the local cloud"]);
    let (_, pid) = cloud.start();
    assert!(pid > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_without_room_is_refused_and_changes_nothing() {
    let cloud = Cloud::new();
    let (url, pid) = cloud.start();
    let local = cloud.path().join(".deployer/local");
    let before = fs::read(local.join("state.json")).ok();
    cloud.crash(pid);
    // A running server whose files can hold no more than its start writes.
    let blocks = fs::metadata(local.join("server.log")).unwrap().len() / 1024 + 2;
    let script = format!(r#"trap '' XFSZ; ulimit -f {blocks}; exec "$0" local serve --dir "$1" --port 0"#);
    let mut server = Command::new("bash");
    server.args(["-c", &script, DEPLOYER, local.to_str().unwrap()]).stdout(Stdio::null()).stderr(Stdio::null());
    let mut server = server.spawn().unwrap();
    let now = loop {
        let left = fs::read(local.join("server.json")).unwrap_or_default();
        match serde_json::from_slice::<Value>(&left) {
            Ok(left) if left["pid"] == server.id() => break left["url"].as_str().unwrap().to_owned(),
            _ => assert!(server.try_wait().unwrap().is_none(), "it has ended"),
        }
    };
    assert_ne!(url, now);
    let logs = aws_sdk_cloudwatchlogs::Client::new(&durability::config(&cloud, &now));
    let mut refused = 0;
    for number in 0..40 {
        let name = format!("a-group-of-a-long-name-{number:0>100}");
        if logs.create_log_group().log_group_name(&name).send().await.is_err() {
            refused += 1;
            let groups = logs.describe_log_groups().log_group_name_prefix(&name).send().await.unwrap();
            assert!(groups.log_groups().is_empty(), "what was refused is not there");
        }
    }
    assert!(refused > 0, "there was room for everything");
    server.kill().unwrap();
    server.wait().unwrap();
    let after = fs::read(local.join("state.json")).ok();
    assert!(after.is_some() && after != before);
    let (url, _) = cloud.start();
    let logs = aws_sdk_cloudwatchlogs::Client::new(&durability::config(&cloud, &url));
    let kept = logs.describe_log_groups().send().await.unwrap().log_groups().len();
    assert_eq!(kept, 40 - refused, "what was acknowledged is there");
    logs.create_log_group().log_group_name("with-room").send().await.unwrap();
}
