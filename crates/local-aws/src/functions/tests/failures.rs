//! Functions that crash, hang, or fail to start.

use super::*;

pub(super) fn failed(invocation: &InvokeOutput) -> (String, String) {
    assert_eq!(invocation.function_error, Some("Unhandled"));
    let document = payload(invocation);
    let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
    (text("errorType"), text("errorMessage"))
}

#[tokio::test]
async fn a_crash_is_reported_and_the_next_invocation_gets_a_new_environment() {
    let world = World::new();
    let pid = payload(&act(&world, "pid").await);
    let crash = act(&world, "crash").await;
    let (kind, message) = failed(&crash);
    assert_eq!(kind, "Runtime.ExitError");
    assert!(message.starts_with("RequestId: "), "{message}");
    assert!(message.ends_with(" Error: Runtime exited with error: exit status 1"), "{message}");
    assert!(crash.log_tail.contains("doing crash"), "{}", crash.log_tail);
    assert!(crash.log_tail.contains("Status: error\tError Type: Runtime.ExitError"), "{}", crash.log_tail);
    assert_ne!(payload(&act(&world, "pid").await), pid);
}

#[tokio::test]
async fn a_reported_error_is_returned_and_the_environment_is_kept() {
    let world = World::new();
    let pid = payload(&act(&world, "pid").await);
    let (kind, message) = failed(&act(&world, "error").await);
    assert_eq!((kind.as_str(), message.as_str()), ("Oops", "bad"));
    assert_eq!(payload(&act(&world, "pid").await), pid);
}

#[tokio::test]
async fn a_timeout_kills_the_environment() {
    let world = World::new();
    world.configure(|version| version.timeout_s = 1);
    let pid = payload(&act(&world, "pid").await);
    let begun = Instant::now();
    let hung = act(&world, "hang").await;
    assert!(begun.elapsed() < Duration::from_secs(20));
    let (kind, message) = failed(&hung);
    assert_eq!(kind, "Sandbox.Timedout");
    assert!(message.ends_with(" Task timed out after 1.00 seconds"), "{message}");
    assert!(hung.log_tail.contains("Status: timeout"), "{}", hung.log_tail);
    assert!(!is_running(&pid));
}

#[tokio::test]
async fn a_response_that_is_too_large_is_refused_and_the_environment_is_kept() {
    let world = World::new();
    let pid = payload(&act(&world, "pid").await);
    let (kind, _) = failed(&act(&world, "large").await);
    assert_eq!(kind, "Function.ResponseSizeTooLarge");
    assert_eq!(payload(&act(&world, "pid").await), pid);
}

#[tokio::test]
async fn too_much_memory_kills_the_environment() {
    let world = World::new();
    let killed = act(&world, "memory").await;
    let (kind, message) = failed(&killed);
    assert_eq!(kind, "Runtime.ExitError");
    assert!(message.ends_with("signal: killed"), "{message}");
    assert!(killed.log_tail.contains("Max Memory Used: 128 MB"), "{}", killed.log_tail);
    assert!(killed.log_tail.contains("Error Type: Runtime.OutOfMemory"), "{}", killed.log_tail);
}

#[tokio::test]
async fn a_bootstrap_that_exits_after_one_invocation_is_started_again() {
    let world = World::new();
    for _ in 0..3 {
        assert_eq!(payload(&act(&world, "once").await), json!({ "do": "once" }));
    }
}

#[tokio::test]
async fn a_failed_start_is_retried_once_and_then_reported() {
    let world = World::new();
    let start = |how: &'static str| {
        world.configure(|version| {
            version.environment.insert("START".to_owned(), how.to_owned());
        });
    };
    start("crash");
    let crash = act(&world, "pid").await;
    let (kind, message) = failed(&crash);
    assert_eq!(kind, "Runtime.ExitError");
    assert!(message.ends_with("exit status 3"), "{message}");
    assert_eq!(messages(&world).iter().filter(|line| *line == "no model").count(), 2);
    assert!(crash.log_tail.contains("START") && crash.log_tail.contains("REPORT"), "{}", crash.log_tail);
    start("error");
    let (kind, message) = failed(&act(&world, "pid").await);
    assert_eq!((kind.as_str(), message.as_str()), ("Oops", "no model"));
    no_environments(&world).await;
}

#[tokio::test]
async fn code_that_cannot_start_is_reported() {
    let world = World::new();
    for (files, expected) in [
        ([("other", "", 0o755)], "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"),
        ([("bootstrap", "#!/bin/sh\n", 0o644)], "fork/exec /var/task/bootstrap: permission denied"),
        ([("bootstrap", "\u{1}\u{2}no program", 0o755)], "fork/exec /var/task/bootstrap: exec format error"),
    ] {
        let code = world.put_code(&files);
        world.configure(|version| version.code_sha256_hex = code);
        let (kind, message) = failed(&act(&world, "pid").await);
        assert_eq!(kind, "Runtime.InvalidEntrypoint");
        assert!(message.ends_with(expected), "{message}");
    }
    let no_zip = world.cloud.store.put_blob(b"no zip").unwrap();
    world.configure(|version| version.code_sha256_hex = no_zip);
    assert!(matches!(invoke(&world, json!({})).await, Err(InvokeError::BadCode(_))));
}
