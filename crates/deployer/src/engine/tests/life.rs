//! How many calls and writes a stack needs from `up` to `down`, and how deep they depend on each other.
//!
//! The depth is printed and not asserted: it derives from the clock, and a busy machine makes it look deeper than it
//! is.

use local_aws::depth;

use super::*;

/// Longer than the local cloud needs for a call, so that calls that do not depend on each other overlap.
const LATENCY_MS: u64 = 40;

/// Calls and writes since the last time. Prints their depth as well.
#[expect(clippy::print_stdout, reason = "the figures are for people")]
fn cost(cloud: &Cloud, what: &str) -> (usize, usize) {
    let requests = cloud.server.requests();
    cloud.server.clear_requests();
    let writes = requests.iter().filter(|request| request.write).count();
    println!("{what}: {} calls, {writes} writes, {} deep", requests.len(), depth(&requests));
    (requests.len(), writes)
}

#[tokio::test]
async fn a_stack_needs_few_calls_from_up_to_down() {
    let mut cloud = Cloud::with(Faults { latency_ms: LATENCY_MS, ..Faults::default() }).await;
    cloud.server.clear_requests();

    cloud.up().await.unwrap();
    let (calls, writes) = cost(&cloud, "up from nothing");
    assert_eq!(writes, 16);
    assert!(calls <= 27, "{calls}");

    assert!(cloud.up().await.unwrap().is_noop());
    let (calls, writes) = cost(&cloud, "up with nothing to do");
    assert_eq!(writes, 0);
    assert!(calls <= 16, "{calls}");

    cloud.config.function.memory_mb = 512;
    cloud.up().await.unwrap();
    let (_, writes) = cost(&cloud, "up with another memory size");
    assert_eq!(writes, 1);

    cloud.down().await;
    let (_, writes) = cost(&cloud, "down");
    assert_eq!(writes, 7);
}
