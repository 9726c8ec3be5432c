//! How long each step took, and which chain of steps determined when the run ended.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;

/// The steps of a run that are done. Clones share one list.
#[derive(Debug, Clone)]
pub struct Timeline {
    begin: Instant,
    spans: Arc<Mutex<Vec<Span>>>,
}

/// One step, in time since the run began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    pub step: String,
    pub start: Duration,
    pub end: Duration,
}

/// A step of the critical path, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Critical {
    pub step: String,
    /// Since the run began.
    pub start_ms: u64,
    pub elapsed_ms: u64,
}

impl Timeline {
    pub fn begin() -> Self {
        Self { begin: Instant::now(), spans: Arc::default() }
    }

    /// Records that a step which began at `begin` is done.
    pub fn done(&self, step: &str, begin: Instant) {
        let span = Span { step: step.to_owned(), start: begin - self.begin, end: self.begin.elapsed() };
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }

    /// Runs a step and records it.
    pub async fn step<T>(&self, step: &str, work: impl Future<Output = T>) -> T {
        let begin = Instant::now();
        let value = work.await;
        self.done(step, begin);
        value
    }

    /// The chain of steps that determined when the run ended.
    pub fn critical_path(&self) -> Vec<Critical> {
        let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner);
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let shown = |span: &Span| Critical {
            step: span.step.clone(),
            start_ms: milliseconds(span.start),
            elapsed_ms: milliseconds(span.end - span.start),
        };
        critical_path(&spans).into_iter().map(shown).collect()
    }
}

/// Goes backwards from the step that ended last. Each step waited for the one that ended last before it began.
fn critical_path(spans: &[Span]) -> Vec<&Span> {
    let mut path = Vec::new();
    let mut next = spans.iter().max_by_key(|span| span.end);
    while let Some(span) = next {
        path.push(span);
        // Only steps that began earlier, so that the loop ends even where steps took no time.
        let before = spans.iter().filter(|other| other.end <= span.start && other.start < span.start);
        next = before.max_by_key(|other| other.end);
    }
    path.reverse();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(step: &str, start: u64, end: u64) -> Span {
        Span { step: step.into(), start: Duration::from_millis(start), end: Duration::from_millis(end) }
    }

    fn names(spans: &[Span]) -> Vec<&str> {
        critical_path(spans).into_iter().map(|span| span.step.as_str()).collect()
    }

    #[test]
    fn the_critical_path_is_the_chain_of_waits() {
        let spans = [
            span("reading", 0, 400),
            span("packaging", 0, 300),
            span("role", 400, 700),
            span("user_pool", 400, 500),
            span("domain", 501, 650),
            span("function", 701, 9_000),
            span("permission", 9_001, 9_100),
        ];
        assert_eq!(names(&spans), ["reading", "role", "function", "permission"]);
        assert_eq!(names(&spans[..2]), ["reading"]);
        assert!(names(&[]).is_empty());
    }

    #[test]
    fn steps_without_duration_do_not_loop() {
        assert_eq!(names(&[span("a", 0, 0), span("b", 0, 0)]), ["b"]);
        assert_eq!(names(&[span("a", 0, 1), span("b", 1, 1), span("c", 1, 2)]), ["a", "c"]);
    }

    #[tokio::test]
    async fn steps_are_recorded_with_their_times() {
        let timeline = Timeline::begin();
        assert_eq!(timeline.step("reading", async { 7 }).await, 7);
        let path = timeline.clone().critical_path();
        assert_eq!((path.len(), path[0].step.as_str()), (1, "reading"));
    }
}
