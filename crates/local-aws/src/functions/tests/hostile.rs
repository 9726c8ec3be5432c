//! Hostile functions: the next invocation still works.

use super::{failures::failed, process::processes_below, *};

/// Waits until exactly this many processes of functions are left.
async fn are_left(world: &World, count: usize) {
    for _ in 0..6000 {
        if processes_below(world.dir.path()).len() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} processes are left", processes_below(world.dir.path()).len());
}

async fn is_served(world: &World) {
    assert_eq!(payload(&act(world, "echo").await), json!({ "do": "echo" }));
}

#[tokio::test]
async fn a_fork_bomb_is_killed_and_the_next_invocation_works() {
    let world = World::new();
    world.configure(|version| {
        version.memory_mb = 3_008;
        version.timeout_s = 60;
    });
    let bomb = act(&world, "bomb").await;
    let (kind, message) = failed(&bomb);
    assert_eq!(kind, "Runtime.ExitError", "{message}");
    let leader = bomb.log_tail.split("leader ").nth(1).and_then(|rest| rest.lines().next()).unwrap().to_owned();
    has_ended(&json!(leader.parse::<u64>().unwrap())).await;
    is_served(&world).await;
    // One environment is left. The system may take a while to end the others.
    are_left(&world, 1).await;
}

#[tokio::test]
async fn output_is_truncated_and_need_not_be_text() {
    let world = World::new();
    world.configure(|version| version.timeout_s = 300);
    let long = act(&world, "one long line").await;
    assert_eq!(payload(&long), json!({ "do": "one long line" }));
    let kept: usize = messages(&world).iter().map(String::len).sum();
    assert!(kept <= 16 * 1024 * 1024, "{kept} bytes are kept of 32 MB");
    let garbage = act(&world, "garbage").await;
    assert_eq!(payload(&garbage), json!({ "do": "garbage" }));
    is_served(&world).await;
}

#[tokio::test]
async fn unrequested_responses_are_refused() {
    let world = World::new();
    assert_eq!(payload(&act(&world, "foreign").await), json!(400));
    assert_eq!(payload(&act(&world, "twice").await), json!("first"));
    // Lambda does not check that a response is JSON.
    assert_eq!(act(&world, "no json").await.payload, "{no json");
    is_served(&world).await;
    assert!(messages(&world).contains(&"the second was answered with 400".to_owned()), "{:?}", messages(&world));
}

#[tokio::test]
async fn a_silent_function_times_out_and_the_next_invocation_works() {
    let world = World::new();
    world.configure(|version| version.timeout_s = 1);
    let (kind, _) = failed(&act(&world, "gone").await);
    assert_eq!(kind, "Sandbox.Timedout");
    world.configure(|version| version.timeout_s = 20);
    is_served(&world).await;
}

#[tokio::test]
async fn a_start_that_hangs_is_retried_once_and_times_out() {
    let world = World::new();
    world.configure(|version| {
        version.timeout_s = 1;
        version.environment.insert("START".to_owned(), "hang".to_owned());
    });
    let (kind, message) = failed(&act(&world, "echo").await);
    assert_eq!(kind, "Sandbox.Timedout");
    assert!(message.ends_with(" Task timed out after 1.00 seconds"), "{message}");
    are_left(&world, 0).await;
    world.configure(|version| drop(version.environment.remove("START")));
    is_served(&world).await;
}

#[tokio::test]
async fn limits_apply_to_an_idle_environment() {
    let world = World::new();
    let pid = payload(&act(&world, "memory afterwards").await);
    has_ended(&pid).await;
    are_left(&world, 0).await;
    is_served(&world).await;
}

#[tokio::test]
async fn daemons_end_with_their_environment() {
    let world = World::new();
    let daemons = payload(&act(&world, "daemons").await);
    is_served(&world).await;
    are_left(&world, 4).await;
    world.cloud.functions.retire(REGION, FUNCTION);
    for daemon in daemons.as_array().unwrap() {
        has_ended(daemon).await;
    }
    are_left(&world, 0).await;
}

#[tokio::test]
async fn memory_of_daemons_counts() {
    let world = World::new();
    let killed = act(&world, "heavy daemons").await;
    assert_eq!(failed(&killed).0, "Runtime.ExitError");
    assert!(killed.log_tail.contains("Error Type: Runtime.OutOfMemory"), "{}", killed.log_tail);
    are_left(&world, 0).await;
    is_served(&world).await;
}

#[tokio::test]
async fn invalid_requests_and_aborted_polls_lose_no_invocation() {
    let world = World::new();
    for _ in 0..3 {
        for action in ["no http", "poll and leave"] {
            assert_eq!(payload(&act(&world, action).await), json!({ "do": action }));
            is_served(&world).await;
        }
    }
}

#[tokio::test]
async fn an_endless_response_is_too_large() {
    let world = World::new();
    let (kind, _) = failed(&act(&world, "endless").await);
    assert_eq!(kind, "Function.ResponseSizeTooLarge");
    is_served(&world).await;
}
