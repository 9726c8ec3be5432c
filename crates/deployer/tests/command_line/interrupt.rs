//! Ctrl-C in the middle of a change: calls in flight finish, and the next run of the command continues.

use std::{
    path::Path,
    process::{Child, Stdio},
};

use local_aws::{Faults, Options, Server, start};

use super::*;

/// A slow local cloud in this process, and a folder with a stack to deploy to it.
struct Slow {
    server: Server,
    folder: TempDir,
}

impl Slow {
    async fn start() -> Self {
        let folder = folder();
        let faults = Faults { latency_ms: 120, ..Faults::default() };
        let server = start(Options { faults, ..Options::new(folder.path().join("cloud")) }).await.unwrap();
        let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../model/mnist.onnx");
        // Any program of this machine will do, because nothing invokes the function.
        let text = format!(
            "name = \"mnist\"\n[model]\npath = \"{}\"\n[function]\nbootstrap = \"/bin/true\"\n",
            model.display()
        );
        fs::write(folder.path().join("deploy.toml"), text).unwrap();
        Self { server, folder }
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        let credentials = self.server.credentials();
        let mut command = deployer(self.folder.path());
        command
            .args(arguments)
            .env("AWS_ENDPOINT_URL", self.server.endpoint())
            .env("AWS_REGION", "us-east-1")
            .env("AWS_ACCESS_KEY_ID", &credentials.access_key_id)
            .env("AWS_SECRET_ACCESS_KEY", &credentials.secret_access_key)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    async fn end(&self, child: Child) -> Output {
        tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap()
    }

    /// Runs the command and interrupts it after that many calls and writes. `None` if it ended before.
    async fn interrupted(&self, arguments: &[&str], calls: usize, writes: usize) -> Option<Output> {
        self.server.clear_requests();
        let mut child = self.spawn(arguments);
        let pid = Pid::from_child(&child);
        let reached = || {
            let requests = self.server.requests();
            requests.len() >= calls && requests.iter().filter(|request| request.write).count() >= writes
        };
        while !reached() {
            if child.try_wait().unwrap().is_some() {
                return None;
            }
            tokio::task::yield_now().await;
        }
        kill_process(pid, Signal::INT).unwrap();
        Some(self.end(child).await)
    }

    fn things(&self) -> (usize, usize, usize) {
        let state = self.server.state();
        let region = state.region("us-east-1").unwrap();
        (region.pools.len(), region.apis.len(), region.functions.len())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_finishes_the_calls_in_flight_and_the_next_run_continues() {
    let slow = Slow::start().await;
    let up = ["up", "--no-probe", "--yes"];
    for writes in [1, 6] {
        let output = slow.interrupted(&up, 0, writes).await.unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(said.contains("finishing calls in flight; press Ctrl-C again to stop now"), "{said}");
        assert!(said.contains("error: interrupted: completed changes remain"), "{said}");
        assert!(said.contains("run the same command again to continue"), "{said}");
        let made = slow.end(slow.spawn(&up)).await;
        assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
        assert_eq!(slow.things(), (1, 1, 1));

        let gone = slow.end(slow.spawn(&["down", "--yes"])).await;
        assert_eq!(gone.status.code(), Some(0), "{}", stderr(&gone));
        assert_eq!(slow.things(), (0, 0, 0));
    }
}

/// Calls between two interrupts; `DEPLOYER_TEST_INTERRUPTS=1` interrupts at every call.
fn stride() -> usize {
    std::env::var("DEPLOYER_TEST_INTERRUPTS").ok().and_then(|text| text.parse().ok()).unwrap_or(9)
}

/// Whether the command was interrupted, and then said how to continue. Otherwise it must have finished its work.
fn ended_well(output: &Output, moment: &str) -> bool {
    let said = stderr(output);
    assert!(!said.contains("panicked"), "{moment}: {said}");
    match output.status.code() {
        Some(130) => {
            assert!(said.contains("run the same command again to continue"), "{moment}: {said}");
            true
        }
        code => {
            assert_eq!(code, Some(0), "{moment}: {said}");
            false
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stdout, reason = "the figures are for people")]
async fn at_any_moment_an_interrupt_tears_nothing() {
    let slow = Slow::start().await;
    let (up, down) = (["up", "--no-probe", "--yes"], ["down", "--yes"]);
    let (mut moments, mut interrupted) = (0, 0);
    // Before its first call the process may not handle signals yet, and is simply killed.
    for calls in (1..60).step_by(stride()) {
        let Some(output) = slow.interrupted(&up, calls, 0).await else { break };
        moments += 1;
        interrupted += usize::from(ended_well(&output, &format!("up after {calls} calls")));
        let made = slow.end(slow.spawn(&up)).await;
        assert_eq!(made.status.code(), Some(0), "after {calls} calls: {}", stderr(&made));
        assert_eq!(slow.things(), (1, 1, 1), "after {calls} calls");

        // Interrupts `down` at the same call, then runs it to its end.
        if let Some(output) = slow.interrupted(&down, calls, 0).await {
            moments += 1;
            interrupted += usize::from(ended_well(&output, &format!("down after {calls} calls")));
        }
        let gone = slow.end(slow.spawn(&down)).await;
        assert_eq!(gone.status.code(), Some(0), "after {calls} calls: {}", stderr(&gone));
        assert_eq!(slow.things(), (0, 0, 0), "after {calls} calls");
    }
    println!("{moments} moments, {interrupted} ended with 130, the others had done their work");
    assert!(interrupted > 3);
}
