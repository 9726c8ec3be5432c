//! Warm and cold environments: how many there are, how they end, and what they log.

use super::*;

#[tokio::test]
async fn the_second_invocation_uses_the_warm_environment() {
    let world = World::new();
    let cold = act(&world, "pid").await;
    let warm = act(&world, "pid").await;
    assert_eq!(payload(&cold), payload(&warm));
    assert!(cold.function_error.is_none());
    let lines: Vec<&str> = cold.log_tail.lines().collect();
    assert!(lines[0].starts_with("START RequestId: ") && lines[0].ends_with(" Version: $LATEST"), "{lines:?}");
    assert!(lines[1].starts_with("doing pid "), "{lines:?}");
    assert!(lines[2].starts_with("END RequestId: "), "{lines:?}");
    assert!(lines[3].contains("\tMemory Size: 128 MB\t") && lines[3].contains("\tInit Duration: "), "{lines:?}");
    assert!(!warm.log_tail.contains("Init Duration") && !warm.log_tail.contains("Max Memory Used: 0 MB"));
    let streams = world.cloud.functions.log_events(REGION, LOG_GROUP);
    assert_eq!(streams.len(), 1);
    assert_eq!(messages(&world).len(), 8);
    assert!(streams.keys().all(|name| name.contains("/[$LATEST]") && name.len() == 52), "{:?}", streams.keys());
}

#[tokio::test]
async fn the_function_sees_only_lambdas_variables_and_its_own() {
    let world = World::new();
    world.configure(|version| {
        version.environment.insert("PATH".to_owned(), "/usr/bin:/bin".to_owned());
        version.environment.insert("AWS_REGION".to_owned(), "elsewhere".to_owned());
    });
    let variables = payload(&act(&world, "variables").await);
    let variables = variables.as_object().unwrap();
    let names: Vec<&str> = variables.keys().map(String::as_str).filter(|name| *name != "LC_CTYPE").collect();
    let expected = [
        "AWS_DEFAULT_REGION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_FORMAT",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
        "LANG",
        "PATH",
        "TOP_K",
        "TZ",
        "_HANDLER",
    ];
    assert_eq!(names, expected);
    assert_eq!(variables["PATH"], "/usr/bin:/bin");
    assert_eq!(variables["AWS_REGION"], REGION);
    assert_eq!(variables["TOP_K"], "3");
}

#[tokio::test]
async fn without_a_log_group_events_are_lost_but_the_tail_is_kept() {
    let world = World::new();
    world.change(|state| state.region_mut(REGION).log_groups.clear());
    let invocation = act(&world, "pid").await;
    assert!(invocation.log_tail.contains("doing pid"));
    assert!(messages(&world).is_empty());
}

#[tokio::test]
async fn excessive_output_is_truncated_and_does_not_block_the_function() {
    let world = World::new();
    let invocation = act(&world, "flood").await;
    assert_eq!(payload(&invocation), json!({ "do": "flood" }));
    assert!(invocation.log_tail.len() <= 4096);
    assert!(invocation.log_tail.contains("line 59999"), "{}", invocation.log_tail);
    assert_eq!(messages(&world).len(), 10_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_invocations_get_separate_environments_up_to_the_limit() {
    let world = World::new();
    let count = environment_limit() + 2;
    let invocations = (0..count).map(|number| {
        let cloud = world.cloud.clone();
        let version = cloud.store.read(|state| state.regions[REGION].functions[FUNCTION].latest.clone());
        tokio::spawn(async move {
            let event = Bytes::from(json!({ "do": "nap", "number": number }).to_string());
            cloud.functions.invoke(REGION, FUNCTION, &version, event).await
        })
    });
    for (number, invocation) in invocations.collect::<Vec<_>>().into_iter().enumerate() {
        let output = payload(&invocation.await.unwrap().unwrap());
        assert_eq!(output["number"], number, "every caller gets the response to its own event");
    }
    let count = environments(world.dir.path());
    assert!((2..=environment_limit()).contains(&count), "{count}");
}

#[tokio::test]
async fn reserved_concurrency_throttles() {
    let world = World::new();
    world.change(|state| {
        state.region_mut(REGION).functions.get_mut(FUNCTION).unwrap().reserved_concurrency = Some(1);
    });
    let (first, second) = tokio::join!(invoke(&world, json!({ "do": "nap" })), invoke(&world, json!({})));
    assert!(first.is_ok());
    assert!(matches!(second, Err(InvokeError::Throttled)));
    for _ in 0..20 {
        assert!(invoke(&world, json!({})).await.is_ok(), "the slot is free once the caller has the result");
    }
}

#[tokio::test]
async fn retiring_stops_idle_environments_at_once_and_busy_ones_afterwards() {
    let world = World::new();
    let idle = payload(&act(&world, "pid").await);
    assert!(is_running(&idle));
    world.cloud.functions.retire(REGION, FUNCTION);
    has_ended(&idle).await;
    no_environments(&world).await;
    let busy = invoke(&world, json!({ "do": "nap" }));
    let retire = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        world.cloud.functions.retire(REGION, FUNCTION);
    };
    let (output, ()) = tokio::join!(busy, retire);
    assert_eq!(payload(&output.unwrap()), json!({ "do": "nap" }));
    no_environments(&world).await;
}

#[tokio::test]
async fn a_changed_configuration_gets_a_new_environment() {
    let world = World::new();
    let one = payload(&act(&world, "pid").await);
    world.configure(|version| version.memory_mb = 256);
    let two = act(&world, "pid").await;
    assert_ne!(one, payload(&two));
    assert!(two.log_tail.contains("Memory Size: 256 MB"));
}

#[tokio::test]
async fn child_processes_end_with_their_environment() {
    let world = World::new();
    let forks = payload(&act(&world, "fork").await);
    assert!(is_running(&forks[0]) && is_running(&forks[1]));
    world.cloud.functions.retire(REGION, FUNCTION);
    has_ended(&forks[0]).await;
    has_ended(&forks[1]).await;
}

#[tokio::test]
async fn an_environment_that_is_idle_too_long_is_stopped() {
    let world = World::new();
    let pid = payload(&act(&world, "pid").await);
    world.cloud.functions.pool.stop_idle_for(Duration::from_secs(60));
    assert!(is_running(&pid));
    world.cloud.functions.pool.stop_idle_for(Duration::ZERO);
    has_ended(&pid).await;
}

#[tokio::test]
async fn an_invocation_continues_when_its_caller_stops_waiting() {
    let world = World::new();
    let left = tokio::time::timeout(Duration::from_millis(250), invoke(&world, json!({ "do": "nap" }))).await;
    assert!(left.is_err());
    for _ in 0..1000 {
        if messages(&world).iter().any(|line| line.starts_with("REPORT")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no report: {:?}", messages(&world));
}

#[tokio::test]
async fn shutdown_kills_all_processes() {
    let world = World::new();
    let idle = payload(&act(&world, "pid").await);
    let busy = invoke(&world, json!({ "do": "hang" }));
    let stop = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.cloud.functions.shutdown();
    };
    let begun = Instant::now();
    let (output, ()) = tokio::join!(busy, stop);
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(output.is_err() || output.is_ok_and(|output| output.function_error.is_some()));
    has_ended(&idle).await;
    assert!(matches!(invoke(&world, json!({})).await, Err(InvokeError::BadCode(_))));
    no_environments(&world).await;
}

#[tokio::test]
async fn processes_of_a_crashed_server_are_killed_by_the_next_one() {
    let world = World::new();
    let root = std::path::absolute(world.dir.path()).unwrap().join("environments");
    std::fs::create_dir_all(root.join("old/task")).unwrap();
    let mut stray =
        std::process::Command::new("sleep").arg("60").env("LAMBDA_TASK_ROOT", root.join("old/task")).spawn().unwrap();
    // The kernel may show the variables of a new process only after spawn has returned.
    while process::processes_below(&root).is_empty() && stray.try_wait().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    act(&world, "pid").await;
    let killed = !stray.wait().unwrap().success();
    assert!(killed && !root.join("old").exists());
}
