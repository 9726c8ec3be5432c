//! Pauses between attempts at what is not an AWS call: they grow, are jittered so that callers do not retry in step, and
//! end at a deadline. `aws::wait` waits for AWS.

use std::{
    hash::{BuildHasher as _, RandomState},
    time::{Duration, Instant},
};

/// The pauses of one series of attempts.
#[derive(Debug)]
pub struct Backoff {
    next: Duration,
    deadline: Instant,
}

impl Backoff {
    const LONGEST: Duration = Duration::from_secs(4);

    /// Starts with 0.25 s; every pause ends before the deadline.
    pub fn new(within: Duration) -> Self {
        Self::starting(Duration::from_millis(250), within)
    }

    /// Starts with another pause.
    pub fn starting(next: Duration, within: Duration) -> Self {
        Self { next, deadline: Instant::now() + within }
    }

    /// Pauses for `at_least` or longer and returns true. Returns false at once if the pause would pass the deadline.
    pub async fn pause(&mut self, at_least: Option<Duration>) -> bool {
        // Between 75 % and 100 %. A hasher's random seed is good enough for jitter.
        let share = 0.75 + (RandomState::new().hash_one(0) % 256) as f64 / 1024.0;
        let pause = self.next.mul_f64(share).max(at_least.unwrap_or_default());
        self.next = (self.next * 2).min(Self::LONGEST);
        if Instant::now() + pause > self.deadline {
            return false;
        }
        tokio::time::sleep(pause).await;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pauses_grow_and_end_before_the_deadline() {
        let start = Instant::now();
        let mut backoff = Backoff::starting(Duration::from_millis(10), Duration::from_millis(200));
        let mut pauses = 0;
        while backoff.pause(None).await {
            pauses += 1;
        }
        assert!((3..=5).contains(&pauses), "{pauses}");
        assert!(start.elapsed() < Duration::from_secs(2));
        assert!(!backoff.pause(Some(Duration::from_secs(60))).await);
    }
}
