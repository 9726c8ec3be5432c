//! Nothing is lost and nothing is created twice, whichever call fails and however.
//!
//! Every call of `up` from nothing, of an update and of `down` meets every fault once. A client that is killed is one
//! that is dropped while its call is held. Then the same command runs again, and must converge.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};

use super::*;

/// Cases that run side by side: most of a case is waiting between attempts.
const AT_ONCE: usize = 12;

const FAULTS: [(&str, Fault); 6] = [
    ("killed before", Fault::HoldBeforeEffect),
    ("killed after", Fault::HoldAfterEffect),
    ("lost before", Fault::DropBeforeEffect),
    ("lost after", Fault::DropAfterEffect),
    ("throttled", Fault::Throttle),
    ("error 500", Fault::Error500),
];

/// A command, and what exists before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Command {
    Up,
    Update,
    Down,
}

impl Command {
    /// A cloud with the state in `from`, and the configuration for the command.
    async fn prepare(self, from: &Path) -> Cloud {
        let folder = tempfile::tempdir().unwrap();
        copy_files(from, folder.path()).unwrap();
        let mut cloud = Cloud::on(folder, Faults::default()).await;
        if self == Self::Update {
            cloud.config.function.memory_mb = 512;
            cloud.config.auth.scopes = vec!["train".into()];
            cloud.config.auth.domain = Some("another".into());
            cloud.config.auth.deletion_protection = true;
            cloud.config.api.throttle_rate = Some(5.0);
        }
        cloud
    }

    async fn run(self, cloud: &Cloud) -> anyhow::Result<()> {
        let silent = Events::silent();
        let cx = cloud.context(&silent);
        let (_, world) = observe(&cloud.aws, &cloud.config, false).await?;
        if self == Self::Down {
            return destroy::destroy(cx, &world).await;
        }
        let plan = plan(&cloud.desired(), &world, &Options::default());
        plan.check()?;
        apply(cx, &cloud.desired(), &plan).await.map(drop)
    }

    /// In the end there must be exactly one of each thing, or nothing at all.
    async fn check(self, cloud: &Cloud, case: &str) {
        let state = cloud.server.state();
        let region = state.region("us-east-1").unwrap();
        let many = |pools: usize| usize::from(self != Self::Down) * pools;
        let there = [
            ("roles", state.iam.roles.len()),
            ("functions", region.functions.len()),
            ("log groups", region.log_groups.len()),
            ("pools", region.pools.len()),
            ("clients", region.pools.values().map(|pool| pool.clients.len()).sum()),
            ("domains", region.pools.values().filter(|pool| pool.domain.is_some()).count()),
            ("apis", region.apis.len()),
            ("authorizers", region.apis.values().map(|api| api.current.authorizers.len()).sum()),
            ("stages", region.apis.values().map(|api| api.stages.len()).sum()),
        ];
        for (what, count) in there {
            assert_eq!(count, many(1), "{case}: {what}");
        }
        let plan = cloud.plan().await;
        if self == Self::Down {
            assert!(cloud.world().await.is_empty(), "{case}");
        } else {
            assert_eq!(changed(&plan), [], "{case}");
            cloud.serves_what_is_configured();
        }
    }
}

/// The state of a stack that is up, where cases start.
pub(super) async fn stack_that_is_up() -> tempfile::TempDir {
    let cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    let Cloud { server, folder, .. } = cloud;
    server.stop().await;
    folder
}

/// The calls of a command without a fault: each operation, and how often it was sent before.
async fn calls(command: Command, from: &Path) -> Vec<(String, usize)> {
    let cloud = command.prepare(from).await;
    cloud.server.clear_requests();
    command.run(&cloud).await.unwrap();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let requests = cloud.server.requests().into_iter();
    let calls = requests.map(|request| {
        let before = seen.entry(request.operation.clone()).or_default();
        *before += 1;
        (request.operation, *before - 1)
    });
    calls.collect()
}

/// Returns how many runs it took after the one that met the fault. A killed client may leave a call in flight that has
/// its effect only after the next run has read the state; the run after that finds both things and keeps one.
async fn survives(command: Command, from: &Path, call: &(String, usize), name: &str, fault: Fault) -> usize {
    let case = format!("{} #{} {name}", call.0, call.1);
    let cloud = command.prepare(from).await;
    for _ in 0..call.1 {
        cloud.server.fail_next(&call.0, Fault::Pass);
    }
    cloud.server.fail_next(&call.0, fault);
    let ended = tokio::select! {
        ended = command.run(&cloud) => Some(ended),
        () = cloud.server.held() => None,
    };
    let killed = matches!(fault, Fault::HoldBeforeEffect | Fault::HoldAfterEffect);
    assert_eq!(ended.is_none(), killed, "{case}: it met its fault");
    let again = async || {
        command.run(&cloud).await.unwrap_or_else(|error| panic!("{case}: the next run fails: {error:#}"));
    };
    again().await;
    let late = killed && command != Command::Down && !cloud.plan().await.is_noop();
    if late {
        again().await;
    }
    command.check(&cloud, &case).await;
    cloud.server.stop().await;
    1 + usize::from(late)
}

#[expect(clippy::print_stdout, reason = "the figures are for people")]
async fn matrix(what: &str, command: Command, from: &Path) {
    let calls = calls(command, from).await;
    let cases = calls.iter().flat_map(|call| FAULTS.map(|(name, fault)| (call, name, fault)));
    let runs: Vec<usize> = stream::iter(cases)
        .map(|(call, name, fault)| survives(command, from, call, name, fault))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let (survived, twice) = (runs.len(), runs.iter().filter(|runs| **runs > 1).count());
    println!("{what}: {} calls × {} faults, {survived} survived, {twice} in two runs", calls.len(), FAULTS.len());
    assert_eq!(survived, calls.len() * FAULTS.len());
}

#[tokio::test]
async fn up_from_nothing_survives_every_fault_at_every_call() {
    let nothing = tempfile::tempdir().unwrap();
    matrix("up from nothing", Command::Up, nothing.path()).await;
}

#[tokio::test]
async fn an_update_survives_every_fault_at_every_call() {
    let up = stack_that_is_up().await;
    matrix("an update", Command::Update, up.path()).await;
}

#[tokio::test]
async fn down_survives_every_fault_at_every_call() {
    let up = stack_that_is_up().await;
    matrix("down", Command::Down, up.path()).await;
}
