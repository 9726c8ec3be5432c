//! Functions that harm whom they can: the next invocation is served all the same.

use super::{failures::failed, process::of_environment, *};

/// Waits until only so many of the functions' processes are left.
async fn are_left(world: &World, count: usize) {
    for _ in 0..6000 {
        if of_environment(world.dir.path()).len() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} processes are left", of_environment(world.dir.path()).len());
}

async fn is_served(world: &World) {
    assert_eq!(answer(&act(world, "echo").await), json!({ "do": "echo" }));
}

#[tokio::test]
async fn a_fork_bomb_is_ended_and_the_next_invocation_is_served() {
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
    // The one that serves; the rest goes as the system gets round to it.
    are_left(&world, 1).await;
}

#[tokio::test]
async fn what_it_writes_is_bounded_and_need_not_be_text() {
    let world = World::new();
    world.configure(|version| version.timeout_s = 300);
    let long = act(&world, "one long line").await;
    assert_eq!(answer(&long), json!({ "do": "one long line" }));
    let kept: usize = messages(&world).iter().map(String::len).sum();
    assert!(kept <= 16 * 1024 * 1024, "{kept} bytes are kept of 32 MB");
    let garbage = act(&world, "garbage").await;
    assert_eq!(answer(&garbage), json!({ "do": "garbage" }));
    is_served(&world).await;
}

#[tokio::test]
async fn answers_that_are_not_asked_for_reach_nobody() {
    let world = World::new();
    assert_eq!(answer(&act(&world, "foreign").await), json!(400));
    assert_eq!(answer(&act(&world, "twice").await), json!("first"));
    // Lambda hands on what it is given; whether it is JSON is for whoever asked to see.
    assert_eq!(act(&world, "no json").await.payload, "{no json");
    is_served(&world).await;
    assert!(messages(&world).contains(&"the second was answered with 400".to_owned()), "{:?}", messages(&world));
}

#[tokio::test]
async fn a_function_that_goes_silent_is_timed_out_and_the_next_invocation_is_served() {
    let world = World::new();
    world.configure(|version| version.timeout_s = 1);
    let (kind, _) = failed(&act(&world, "gone").await);
    assert_eq!(kind, "Sandbox.Timedout");
    world.configure(|version| version.timeout_s = 20);
    is_served(&world).await;
}

#[tokio::test]
async fn a_start_that_hangs_is_tried_twice_and_timed_out() {
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
async fn an_idle_environment_is_held_to_its_limits_too() {
    let world = World::new();
    let pid = answer(&act(&world, "memory afterwards").await);
    has_ended(&pid).await;
    are_left(&world, 0).await;
    is_served(&world).await;
}

#[tokio::test]
async fn processes_that_left_group_and_parent_end_with_their_environment() {
    let world = World::new();
    let daemons = answer(&act(&world, "daemons").await);
    is_served(&world).await;
    are_left(&world, 4).await;
    world.cloud.functions.retire(REGION, FUNCTION);
    for daemon in daemons.as_array().unwrap() {
        has_ended(daemon).await;
    }
    are_left(&world, 0).await;
}

#[tokio::test]
async fn their_memory_counts_as_well() {
    let world = World::new();
    let killed = act(&world, "heavy daemons").await;
    assert_eq!(failed(&killed).0, "Runtime.ExitError");
    assert!(killed.log_tail.contains("Error Type: Runtime.OutOfMemory"), "{}", killed.log_tail);
    are_left(&world, 0).await;
    is_served(&world).await;
}

#[tokio::test]
async fn what_is_no_request_and_a_poll_that_is_broken_off_lose_nothing() {
    let world = World::new();
    for _ in 0..3 {
        for action in ["no http", "poll and leave"] {
            assert_eq!(answer(&act(&world, action).await), json!({ "do": action }));
            is_served(&world).await;
        }
    }
}

#[tokio::test]
async fn an_answer_without_an_end_is_too_large() {
    let world = World::new();
    let (kind, _) = failed(&act(&world, "endless").await);
    assert_eq!(kind, "Function.ResponseSizeTooLarge");
    is_served(&world).await;
}
