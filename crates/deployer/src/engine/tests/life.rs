//! What a stack's life costs: calls, writes, and how deep they depend on each other.
//!
//! The depth is told and not held: it is read from the clock, and a busy machine makes it look deeper than it is.

use local_aws::depth;

use super::*;

/// Longer than the local cloud takes for a call of its own, so that what could be sent at once is under way at once.
const LATENCY_MS: u64 = 40;

/// Calls and writes of what was asked since the last time; tells their depth as well.
#[expect(clippy::print_stdout, reason = "the figures are for people")]
fn cost(cloud: &Cloud, what: &str) -> (usize, usize) {
    let requests = cloud.server.requests();
    cloud.server.clear_requests();
    let writes = requests.iter().filter(|request| request.write).count();
    println!("{what}: {} calls, {writes} writes, {} deep", requests.len(), depth(&requests));
    (requests.len(), writes)
}

#[tokio::test]
async fn a_life_costs_what_it_must() {
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
