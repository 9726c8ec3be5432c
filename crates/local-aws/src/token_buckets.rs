//! Token buckets: limit the rate of requests, and the size of a burst.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// A rate limit, enforced by the bucket of that name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limit {
    pub bucket: String,
    /// Tokens that the bucket gains each second.
    pub rate: f64,
    /// The most tokens that it holds. A new bucket is full.
    pub burst: f64,
}

/// Buckets by name, created on first use.
#[derive(Debug, Default)]
pub(crate) struct TokenBuckets(Mutex<HashMap<String, Bucket>>);

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl TokenBuckets {
    /// Takes a token from every bucket and returns true, or takes none and returns false. A rate or burst of 0 admits
    /// nothing, as on AWS.
    pub(crate) fn take(&self, limits: &[Limit], now: Instant) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for limit in limits {
            let fresh = || Bucket { tokens: limit.burst, filled: now };
            let bucket = buckets.entry(limit.bucket.clone()).or_insert_with(fresh);
            let since = now.saturating_duration_since(bucket.filled).as_secs_f64();
            bucket.tokens = (bucket.tokens + since * limit.rate).min(limit.burst);
            bucket.filled = now;
        }
        let admitted = limits
            .iter()
            .all(|limit| limit.rate > 0.0 && buckets.get(&limit.bucket).is_some_and(|bucket| bucket.tokens >= 1.0));
        if admitted {
            for limit in limits {
                if let Some(bucket) = buckets.get_mut(&limit.bucket) {
                    bucket.tokens -= 1.0;
                }
            }
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limit(bucket: &str, rate: f64, burst: f64) -> Limit {
        Limit { bucket: bucket.to_owned(), rate, burst }
    }

    #[test]
    fn a_burst_passes_then_the_rate_applies() {
        let buckets = TokenBuckets::default();
        let start = Instant::now();
        let passes = |at: u64| buckets.take(&[limit("a", 2.0, 3.0)], start + Duration::from_millis(at));
        assert_eq!([passes(0), passes(0), passes(0), passes(0)], [true, true, true, false]);
        assert!(!passes(400));
        assert!(passes(510));
        assert!(!passes(520));
        assert!(buckets.take(&[limit("b", 2.0, 3.0)], start), "each name has its own bucket");
    }

    #[test]
    fn a_rate_or_burst_of_zero_admits_nothing() {
        let buckets = TokenBuckets::default();
        assert!(!buckets.take(&[limit("a", 0.0, 5.0)], Instant::now()));
        assert!(!buckets.take(&[limit("b", 5.0, 0.0)], Instant::now()));
    }

    #[test]
    fn a_refused_call_takes_no_token() {
        let buckets = TokenBuckets::default();
        let now = Instant::now();
        let (wide, narrow) = (limit("wide", 1.0, 2.0), limit("narrow", 1.0, 1.0));
        assert!(buckets.take(&[wide.clone(), narrow.clone()], now));
        assert!(!buckets.take(&[wide.clone(), narrow], now));
        assert!(buckets.take(&[wide], now), "the wide bucket still has its second token");
    }
}
