//! Throttling of methods: one token bucket for each method of each stage.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// The buckets, by a key that names API, stage and method.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    buckets: Mutex<BTreeMap<String, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Throttle {
    /// Whether a request passes at `now`, with `rate` requests a second and at most `burst` at once. A bucket starts
    /// full; a rate or burst of 0 passes nothing, as on AWS.
    pub(super) fn admits(&self, key: &str, rate: f64, burst: f64, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(key.to_owned()).or_insert(Bucket { tokens: burst, at: now });
        let refill = now.saturating_duration_since(bucket.at).as_secs_f64() * rate;
        bucket.tokens = (bucket.tokens + refill).min(burst);
        bucket.at = now;
        if rate <= 0.0 || bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_then_the_rate_holds() {
        let throttle = Throttle::default();
        let start = Instant::now();
        let passes = |at: u64| throttle.admits("a", 2.0, 3.0, start + Duration::from_millis(at));
        assert_eq!([passes(0), passes(0), passes(0), passes(0)], [true, true, true, false]);
        assert!(!passes(400));
        assert!(passes(510));
        assert!(!passes(520));
        assert!(throttle.admits("b", 2.0, 3.0, start), "each method has its own bucket");
    }

    #[test]
    fn zero_passes_nothing() {
        let throttle = Throttle::default();
        assert!(!throttle.admits("a", 0.0, 5.0, Instant::now()));
        assert!(!throttle.admits("b", 5.0, 0.0, Instant::now()));
    }
}
