//! What the engine reports to the user interface while it works. Only `ui` prints.

use std::time::Instant;

use super::{action::Action, kind::ResourceKind, timeline::Timeline};

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A step began.
    Started { resource: ResourceKind, action: Action },
    /// A step waits; for example `role not assumable yet`, `function Pending`.
    Waiting { resource: ResourceKind, reason: String },
    /// A step is done.
    Done {
        resource: ResourceKind,
        action: Action,
        /// Physical name or AWS id.
        id: String,
        elapsed_ms: u64,
    },
    /// A step failed; the error itself is returned by the engine.
    Failed { resource: ResourceKind },
    /// Work that belongs to no resource: `packaging`, `probing the endpoint`.
    Note(String),
}

/// Where events go. Sending never blocks and never fails.
#[derive(Debug, Clone)]
pub struct Events {
    sender: Option<tokio::sync::mpsc::UnboundedSender<Event>>,
    /// Records the times of steps, if requested.
    timeline: Option<Timeline>,
}

impl Events {
    /// A sender of events, and its receiver.
    pub fn channel() -> (Self, tokio::sync::mpsc::UnboundedReceiver<Event>) {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        (Self { sender: Some(sender), timeline: None }, receiver)
    }

    /// Events that nobody receives.
    pub fn silent() -> Self {
        Self { sender: None, timeline: None }
    }

    /// Events of work that outlives their present receiver. The holder of the receiver passes them on.
    pub fn relayed(&self) -> (Self, tokio::sync::mpsc::UnboundedReceiver<Event>) {
        let (events, receiver) = Self::channel();
        (Self { timeline: self.timeline.clone(), ..events }, receiver)
    }

    /// The same events, with the times of steps recorded in a timeline.
    pub fn timed(&self, timeline: &Timeline) -> Self {
        Self { sender: self.sender.clone(), timeline: Some(timeline.clone()) }
    }

    /// Records that a step which began at `begin` is done.
    pub fn done(&self, step: &str, begin: Instant) {
        if let Some(timeline) = &self.timeline {
            timeline.done(step, begin);
        }
    }

    pub fn send(&self, event: Event) {
        if let Some(sender) = &self.sender {
            // Fails only if the receiver was dropped; then nobody wants the events.
            let _ = sender.send(event);
        }
    }
}
