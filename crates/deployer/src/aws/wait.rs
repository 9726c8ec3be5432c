//! The one waiter: a condition as a predicate, a deadline from the caller, pauses of a twentieth of what has passed.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::{
    change::{Event, Events, ResourceKind},
    error::Failure,
    interrupt,
};

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);
/// A pause is this part of what has passed, so that no wait is much longer than what it waits for.
const PART: u32 = 20;

/// What a look at the condition gave.
pub enum Poll<T> {
    /// It holds.
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
    let mut told = String::new();
    loop {
        let reason = match poll().await? {
            Poll::Ready(value) => return Ok(value),
            Poll::Pending(reason) => reason,
        };
        let step = (begin.elapsed() / PART).clamp(FIRST, LONGEST);
        if begin.elapsed() + step > deadline {
            let seconds = deadline.as_secs();
            return Err(Failure::failed(format!("waiting {seconds} s for {}: {reason}", resource.as_str()))
                .hint("run the same command again; it goes on from what is there")
                .into());
        }
        if told != reason {
            events.send(Event::Waiting { resource, reason: reason.clone() });
            told = reason;
        }
        tokio::select! {
            () = tokio::time::sleep(step) => {}
            () = interrupt::asked() => return Err(interrupt::failure().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waits_until_the_condition_holds_and_tells_once_why() {
        let (events, mut heard) = Events::channel();
        let mut polls = 0;
        let value = until(&events, ResourceKind::Function, Duration::from_secs(10), async || {
            polls += 1;
            Ok(if polls == 3 { Poll::Ready(polls) } else { Poll::Pending("Pending".into()) })
        })
        .await;
        assert_eq!(value.ok(), Some(3));
        assert!(matches!(heard.try_recv(), Ok(Event::Waiting { reason, .. }) if reason == "Pending"));
        assert!(heard.try_recv().is_err(), "one reason is told once");
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
