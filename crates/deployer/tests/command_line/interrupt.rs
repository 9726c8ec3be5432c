//! Ctrl-C in the middle of a change: the calls under way end, and the same command goes on from there.

use std::{
    path::Path,
    process::{Child, Stdio},
};

use local_aws::{Faults, Options, Server, start};

use super::*;

/// A slow cloud of this process, and a folder with a stack to deploy to it.
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
        // Any program for this machine will do: nothing invokes the function.
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

    /// Runs, and interrupts once so many writes were answered.
    async fn interrupted(&self, arguments: &[&str], writes: usize) -> Output {
        self.server.clear_requests();
        let mut child = self.spawn(arguments);
        let pid = Pid::from_child(&child);
        while self.server.requests().iter().filter(|request| request.write).count() < writes {
            assert_eq!(child.try_wait().unwrap(), None, "it ended before {writes} writes");
            tokio::task::yield_now().await;
        }
        kill_process(pid, Signal::INT).unwrap();
        self.end(child).await
    }

    fn things(&self) -> (usize, usize, usize) {
        let state = self.server.state();
        let region = state.region("us-east-1").unwrap();
        (region.pools.len(), region.apis.len(), region.functions.len())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_ends_the_calls_under_way_and_the_next_run_goes_on() {
    let slow = Slow::start().await;
    let up = ["up", "--no-probe", "--yes"];
    for writes in [1, 6] {
        let output = slow.interrupted(&up, writes).await;
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!(said.contains("the calls under way end first"), "{said}");
        assert!(said.contains("error: interrupted: what was done stays"), "{said}");
        assert!(said.contains("the same command goes on from there"), "{said}");
        let made = slow.end(slow.spawn(&up)).await;
        assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
        assert_eq!(slow.things(), (1, 1, 1));

        let gone = slow.end(slow.spawn(&["down", "--yes"])).await;
        assert_eq!(gone.status.code(), Some(0), "{}", stderr(&gone));
        assert_eq!(slow.things(), (0, 0, 0));
    }
}
