//! What a stack's life costs: calls, writes, and how deep they depend on each other.

use local_aws::depth;

use super::*;

/// Longer than the local cloud takes for a call of its own, so that what could be sent at once is under way at once.
const LATENCY_MS: u64 = 40;

/// Calls, writes and depth of what was asked since the last time.
#[expect(clippy::print_stdout, reason = "the figures are for people")]
fn cost(cloud: &Cloud, what: &str) -> (usize, usize, usize) {
    let requests = cloud.server.requests();
    cloud.server.clear_requests();
    let writes = requests.iter().filter(|request| request.write).count();
    let cost = (requests.len(), writes, depth(&requests));
    println!("{what}: {} calls, {} writes, {} deep", cost.0, cost.1, cost.2);
    cost
}

#[tokio::test]
async fn a_life_costs_what_it_must() {
    let mut cloud = Cloud::with(Faults { latency_ms: LATENCY_MS, ..Faults::default() }).await;
    let identify = async |cloud: &Cloud| drop(cloud.aws.identify(&cloud.config).await.unwrap());
    cloud.server.clear_requests();

    identify(&cloud).await;
    cloud.up().await.unwrap();
    let (_, writes, deep) = cost(&cloud, "up from nothing");
    assert_eq!(writes, 16);
    assert!(deep <= 12, "{deep}");

    identify(&cloud).await;
    assert!(cloud.up().await.unwrap().is_noop());
    let (calls, writes, deep) = cost(&cloud, "up with nothing to do");
    assert_eq!(writes, 0);
    assert!(calls <= 16 && deep <= 4, "{calls} calls, {deep} deep");

    cloud.config.function.memory_mb = 512;
    identify(&cloud).await;
    cloud.up().await.unwrap();
    let (_, writes, _) = cost(&cloud, "up with another memory size");
    assert_eq!(writes, 1);

    identify(&cloud).await;
    cloud.down().await;
    let (_, writes, deep) = cost(&cloud, "down");
    assert_eq!(writes, 7);
    assert!(deep <= 7, "{deep}");
}
