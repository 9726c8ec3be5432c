//! A step of apply or destroy as a node of the dependency graph: it waits for the slots of what it needs, does its
//! work, and fills its own slot.
//!
//! All nodes are joined, never raced. When one fails, those that need it do not start, the others run to their end, and
//! no call in flight is dropped. After an interrupt, and when this run gives way to another one, the nodes that have
//! started run to their end and no other node starts.

use std::{
    cell::{Cell, RefCell},
    time::Instant,
};

use anyhow::Result;
use tokio::sync::watch;

use crate::{
    change::{Action, Event, Events, ResourceKind},
    error::{Failure, Kind, kind_of},
    interrupt::{self, Graceful},
};

/// Something that a node needs does not exist. The node that failed reports why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocked;

/// What a node that needs nothing waits for.
pub async fn nothing() -> Result<(), Blocked> {
    Ok(())
}

/// A value that one node produces and others wait for.
#[derive(Debug)]
pub struct Slot<T>(watch::Sender<Option<Result<T, Blocked>>>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl<T: Clone> Slot<T> {
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits until it is filled.
    pub async fn get(&self) -> Result<T, Blocked> {
        let mut receiver = self.0.subscribe();
        let filled = receiver.wait_for(Option::is_some).await;
        filled.ok().and_then(|value| value.clone()).unwrap_or(Err(Blocked))
    }

    pub fn fill(&self, value: Result<T, Blocked>) {
        self.0.send_replace(Some(value));
    }
}

/// Runs nodes and collects their errors.
#[derive(Debug)]
pub struct Nodes<'a> {
    events: &'a Events,
    errors: RefCell<Vec<anyhow::Error>>,
    graceful: Graceful,
    /// Whether a node did not start because of an interrupt.
    interrupted: Cell<bool>,
    /// Why this run gives way to another one of the same stack.
    gave_way: RefCell<Option<anyhow::Error>>,
}

impl<'a> Nodes<'a> {
    pub fn new(events: &'a Events) -> Self {
        Self {
            events,
            errors: RefCell::default(),
            graceful: Graceful::begin(),
            interrupted: Cell::new(false),
            gave_way: RefCell::default(),
        }
    }

    /// Runs one node. It sends no events where `action` is none or a no-op. `needs` waits for other nodes. `work`
    /// returns the id for the events and the value that other nodes wait for.
    pub async fn run<N, T: Clone>(
        &self,
        kind: ResourceKind,
        action: Option<Action>,
        slot: &Slot<T>,
        needs: impl Future<Output = Result<N, Blocked>>,
        work: impl AsyncFnOnce(N) -> Result<(String, T)>,
    ) {
        let Ok(needs) = needs.await else { return slot.fill(Err(Blocked)) };
        if self.gave_way.borrow().is_some() {
            return slot.fill(Err(Blocked));
        }
        if self.graceful.is_asked() {
            self.interrupted.set(true);
            return slot.fill(Err(Blocked));
        }
        let action = action.filter(|&action| action != Action::NoOp);
        let begin = Instant::now();
        if let Some(action) = action {
            self.events.send(Event::Started { resource: kind, action });
        }
        // On the heap, because the SDK calls of all nodes side by side in one future overflow a thread's 2 MB stack.
        match Box::pin(work(needs)).await {
            Ok((id, value)) => {
                self.events.done(kind.as_str(), begin);
                if let Some(action) = action {
                    let elapsed_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
                    self.events.send(Event::Done { resource: kind, action, id, elapsed_ms });
                }
                slot.fill(Ok(value));
            }
            Err(error) => slot.fill(Err(self.failed(kind, error))),
        }
    }

    /// Records why a step failed. Returns what to fill its slot with.
    pub fn failed(&self, kind: ResourceKind, error: anyhow::Error) -> Blocked {
        self.events.send(Event::Failed { resource: kind });
        if kind_of(&error) == Kind::Conflict {
            self.gave_way.replace(Some(error));
        } else {
            self.errors.borrow_mut().push(error);
        }
        Blocked
    }

    /// All errors as one: a single one as it is, several under one heading.
    pub fn finish(self) -> Result<()> {
        // The other errors are its consequence: what this run created is deleted.
        if let Some(conflict) = self.gave_way.into_inner() {
            return Err(conflict);
        }
        let mut errors = self.errors.into_inner();
        // The interrupt ended these waits, so they are no errors of their own.
        let waits = errors.extract_if(.., |error| kind_of(error) == Kind::Interrupted).count();
        if errors.is_empty() && (waits > 0 || self.interrupted.get()) {
            return Err(interrupt::failure().into());
        }
        if errors.len() < 2 {
            return errors.pop().map_or(Ok(()), Err);
        }
        let hint = errors.iter().find_map(|error| error.downcast_ref::<Failure>()?.hint.clone());
        let mut failure = Failure::failed(format!("{} steps failed", errors.len()));
        failure.kind = kind_of(&errors[0]);
        failure.hint = hint;
        let all: Vec<String> = errors.iter().map(|error| format!("{error:#}")).collect();
        Err(anyhow::anyhow!(all.join("; ")).context(failure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_failure_blocks_what_needs_it_and_nothing_else() {
        let events = Events::silent();
        let nodes = Nodes::new(&events);
        let (failing, child, sibling) = (Slot::<()>::new(), Slot::<()>::new(), Slot::<u8>::new());
        let none = async || Ok(());
        tokio::join!(
            nodes.run(ResourceKind::Role, None, &failing, none(), async |()| anyhow::bail!("no")),
            nodes.run(ResourceKind::Function, None, &child, failing.get(), async |()| Ok((String::new(), ()))),
            nodes.run(ResourceKind::RestApi, None, &sibling, none(), async |()| {
                tokio::task::yield_now().await;
                Ok((String::new(), 7))
            }),
        );
        assert_eq!(child.get().await, Err(Blocked));
        assert_eq!(sibling.get().await, Ok(7));
        assert!(nodes.finish().is_err_and(|error| error.to_string() == "no"));
    }

    #[tokio::test]
    async fn several_failures_are_all_reported() {
        let events = Events::silent();
        let nodes = Nodes::new(&events);
        for text in ["first", "second"] {
            let slot = Slot::<()>::new();
            nodes.run(ResourceKind::Role, None, &slot, async { Ok(()) }, async |()| anyhow::bail!(text)).await;
        }
        let text = nodes.finish().map_err(|error| format!("{error:#}"));
        assert_eq!(text, Err("2 steps failed: first; second".to_owned()));
    }
}
