//! Ctrl-C, and what ends a process from outside: SIGTERM, and SIGHUP of a terminal that goes away. While something is being changed it only asks: calls under way end, nothing new begins, and the command says
//! how to go on. A second one ends at once, as the first does while nothing is being changed.

use std::sync::LazyLock;

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

use crate::error::{Failure, Kind};

static ASKED: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::Sender::new(false));

/// Held by whoever changes something and stops by itself when asked to.
#[derive(Debug)]
pub struct Graceful(watch::Receiver<bool>);

impl Graceful {
    /// From here on until it is dropped.
    pub fn begin() -> Self {
        Self(ASKED.subscribe())
    }

    /// Whether to begin nothing new.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow()
    }
}

/// Ends when the process is to stop: `told` is called when it is only asked to.
pub async fn requested(told: impl FnOnce()) {
    wait().await;
    if ASKED.receiver_count() > 0 {
        ASKED.send_replace(true);
        told();
        wait().await;
    }
}

/// Ends when whoever changes something is asked to stop; else never.
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

/// What an interrupted command ends with.
pub fn failure() -> Failure {
    let failure = Failure::new(Kind::Interrupted, "interrupted: what was done stays");
    failure.hint("the same command goes on from there")
}
