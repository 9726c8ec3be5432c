//! Two runs on one stack at the same time: nothing is created twice, nothing is mixed, and the run that gives way says
//! why.
//!
//! In every case the second starts a little later, so that the runs meet at different calls. `DEPLOYER_TEST_RACES` sets
//! how many cases a scenario has.

use std::time::Duration;

use futures_util::{StreamExt as _, stream};

use super::{faults::stack_that_is_up, *};
use crate::{
    error::{Failure, Kind, kind_of},
    resources::{app_client, function, permission, rest_api, role},
};

/// Cases that run side by side.
const AT_ONCE: usize = 6;

/// How long a call takes, so that two runs of a dozen dependent calls overlap for a while.
const LATENCY_MS: u64 = 6;

/// From the first call of a run to its last.
const RUN_MS: u64 = 130;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Up,
    /// `up` with another memory size, another scope and another rate.
    Changed,
    Down,
}

impl Run {
    fn config(self, config: &Config) -> Config {
        let mut config = config.clone();
        if self == Self::Changed {
            config.function.memory_mb = 512;
            config.auth.scopes = vec!["train".into()];
            config.api.throttle_rate = Some(5.0);
        }
        config
    }

    fn desired(self, cloud: &Cloud) -> Desired {
        Desired::new(&self.config(&cloud.config), &cloud.id, Some(code("#!/bin/sh\n"))).unwrap()
    }

    /// As the command does it, without the probe.
    async fn run(self, cloud: &Cloud) -> anyhow::Result<()> {
        let silent = Events::silent();
        let (cx, desired) = (cloud.context(&silent), self.desired(cloud));
        let (_, world) = observe(&cloud.aws, &self.config(&cloud.config), false).await?;
        if self == Self::Down {
            return destroy::destroy(cx, &world).await;
        }
        let plan = plan(&desired, &world, &Options::default());
        plan.check()?;
        let applied = apply(cx, &desired, &plan).await?;
        check_unchanged(cx, &desired, &applied).await
    }

    async fn is_done(self, cloud: &Cloud) -> bool {
        let (_, world) = observe(&cloud.aws, &self.config(&cloud.config), false).await.unwrap();
        match self {
            Self::Down => world.is_empty(),
            _ => plan(&self.desired(cloud), &world, &Options::default()).is_noop(),
        }
    }
}

/// What somebody deleted before, so that both runs create it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    Nothing,
    Pool,
    Api,
    Client,
    Permission,
}

impl Missing {
    async fn delete(self, cloud: &Cloud) {
        let silent = Events::silent();
        let (cx, world) = (cloud.context(&silent), cloud.world().await);
        let deleted = match self {
            Self::Nothing => Ok(()),
            Self::Pool => destroy::delete_pool(cx, world.user_pool.pool.owned().unwrap()).await,
            Self::Api => rest_api::delete(cx, &world.rest_api.api.owned().unwrap().id).await,
            Self::Client => {
                let pool = world.user_pool.pool.owned().unwrap();
                app_client::delete(cx, &pool.id, &world.app_client.owned().unwrap().id).await
            }
            Self::Permission => permission::delete(cx, permission::STATEMENT).await,
        };
        deleted.unwrap();
    }
}

/// How two runs ended.
#[derive(Debug, Default)]
struct Ends {
    both: usize,
    one: usize,
    none: usize,
    /// Cases that one run won, and in which the loser wrote something after the winner had ended. The loser reports it.
    after: usize,
}

/// Nothing exists twice, whichever run won.
fn nothing_twice(cloud: &Cloud, case: &str) {
    let state = cloud.server.state();
    let region = state.region("us-east-1").unwrap();
    let there = [
        ("pools", region.pools.len()),
        ("clients", region.pools.values().map(|pool| pool.clients.len()).sum()),
        ("apis", region.apis.len()),
        ("authorizers", region.apis.values().map(|api| api.current.authorizers.len()).sum()),
    ];
    for (what, count) in there {
        assert!(count <= 1, "{case}: {count} {what}");
    }
}

/// Whether a loser says that there was another run, and what to do.
fn is_clear(error: &anyhow::Error) -> bool {
    let hint = error.downcast_ref::<Failure>().and_then(|failure| failure.hint.as_deref()).unwrap_or_default();
    let said = format!("{error:#} {hint}");
    said.contains("another run") && (kind_of(error) == Kind::Conflict || hint.contains("run the same command again"))
}

async fn race(from: &Path, runs: [Run; 2], missing: Missing, offset: Duration) -> ([bool; 2], bool) {
    let case = format!("{runs:?} without {missing:?}, {offset:?} later");
    let folder = tempfile::tempdir().unwrap();
    copy_files(from, folder.path()).unwrap();
    let cloud = Cloud::on(folder, Faults { latency_ms: LATENCY_MS, ..Faults::default() }).await;
    missing.delete(&cloud).await;
    let ends = tokio::join!(runs[0].run(&cloud), async {
        tokio::time::sleep(offset).await;
        runs[1].run(&cloud).await
    });
    for error in [&ends.0, &ends.1].into_iter().filter_map(|end| end.as_ref().err()) {
        assert!(is_clear(error), "{case}: {error:#} {error:?}");
    }
    let won = [ends.0.is_ok(), ends.1.is_ok()];
    nothing_twice(&cloud, &case);
    // Of two runs that report success, the later one is right. `down` deletes what it has seen; an `up` that fails
    // reports what it created after that.
    let done = [runs[0].is_done(&cloud).await, runs[1].is_done(&cloud).await];
    assert!(won != [true, true] || done.contains(&true), "{case}: a mixture");
    let after = won != [true, true] && (won[0] && !done[0] || won[1] && !done[1]);
    for run in runs {
        run.run(&cloud).await.unwrap_or_else(|error| panic!("{case}: the next {run:?} fails: {error:#}"));
        assert!(run.is_done(&cloud).await, "{case}: {run:?} has converged");
        nothing_twice(&cloud, &case);
    }
    cloud.server.stop().await;
    (won, after)
}

#[expect(clippy::print_stdout, reason = "the figures are for people")]
async fn races(what: &str, from: &Path, runs: [Run; 2], missing: Missing) -> Ends {
    let many = std::env::var("DEPLOYER_TEST_RACES").ok().and_then(|many| many.parse().ok()).unwrap_or(8);
    let mut ends = Ends::default();
    let offsets = (0..many).map(|case| Duration::from_micros(1_000 * RUN_MS * case / many));
    let cases = stream::iter(offsets).map(|offset| race(from, runs, missing, offset));
    for (won, after) in cases.buffer_unordered(AT_ONCE).collect::<Vec<_>>().await {
        ends.after += usize::from(after);
        match won {
            [true, true] => ends.both += 1,
            [false, false] => ends.none += 1,
            _ => ends.one += 1,
        }
    }
    println!("{what}: {many} races: {ends:?}");
    ends
}

#[tokio::test]
async fn two_ups_from_nothing() {
    let nothing = tempfile::tempdir().unwrap();
    races("two ups from nothing", nothing.path(), [Run::Up, Run::Up], Missing::Nothing).await;
}

#[tokio::test]
async fn two_different_ups_from_nothing() {
    let nothing = tempfile::tempdir().unwrap();
    races("two different ups from nothing", nothing.path(), [Run::Up, Run::Changed], Missing::Nothing).await;
}

#[tokio::test]
async fn two_different_updates() {
    let up = stack_that_is_up().await;
    races("two different updates", up.path(), [Run::Up, Run::Changed], Missing::Nothing).await;
}

#[tokio::test]
async fn up_and_down() {
    let up = stack_that_is_up().await;
    races("an update and down", up.path(), [Run::Changed, Run::Down], Missing::Nothing).await;
    races("down and an update", up.path(), [Run::Down, Run::Changed], Missing::Nothing).await;
    let nothing = tempfile::tempdir().unwrap();
    races("up from nothing and down", nothing.path(), [Run::Up, Run::Down], Missing::Nothing).await;
}

/// Lambda answers that it cannot be assumed, as it does for a new role.
#[tokio::test]
async fn a_role_that_down_has_deleted_is_not_waited_for() {
    let cloud = Cloud::start().await;
    cloud.up().await.unwrap();
    let silent = Events::silent();
    let cx = cloud.context(&silent);
    function::delete(cx).await.unwrap();
    let plan = cloud.plan().await;
    role::delete(cx).await.unwrap();
    let error = apply(cx, &cloud.desired(), &plan).await.map(drop).unwrap_err();
    assert!(is_clear(&error) && error.to_string().contains("its role"), "{error:#}");
}

#[tokio::test]
async fn two_repairs() {
    let up = stack_that_is_up().await;
    for missing in [Missing::Pool, Missing::Api, Missing::Client, Missing::Permission] {
        let what = format!("two repairs without {missing:?}");
        races(&what, up.path(), [Run::Up, Run::Up], missing).await;
    }
}

/// Ten stacks of one account come up side by side under the rates that AWS documents, and are deleted again. AWS
/// deletes one API in 30 s for the whole account, so ten `down`s take five minutes: `DEPLOYER_TEST_STACKS` sets how
/// many are deleted.
#[tokio::test]
#[expect(clippy::print_stdout, reason = "the figures are for people")]
async fn ten_stacks_at_once_under_the_documented_rates() {
    const STACKS: usize = 10;
    let gone: usize = std::env::var("DEPLOYER_TEST_STACKS").ok().and_then(|many| many.parse().ok()).unwrap_or(1);
    let cloud = Cloud::with(Faults { throttle: true, ..Faults::default() }).await;
    let silent = Events::silent();
    let stacks: Vec<_> = (0..STACKS)
        .map(|number| {
            let mut config = cloud.config.clone();
            config.name = format!("stack{number}");
            let id = cloud.id.renamed(&config.name);
            let desired = Desired::new(&config, &id, Some(code("#!/bin/sh\n"))).unwrap();
            (config, id, desired)
        })
        .collect();
    let begin = std::time::Instant::now();
    let up = async |(config, id, desired): &(Config, StackId, Desired)| {
        let cx = Context { aws: &cloud.aws, id, events: &silent };
        let (_, world) = observe(&cloud.aws, config, false).await?;
        let plan = plan(desired, &world, &Options::default());
        plan.check()?;
        apply(cx, desired, &plan).await.map(drop)
    };
    let down = async |(config, id, _): &(Config, StackId, Desired)| {
        let cx = Context { aws: &cloud.aws, id, events: &silent };
        let (_, world) = observe(&cloud.aws, config, false).await?;
        destroy::destroy(cx, &world).await?;
        anyhow::Ok(observe(&cloud.aws, config, false).await?.1.is_empty())
    };
    for made in futures_util::future::join_all(stacks.iter().map(up)).await {
        made.unwrap();
    }
    let state = cloud.server.state();
    let region = state.region("us-east-1").unwrap();
    assert_eq!((region.apis.len(), region.pools.len(), region.functions.len()), (STACKS, STACKS, STACKS));
    let throttled = cloud.server.requests().iter().filter(|request| [429, 400].contains(&request.status)).count();
    println!("{STACKS} stacks up in {:.0} s, {throttled} calls throttled", begin.elapsed().as_secs_f64());
    let begin = std::time::Instant::now();
    for empty in futures_util::future::join_all(stacks.iter().take(gone).map(down)).await {
        assert!(empty.unwrap());
    }
    println!("{gone} stacks gone in {:.0} s", begin.elapsed().as_secs_f64());
    assert_eq!(cloud.server.state().region("us-east-1").unwrap().apis.len(), STACKS - gone);
}
