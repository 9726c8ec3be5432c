//! What the engine tells the user interface while it works. Only `ui` prints.

use std::time::Instant;

use super::{action::Action, kind::ResourceKind, timeline::Timeline};

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
pub struct Events {
    sender: Option<tokio::sync::mpsc::UnboundedSender<Event>>,
    /// Where steps are kept with their times, where somebody wants that.
    timeline: Option<Timeline>,
}

impl Events {
    /// Events that are heard by the other end.
    pub fn channel() -> (Self, tokio::sync::mpsc::UnboundedReceiver<Event>) {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        (Self { sender: Some(sender), timeline: None }, receiver)
    }

    /// Events that nobody hears.
    pub fn silent() -> Self {
        Self { sender: None, timeline: None }
    }

    /// Events of something that outlives who hears them now: they come out at the other end, and are passed on from there.
    pub fn relayed(&self) -> (Self, tokio::sync::mpsc::UnboundedReceiver<Event>) {
        let (events, receiver) = Self::channel();
        (Self { timeline: self.timeline.clone(), ..events }, receiver)
    }

    /// The same, with steps kept there.
    pub fn timed(&self, timeline: &Timeline) -> Self {
        Self { sender: self.sender.clone(), timeline: Some(timeline.clone()) }
    }

    /// Keeps a step that began then and is done now.
    pub fn done(&self, step: &str, begin: Instant) {
        if let Some(timeline) = &self.timeline {
            timeline.done(step, begin);
        }
    }

    /// Tells.
    pub fn send(&self, event: Event) {
        if let Some(sender) = &self.sender {
            // A listener that has gone away wants to hear no more.
            let _ = sender.send(event);
        }
    }
}
