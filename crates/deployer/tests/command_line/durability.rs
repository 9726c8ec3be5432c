//! The local cloud's process is killed at any moment: afterwards every acknowledged write is there, and every other
//! write is whole or absent. Damaged state is refused with a clear message and left unchanged.

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::fs::MetadataExt as _,
    sync::Arc,
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_lambda::{primitives::Blob, types::FunctionCode};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};
use tokio::sync::Mutex;

use super::*;

/// Concurrent writing clients.
const WRITERS: usize = 6;

/// How many times the server is killed.
fn kills() -> u64 {
    std::env::var("DEPLOYER_TEST_KILLS").ok().and_then(|many| many.parse().ok()).unwrap_or(4)
}

pub(super) fn config(cloud: &Cloud, url: &str) -> SdkConfig {
    let path = cloud.path().join(".deployer/local/credentials.json");
    let key: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    let credentials = Credentials::from_keys(text("access_key_id"), text("secret_access_key"), None);
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .timeout_config(TimeoutConfig::builder().operation_timeout(Duration::from_secs(20)).build())
        .build()
}

/// What was sent and what was acknowledged: log groups, and the latest code of each function.
#[derive(Debug, Default)]
struct Written {
    groups_sent: BTreeSet<String>,
    groups: BTreeSet<String>,
    codes_sent: BTreeMap<String, u32>,
    codes: BTreeMap<String, u32>,
    answers: u64,
}

/// Writes until the server is killed: a function, then log groups and new code for the function in turn.
async fn write(config: SdkConfig, role: String, writer: String, written: Arc<Mutex<Written>>) {
    let (logs, lambda) = (aws_sdk_cloudwatchlogs::Client::new(&config), aws_sdk_lambda::Client::new(&config));
    for number in 0.. {
        let code = zip(&format!("{writer} {number}"));
        written.lock().await.codes_sent.insert(writer.clone(), number);
        let answered = if number == 0 {
            let code = FunctionCode::builder().zip_file(Blob::new(code)).build();
            let function = lambda.create_function().function_name(&writer).role(&role).handler("bootstrap");
            function.runtime("provided.al2023".into()).code(code).send().await.is_ok()
        } else {
            lambda.update_function_code().function_name(&writer).zip_file(Blob::new(code)).send().await.is_ok()
        };
        if !answered {
            return;
        }
        let group = format!("{writer}-{number}");
        {
            let mut written = written.lock().await;
            written.codes.insert(writer.clone(), number);
            written.groups_sent.insert(group.clone());
            written.answers += 1;
        }
        if logs.create_log_group().log_group_name(&group).send().await.is_err() {
            return;
        }
        let mut written = written.lock().await;
        written.groups.insert(group);
        written.answers += 1;
    }
}

/// A zip with this text.
fn zip(text: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.start_file("bootstrap", zip::write::SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

/// Creates a role that functions can use and returns its ARN.
async fn role(config: &SdkConfig) -> String {
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"Service":"lambda.amazonaws.com"}}]}"#;
    let role = aws_sdk_iam::Client::new(config).create_role().role_name("r").assume_role_policy_document(trust);
    role.send().await.unwrap().role.unwrap().arn
}

/// Every log group, and every function with the SHA-256 of its code.
async fn there(config: &SdkConfig) -> (BTreeSet<String>, BTreeMap<String, Vec<u8>>) {
    let (logs, lambda) = (aws_sdk_cloudwatchlogs::Client::new(config), aws_sdk_lambda::Client::new(config));
    let groups = logs.describe_log_groups().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let functions = lambda.list_functions().into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    let groups = groups.unwrap().into_iter().filter_map(|group| group.log_group_name).collect();
    let digest = |text: String| BASE64_STANDARD.decode(text).unwrap();
    let functions = functions.unwrap().into_iter();
    (groups, functions.map(|one| (one.function_name.unwrap(), digest(one.code_sha256.unwrap()))).collect())
}

/// Everything that differs from what was acknowledged, or that nobody sent.
async fn compare(config: &SdkConfig, blobs: &Path, written: &Written) -> Vec<String> {
    let (groups, functions) = there(config).await;
    let mut wrong: Vec<String> = written.groups.difference(&groups).map(|name| format!("{name} is lost")).collect();
    wrong.extend(groups.difference(&written.groups_sent).map(|name| format!("{name} was never sent")));
    let lost = written.codes.keys().filter(|name| !functions.contains_key(*name));
    wrong.extend(lost.map(|name| format!("{name} is lost")));
    for (name, digest) in &functions {
        // The code that was acknowledged last, or the one in flight.
        let Some(sent) = written.codes_sent.get(name) else {
            wrong.push(format!("{name} was never sent"));
            continue;
        };
        let could_be = written.codes.get(name).copied().unwrap_or(0)..=*sent;
        let sum = |code: &[u8]| Sha256::digest(code).to_vec();
        match could_be.map(|number| zip(&format!("{name} {number}"))).find(|code| sum(code) == *digest) {
            None => {
                wrong.push(format!("{name} has another code than those of {:?} to {sent}", written.codes.get(name)));
            }
            Some(code) => {
                let blob = blobs.join(hex::encode(digest));
                if fs::read(&blob).ok() != Some(code) {
                    wrong.push(format!("the zip of {name} is not whole"));
                }
            }
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the figures are for people")]
async fn no_acknowledged_write_is_lost_when_the_server_is_killed() {
    let cloud = Cloud::new();
    let (mut url, mut pid) = cloud.start();
    let role = role(&config(&cloud, &url)).await;
    let written = Arc::new(Mutex::new(Written::default()));
    let blobs = cloud.path().join(".deployer/local/blobs");
    for kill in 0..kills() {
        let before = written.lock().await.answers;
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let name = format!("k{kill}-w{writer}");
                tokio::spawn(write(config(&cloud, &url), role.clone(), name, Arc::clone(&written)))
            })
            .collect();
        // Kills during the writes, after a different number of them and at another moment each time.
        while written.lock().await.answers < before + kill * 7 % 24 {
            assert!(!writers.iter().all(tokio::task::JoinHandle::is_finished), "nobody writes any more");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_micros(kill * 1_370 % 40_000)).await;
        kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), Signal::KILL).unwrap();
        for writer in writers {
            writer.await.unwrap();
        }
        (url, pid) = cloud.start();
        let wrong = compare(&config(&cloud, &url), &blobs, &*written.lock().await).await;
        assert!(wrong.is_empty(), "kill {kill}: {wrong:#?}");
    }
    let written = written.lock().await;
    println!("{} kills, {} writes by {WRITERS} clients acknowledged, none lost", kills(), written.answers);
    assert!(written.answers > kills());
}

/// The state files and their contents.
fn contents(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = ["state.json", "credentials.json"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), fs::read(folder.join(name)).ok()?)))
        .collect();
    files.sort();
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn damaged_state_is_refused_and_left_as_it_is() {
    let cloud = Cloud::new();
    let (url, _) = cloud.start();
    let local = cloud.path().join(".deployer/local");
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config(&cloud, &url));
    logs.create_log_group().log_group_name("mnist-dev").send().await.unwrap();
    cloud.json("stop");
    let state = fs::read(local.join("state.json")).unwrap();
    let key = fs::read(local.join("credentials.json")).unwrap();
    let text = String::from_utf8(state.clone()).unwrap();
    let at = |offset: usize| {
        let mut damaged = state.clone();
        damaged[offset] ^= 0x04;
        damaged
    };
    let renamed = text.replacen("mnist-dev", "mnist-dew", 1);
    assert_ne!(renamed, text);
    let damages: Vec<(&str, &str, Vec<u8>)> = vec![
        ("an empty file", "state.json", Vec::new()),
        ("half a file", "state.json", state[..state.len() / 2].to_vec()),
        ("a file without its last byte", "state.json", state[..state.len() - 1].to_vec()),
        ("a file with more at its end", "state.json", [state.as_slice(), b"x"].concat()),
        ("zeros", "state.json", vec![0; state.len()]),
        ("no JSON", "state.json", b"no JSON".to_vec()),
        ("another type", "state.json", b"[]".to_vec()),
        ("an object of something else", "state.json", b"{\"version\": 1}".to_vec()),
        ("a bit in the first tenth", "state.json", at(state.len() / 10)),
        ("a bit in the middle", "state.json", at(state.len() / 2)),
        ("a bit near the end", "state.json", at(state.len() - 20)),
        ("a letter of a name", "state.json", renamed.into_bytes()),
        ("an empty key", "credentials.json", Vec::new()),
        ("half a key", "credentials.json", key[..key.len() / 2].to_vec()),
        ("a key of something else", "credentials.json", b"{}".to_vec()),
    ];
    for (damage, file, bytes) in damages {
        fs::write(local.join("state.json"), &state).unwrap();
        fs::write(local.join("credentials.json"), &key).unwrap();
        fs::write(local.join(file), &bytes).unwrap();
        let before = contents(&local);
        let refused = json(cloud.path(), 1, &["local", "start"]);
        let said = refused.to_string();
        assert!(said.contains(file), "{damage}: {said}");
        assert!(!said.contains("panicked"), "{damage}: {said}");
        assert!(said.contains("put back a copy of it, or remove "), "{damage}: {said}");
        assert_eq!(contents(&local), before, "{damage}: it is as it was");
        assert_eq!(cloud.json("status")["running"], false, "{damage}");
    }

    // What an interrupted write leaves behind is not damage.
    fs::write(local.join("state.json"), &state).unwrap();
    fs::write(local.join("credentials.json"), &key).unwrap();
    fs::write(local.join("state.new"), &state[..state.len() / 2]).unwrap();
    cloud.start();
    assert_eq!(contents(&local), [("credentials.json".to_owned(), key), ("state.json".to_owned(), state.clone())]);
    cloud.json("stop");

    fs::remove_file(local.join("state.json")).unwrap();
    fs::create_dir(local.join("state.json")).unwrap();
    assert!(json(cloud.path(), 1, &["local", "start"]).to_string().contains("state.json"));
    assert!(fs::metadata(local.join("state.json")).unwrap().is_dir());
}

#[test]
fn a_second_server_on_one_folder_is_refused() {
    let cloud = Cloud::new();
    let (_, pid) = cloud.start();
    let local = cloud.path().join(".deployer/local");
    let second = run(cloud.path(), &["local", "serve", "--dir", local.to_str().unwrap()]);
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("another one is running"), "{}", stderr(&second));
    assert_eq!(cloud.json("status")["pid"], pid);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_the_local_cloud_can_be_read_by_others_whatever_the_umask() {
    let cloud = Cloud::new();
    let script = format!("umask 0; exec '{DEPLOYER}' local start");
    let started = Command::new("sh").args(["-c", &script]).current_dir(cloud.path()).output().unwrap();
    assert_eq!(started.status.code(), Some(0), "{}", stderr(&started));
    let config = config(&cloud, cloud.json("status")["url"].as_str().unwrap());
    let role = role(&config).await;
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
    logs.create_log_group().log_group_name("/aws/lambda/f").send().await.unwrap();
    let lambda = aws_sdk_lambda::Client::new(&config);
    let code = FunctionCode::builder().zip_file(Blob::new(zip("#!/bin/sh\necho begun; exec sleep 30\n"))).build();
    let function = lambda.create_function().function_name("f").role(role).runtime("provided.al2023".into());
    function.handler("bootstrap").code(code).send().await.unwrap();
    // The function never asks for work; it only has to be unpacked and to write a line.
    let invoked = tokio::spawn(lambda.invoke().function_name("f").send());
    let local = cloud.path().join(".deployer/local");
    while fs::read_dir(local.join("logs/us%2Deast%2D1")).map_or(0, Iterator::count) == 0 {
        assert!(!invoked.is_finished(), "it has not begun");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut folders = vec![cloud.path().join(".deployer")];
    let mut seen = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        assert_eq!(fs::metadata(&folder).unwrap().mode() & 0o777, 0o700, "{}", folder.display());
        for entry in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
            match fs::metadata(&entry) {
                // Unpacked files have the modes that they have on Lambda; others cannot enter the folder around them.
                Ok(_) if name == "task" => {}
                Ok(found) if found.is_dir() => folders.push(entry),
                Ok(found) => assert_eq!(found.mode() & 0o777, 0o600, "{}", entry.display()),
                // A temporary file that was renamed meanwhile.
                Err(_) => continue,
            }
            seen.insert(name);
        }
    }
    for name in ["task", "state.json", "credentials.json", "server.log", "%2Faws%2Flambda%2Ff.jsonl", "blobs", "lock"] {
        assert!(seen.contains(name), "no {name} in {seen:?}");
    }
    invoked.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_long_life_has_an_end() {
    let cloud = Cloud::new();
    cloud.start();
    cloud.json("stop");
    let log = cloud.path().join(".deployer/local/server.log");
    // Almost full, as after a hundred thousand requests.
    const LIMIT: usize = 8 * 1024 * 1024;
    let old: String = (0..LIMIT / 100 - 1).map(|number| format!("{:<99}\n", format!("line {number}"))).collect();
    fs::write(&log, &old).unwrap();
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config(&cloud, &cloud.start().0));
    for number in 0..4 {
        logs.create_log_group().log_group_name(format!("group-{number}")).send().await.unwrap();
    }
    assert!(fs::metadata(&log).unwrap().len() < 1000);
    let before = fs::metadata(log.with_extension("log.1")).unwrap();
    assert!((old.len()..=LIMIT).contains(&usize::try_from(before.len()).unwrap()), "{before:?}");
    assert_eq!(before.mode() & 0o777, 0o600);
    let lines = cloud.json("logs")["lines"].as_array().unwrap().clone();
    let lines: Vec<&str> = lines.iter().filter_map(Value::as_str).collect();
    assert!(lines[0].starts_with("line 0 "), "{}", lines[0]);
    let requests = lines.iter().filter(|line| line.contains("CreateLogGroup write 200")).count();
    assert_eq!(requests, 4, "{:?}", &lines[lines.len() - 5..]);
}
