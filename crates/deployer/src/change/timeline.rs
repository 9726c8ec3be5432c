//! What took how long, and which chain of steps decided when all was done.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;

/// Steps of a run as they are done. Clones share one list.
#[derive(Debug, Clone)]
pub struct Timeline {
    begin: Instant,
    spans: Arc<Mutex<Vec<Span>>>,
}

/// One step, in time since the run began.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// What was done.
    pub step: String,
    /// When it began.
    pub start: Duration,
    /// When it was done.
    pub end: Duration,
}

/// A step of the critical path, in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Critical {
    /// What was done.
    pub step: String,
    /// When it began, since the run began.
    pub start_ms: u64,
    /// How long it took.
    pub elapsed_ms: u64,
}

impl Timeline {
    /// Begins now.
    pub fn begin() -> Self {
        Self { begin: Instant::now(), spans: Arc::default() }
    }

    /// Keeps a step that began then and is done now.
    pub fn done(&self, step: &str, begin: Instant) {
        let span = Span { step: step.to_owned(), start: begin - self.begin, end: self.begin.elapsed() };
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).push(span);
    }

    /// A step from its beginning to its end.
    pub async fn step<T>(&self, step: &str, work: impl Future<Output = T>) -> T {
        let begin = Instant::now();
        let value = work.await;
        self.done(step, begin);
        value
    }

    /// The chain that decided when all was done.
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

/// Backwards from the step that was done last: before each comes the one that was done last before it began, for that is
/// what it waited for.
fn critical_path(spans: &[Span]) -> Vec<&Span> {
    let mut path = Vec::new();
    let mut next = spans.iter().max_by_key(|span| span.end);
    while let Some(span) = next {
        path.push(span);
        // Earlier ones only, so that this ends also where steps took no time at all.
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
    fn it_is_the_chain_of_what_was_waited_for() {
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
    fn steps_of_no_length_end_it() {
        assert_eq!(names(&[span("a", 0, 0), span("b", 0, 0)]), ["b"]);
        assert_eq!(names(&[span("a", 0, 1), span("b", 1, 1), span("c", 1, 2)]), ["a", "c"]);
    }

    #[tokio::test]
    async fn steps_are_kept_with_their_times() {
        let timeline = Timeline::begin();
        assert_eq!(timeline.step("reading", async { 7 }).await, 7);
        let path = timeline.clone().critical_path();
        assert_eq!((path.len(), path[0].step.as_str()), (1, "reading"));
    }
}
