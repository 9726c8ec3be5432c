//! Ctrl-C, and the other signals that end a process: SIGTERM, and SIGHUP when the terminal closes.
//!
//! While a command is changing something, the first signal is a request: calls in flight finish, nothing new starts,
//! and the command says how to continue. A second signal ends the process immediately. So does the first while nothing
//! is being changed.

use std::sync::LazyLock;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::error::{Failure, Kind};

static ASKED: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));

/// Held by code that changes something and that stops by itself on request.
#[derive(Debug)]
pub struct Graceful(watch::Receiver<bool>);

impl Graceful {
    /// Signals are requests from here on, until the value is dropped.
    pub fn begin() -> Self {
        Self(ASKED.subscribe())
    }

    /// Whether to start nothing new.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }
}

/// Returns when the process must stop. Calls `on_request` if the first signal is only a request.
pub async fn requested(on_request: impl FnOnce()) {
    wait().await;
    if ASKED.receiver_count() > 0 {
        ASKED.send_replace(true);
        on_request();
        wait().await;
    }
}

/// Returns when running changes are asked to stop; otherwise never.
pub async fn asked() {
    // The sender is never dropped.
    let _ = ASKED.subscribe().wait_for(|asked| *asked).await;
}

async fn wait() {
    let one = async |kind| match signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = one(SignalKind::interrupt()) => {}
        () = one(SignalKind::terminate()) => {}
        () = one(SignalKind::hangup()) => {}
    }
}

/// The error of an interrupted command.
pub fn failure() -> Failure {
    let failure = Failure::new(Kind::Interrupted, "interrupted: completed changes remain");
    failure.hint("run the same command again to continue")
}
