//! The program itself: exit codes, what goes to stdout, and the local cloud's process.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod durability;
mod full_disk;
mod interrupt;
mod packaging;
mod reproducible;

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

const DEPLOYER: &str = env!("CARGO_BIN_EXE_deployer");

fn deployer(folder: &Path) -> Command {
    let mut command = Command::new(DEPLOYER);
    command.current_dir(folder).stdin(Stdio::null()).env_remove("DEPLOYER_LOCAL").env_remove("DEPLOYER_STAGE");
    command
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    deployer(folder).args(arguments).output().unwrap()
}

/// Runs with `-o json`, checks the exit code, and gives the one document on stdout.
fn json(folder: &Path, code: i32, arguments: &[&str]) -> Value {
    let output = deployer(folder).args(arguments).args(["-o", "json"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    let folder = folder();
    let output = run(folder.path(), &["predikt"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let document = json(folder.path(), 2, &["predikt"]);
    assert_eq!(document["error"]["kind"], "usage");
    assert_eq!(document["error"]["message"], "unrecognized subcommand 'predikt'");
    assert_eq!(document["error"]["hint"], "a similar subcommand exists: 'predict'");
    assert_eq!(run(folder.path(), &["--help"]).status.code(), Some(0));
}

#[test]
fn inspect_tells_what_computes_a_model_without_a_deploy_toml() {
    let folder = folder();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../../model/mnist.onnx");
    let document = json(folder.path(), 0, &["inspect", model]);
    assert_eq!((&document["input_shape"], &document["classes"]), (&serde_json::json!([1, 28, 28]), &10.into()));
    assert_eq!((&document["prepared"], &document["taken"]["Conv"]), (&true.into(), &2.into()));
    let document = json(folder.path(), 0, &["inspect", model, "--engine", "tract"]);
    assert_eq!(
        (&document["prepared"], &document["engine"], &document["left"]["Conv"]),
        (&false.into(), &"tract".into(), &2.into())
    );
    assert_eq!(json(folder.path(), 2, &["inspect", "absent.onnx"])["error"]["kind"], "usage");
    fs::write(folder.path().join("m.tflite"), "no model").unwrap();
    assert_eq!(json(folder.path(), 1, &["inspect", "m.tflite"])["error"]["message"], "inspecting model m.tflite");
}

#[test]
fn a_wrong_deploy_toml_is_a_usage_error() {
    let folder = folder();
    let document = json(folder.path(), 2, &["token"]);
    assert_eq!(document["error"]["message"], "reading deploy.toml");
    assert!(document["error"]["hint"].as_str().unwrap().contains("--config"));

    fs::write(folder.path().join("m.onnx"), "model").unwrap();
    fs::write(folder.path().join("deploy.toml"), "name = \"a\"\n[model]\npath = \"m.onnx\"\n[function]\nmemory = 1\n")
        .unwrap();
    let output = run(folder.path(), &["predict", "x.png"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0));
    let expected = "error: checking deploy.toml: 1 problem: deploy.toml:5: unknown key \"memory\" in [function]; did you mean \"memory_mb\"?\n";
    assert_eq!(stderr(&output), expected);
    assert_eq!(json(folder.path(), 2, &["--stage", "A", "package"])["error"]["causes"].as_array().unwrap().len(), 2);
}

#[test]
fn ten_mistakes_are_ten_causes_in_the_order_of_the_file_and_nothing_is_started() {
    let folder = folder();
    let text = "name = \"My_Model\"
region = \"cn-north-1\"
[model]
path = \"absent.onnx\"
top_k = 0
[function]
timeout_s = 60
log_retention_days = 2
[function.environment]
AWS_REGION = \"x\"
[auth]
domain = \"my-aws\"
scopes = [\"a/b\"]
[api]
throttle_rate = -1
";
    fs::write(folder.path().join("deploy.toml"), text).unwrap();
    for command in [&["up", "--yes"][..], &["plan"], &["status"], &["down", "--yes"], &["--local", "up"]] {
        let document = json(folder.path(), 2, command);
        assert_eq!(document["error"]["kind"], "usage");
        assert_eq!(document["error"]["message"], "checking deploy.toml: 10 problems");
        let causes: Vec<&str> =
            document["error"]["causes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let lines: Vec<&str> = causes.iter().filter_map(|cause| cause.split(':').nth(1)).collect();
        assert_eq!(lines, ["1", "2", "4", "5", "7", "8", "10", "12", "13", "15"], "{causes:?}");
    }
    assert!(!folder.path().join(".deployer").exists(), "a local cloud was started");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let folder = folder();
    let script =
        format!("set -o pipefail; '{DEPLOYER}' completions bash | true; '{DEPLOYER}' completions bash | head -n 1");
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    let document = json(folder.path(), 0, &["completions", "fish"]);
    assert!(document["script"].as_str().unwrap().contains("complete -c deployer"));
}

/// Stops the local cloud of a folder when the test ends, however it ends.
struct Cloud(TempDir);

impl Cloud {
    fn new() -> Self {
        Self(folder())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn json(&self, what: &str) -> Value {
        json(self.path(), 0, &["local", what])
    }

    fn start(&self) -> (String, u64) {
        let status = self.json("start");
        assert_eq!(status["running"], true);
        (status["url"].as_str().unwrap().to_owned(), status["pid"].as_u64().unwrap())
    }

    /// Kills the process.
    fn crash(&self, pid: u64) {
        let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        while self.json("status")["running"] == true {}
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        run(self.path(), &["local", "stop"]);
    }
}

#[test]
fn the_local_cloud_outlives_the_command_and_stops_on_demand() {
    let cloud = Cloud::new();
    assert_eq!(cloud.json("status")["running"], false);
    assert_eq!(cloud.json("stop")["stopped"], false);
    let (url, pid) = cloud.start();
    assert_eq!(cloud.start(), (url.clone(), pid));
    assert_eq!(cloud.json("status")["url"], *url);

    let local = cloud.path().join(".deployer/local");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&local), 0o700);
    for file in fs::read_dir(&local).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }

    assert_eq!(cloud.json("stop")["stopped"], true);
    assert_eq!(cloud.json("stop")["stopped"], false);
    // URLs that users have copied stay valid.
    assert_eq!(cloud.start().0, url);
}

#[test]
fn the_next_start_recovers_from_a_crash_a_stale_file_and_a_taken_port() {
    let cloud = Cloud::new();
    let (url, pid) = cloud.start();
    cloud.crash(pid);
    let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    let taken = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let (other, second) = cloud.start();
    assert_ne!((&other, second), (&url, pid));
    drop(taken);

    cloud.crash(second);
    // The pid of another process, and a URL at which no local cloud listens.
    let stale = format!("{{\"url\":\"{url}\",\"pid\":{}}}", std::process::id());
    fs::write(cloud.path().join(".deployer/local/server.json"), stale).unwrap();
    assert_eq!(cloud.json("status")["running"], false);
    assert_eq!(cloud.json("stop")["stopped"], false);
    assert_eq!(cloud.start().0, other);

    let (_, third) = cloud.start();
    cloud.crash(third);
    fs::write(cloud.path().join(".deployer/local/server.json"), "{").unwrap();
    cloud.start();
}

#[test]
fn concurrent_starts_start_one_process() {
    let cloud = Cloud::new();
    let spawn = || {
        let mut command = deployer(cloud.path());
        command.args(["local", "start", "-o", "json"]).stdout(Stdio::piped()).spawn().unwrap()
    };
    let started: Vec<_> = (0..4).map(|_| spawn()).collect();
    let pids: Vec<u64> = started
        .into_iter()
        .map(|child| {
            let output = child.wait_with_output().unwrap();
            serde_json::from_slice::<Value>(&output.stdout).unwrap()["pid"].as_u64().unwrap()
        })
        .collect();
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
}

/// The lock passes to the process that is starting: until it has written server.json, nobody else can tell that it runs.
#[test]
fn a_start_that_is_killed_is_finished_by_the_process_that_it_started() {
    let cloud = Cloud::new();
    let (_, first) = cloud.start();
    cloud.json("stop");
    assert!(cloud.path().join(".deployer/local/state.json").is_file(), "process {first} wrote its state");

    // A process that reads its state from a pipe cannot finish starting before somebody writes to it.
    let state = cloud.path().join(".deployer/local/state.json");
    let bytes = fs::read(&state).unwrap();
    fs::remove_file(&state).unwrap();
    assert!(Command::new("mkfifo").arg(&state).status().unwrap().success());
    let start =
        || deployer(cloud.path()).args(["local", "start", "-o", "json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut killed = start();
    let serving = wait_for(|| child_of(killed.id()));
    killed.kill().unwrap();
    killed.wait().unwrap();

    let mut next = start();
    // It waits for the lock; one that does not would end by itself.
    wait_for(|| {
        assert_eq!(next.try_wait().unwrap(), None, "the second start does not wait");
        waits_for_a_lock(next.id()).then_some(())
    });
    fs::write(&state, bytes).unwrap();
    let output = next.wait_with_output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["pid"], serving, "{document}");
}

/// Asks until there is an answer.
fn wait_for<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    loop {
        if let Some(found) = ask() {
            return found;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// The first process that this one has started.
fn child_of(pid: u32) -> Option<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten();
    let mut children = threads.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    children.find_map(|list| list.split_ascii_whitespace().next()?.parse().ok())
}

/// Whether the process waits for a lock on a file: the kernel lists it behind the holder, with an arrow.
fn waits_for_a_lock(pid: u32) -> bool {
    let locks = fs::read_to_string("/proc/locks").unwrap();
    locks
        .lines()
        .any(|line| line.contains("-> FLOCK") && line.split_ascii_whitespace().any(|word| word == pid.to_string()))
}

/// Writes a deploy.toml in which only the names matter.
fn configure(folder: &Path) {
    fs::write(folder.join("m.onnx"), "model").unwrap();
    fs::write(folder.join("deploy.toml"), "name = \"mnist\"\n[model]\npath = \"m.onnx\"\n").unwrap();
}

#[test]
fn a_policy_for_a_given_account_needs_nothing_else_and_is_alone_on_stdout() {
    let folder = folder();
    configure(folder.path());
    let run = |arguments: &[&str]| {
        let mut command = deployer(folder.path());
        // No source of credentials or of a Region.
        command.env_clear().env("HOME", folder.path()).args(["policy"]).args(arguments).output().unwrap()
    };
    let given = ["--account-id", "123456789012", "--region", "eu-west-1", "--stage", "prod"];
    let text = run(&given);
    assert_eq!((text.status.code(), stderr(&text).as_str()), (Some(0), ""));
    let document: Value = serde_json::from_slice(&text.stdout).unwrap();
    assert_eq!(document["Version"], "2012-10-17");
    assert!(String::from_utf8_lossy(&text.stdout).contains("arn:aws:iam::123456789012:role/mnist-prod-eu-west-1"));
    assert_eq!(run(&[&given[..], &["-o", "json"]].concat()).stdout, text.stdout);
    assert!(run(&[&given[..], &["--read-only"]].concat()).stdout.len() < text.stdout.len() / 2);

    let unknown = run(&given[2..]);
    assert_eq!((unknown.status.code(), unknown.stdout.len()), (Some(1), 0));
    assert!(stderr(&unknown).contains("hint: pass --account-id"), "{}", stderr(&unknown));
    assert_eq!(run(&["--account-id", "12"]).status.code(), Some(2));
    assert_eq!(run(&given[..2]).status.code(), Some(2), "no Region");
}

#[test]
fn the_local_cloud_allows_what_its_policy_allows() {
    let cloud = Cloud::new();
    configure(cloud.path());
    let start = |code, policy: &str| {
        fs::write(cloud.path().join("policy.json"), policy).unwrap();
        json(cloud.path(), code, &["local", "start", "--policy", "policy.json"])
    };
    // Printing the policy neither needs nor starts the local cloud.
    let read_only = run(cloud.path(), &["--local", "policy", "--read-only"]).stdout;
    assert!(!cloud.path().join(".deployer").exists());
    let started = start(0, str::from_utf8(&read_only).unwrap());
    assert_eq!((&started["running"], &started["policy"]), (&Value::from(true), &Value::from(true)));
    assert_eq!(json(cloud.path(), 0, &["--local", "status"])["state"], "absent");

    // An invalid document changes nothing.
    let refused = start(2, r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*"}}"#);
    assert!(refused["error"]["causes"][0].as_str().unwrap().contains("Resource"), "{refused}");
    assert_eq!(cloud.json("status")["pid"], started["pid"]);

    let nothing = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"*","Resource":"*"}}"#;
    assert_ne!(start(0, nothing)["pid"], started["pid"]);
    let denied = json(cloud.path(), 1, &["--local", "status"]);
    assert!(denied["error"]["hint"].as_str().unwrap().starts_with("allow "), "{denied}");
    assert!(denied.to_string().contains("not authorized to perform: "), "{denied}");

    assert_eq!(cloud.json("stop")["stopped"], true);
    assert_eq!(cloud.json("start")["policy"], false);
}
