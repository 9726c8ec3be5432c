//! The one waiter: a condition as a predicate, a deadline from the caller, and pauses of a twentieth of the time that
//! has passed.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::{
    change::{Event, Events, ResourceKind},
    error::Failure,
    interrupt,
};

const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);
/// The time that has passed is divided by this, so that no wait takes much longer than what it waits for.
const PAUSE_DIVISOR: u32 = 20;

/// The state of a condition.
pub enum Poll<T> {
    /// The condition holds.
    Ready(T),
    /// Not yet, and why.
    Pending(String),
}

/// Polls until the condition holds, an error comes, or `deadline` has passed.
pub async fn until<T>(
    events: &Events,
    resource: ResourceKind,
    deadline: Duration,
    mut poll: impl AsyncFnMut() -> Result<Poll<T>>,
) -> Result<T> {
    let begin = Instant::now();
    let mut reported = String::new();
    loop {
        let reason = match poll().await? {
            Poll::Ready(value) => return Ok(value),
            Poll::Pending(reason) => reason,
        };
        let pause = (begin.elapsed() / PAUSE_DIVISOR).clamp(SHORTEST, LONGEST);
        if begin.elapsed() + pause > deadline {
            let seconds = deadline.as_secs();
            return Err(Failure::failed(format!("waiting {seconds} s for {}: {reason}", resource.words()))
                .hint("run the same command again; it continues from what exists")
                .into());
        }
        if reported != reason {
            events.send(Event::Waiting { resource, reason: reason.clone() });
            reported = reason;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = interrupt::asked() => return Err(interrupt::failure().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_until_the_condition_holds_and_reports_the_reason_once() {
        let (events, mut heard) = Events::channel();
        let mut polls = 0;
        let value = until(&events, ResourceKind::Function, Duration::from_secs(10), async || {
            polls += 1;
            Ok(if polls == 3 { Poll::Ready(polls) } else { Poll::Pending("Pending".into()) })
        })
        .await;
        assert_eq!(value.ok(), Some(3));
        assert!(matches!(heard.try_recv(), Ok(Event::Waiting { reason, .. }) if reason == "Pending"));
        assert!(heard.try_recv().is_err(), "one reason is reported once");
    }

    #[tokio::test]
    async fn gives_up_at_the_deadline_with_the_reason() {
        let result: Result<()> =
            until(&Events::silent(), ResourceKind::Domain, Duration::from_millis(300), async || {
                Ok(Poll::Pending("creating".into()))
            })
            .await;
        assert!(result.is_err_and(|error| error.to_string().contains("creating")));
    }
}
