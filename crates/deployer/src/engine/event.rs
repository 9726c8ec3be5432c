//! What the engine tells the user interface while it works. Only `ui` prints.

use super::plan::{Action, ResourceKind};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A step began.
    Started {
        /// Which resource.
        resource: ResourceKind,
        /// What is being done to it.
        action: Action,
    },
    /// A step waits for something, and why: `role not assumable yet`, `function Pending`.
    Waiting {
        /// Which resource.
        resource: ResourceKind,
        /// For what.
        reason: String,
    },
    /// A step is done.
    Done {
        /// Which resource.
        resource: ResourceKind,
        /// What was done.
        action: Action,
        /// Physical name or AWS id.
        id: String,
        /// How long it took.
        elapsed_ms: u64,
    },
    /// A step failed; the error itself is returned by the engine.
    Failed {
        /// Which resource.
        resource: ResourceKind,
    },
    /// Work that is no resource: `packaging`, `probing the endpoint`.
    Note(String),
}

/// Where events go. Sending never blocks and never fails.
#[derive(Debug, Clone)]
pub struct Events(Option<tokio::sync::mpsc::UnboundedSender<Event>>);

impl Events {
    /// Events that are heard by the other end.
    pub fn channel() -> (Self, tokio::sync::mpsc::UnboundedReceiver<Event>) {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        (Self(Some(sender)), receiver)
    }

    /// Events that nobody hears.
    pub fn silent() -> Self {
        Self(None)
    }

    /// Tells.
    pub fn send(&self, event: Event) {
        if let Some(sender) = &self.0 {
            // A listener that has gone away wants to hear no more.
            let _ = sender.send(event);
        }
    }
}
