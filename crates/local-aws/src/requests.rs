//! What was asked of the control plane, for tests that count calls.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, PoisonError},
    time::Instant,
};

/// Older requests are forgotten.
const KEPT: usize = 10_000;

/// One control-plane request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// As in the credential scope: `lambda`, `cognito-idp`, …
    pub service: String,
    /// `CreateFunction`
    pub operation: String,
    /// Whether the operation changes anything. Invoke does not: it runs code, but leaves the configuration alone.
    pub write: bool,
    /// HTTP status of the answer, also when it was lost on purpose.
    pub status: u16,
    /// AWS's error code, when refused.
    pub error_code: Option<String>,
    /// When it came in.
    pub began: Instant,
    /// When its answer was ready.
    pub ended: Instant,
}

impl fmt::Display for RequestRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, operation, write, status, error_code, .. } = self;
        let sort = if *write { "write" } else { "read" };
        write!(f, "{service} {operation} {sort} {status}")?;
        error_code.as_ref().map_or(Ok(()), |code| write!(f, " {code}"))
    }
}

/// The latest requests.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(Mutex<VecDeque<RequestRecord>>);

impl RequestLog {
    /// Adds one, and writes it to the log. Neither has anything of the request's body.
    pub(crate) fn add(&self, record: RequestRecord) {
        tracing::info!(target: "request", "{record}");
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if records.len() == KEPT {
            records.pop_front();
        }
        records.push_back(record);
    }

    /// All of them, oldest first.
    pub(crate) fn all(&self) -> Vec<RequestRecord> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Forgets all of them.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// How many requests waited for each other at the most: the longest chain of requests of which each came in after the
/// one before was answered. With an even latency that is the number of dependent round trips.
pub fn depth(requests: &[RequestRecord]) -> usize {
    let mut by_end: Vec<&RequestRecord> = requests.iter().collect();
    by_end.sort_by_key(|request| request.ended);
    let mut depths: Vec<usize> = Vec::new();
    for (place, request) in by_end.iter().enumerate() {
        let before = by_end[..place].iter().zip(&depths).filter(|(earlier, _)| earlier.ended <= request.began);
        depths.push(before.map(|(_, depth)| *depth).max().unwrap_or_default() + 1);
    }
    depths.into_iter().max().unwrap_or_default()
}

/// Whether an operation changes anything, by its name.
pub(crate) fn is_write(operation: &str) -> bool {
    const READS: [&str; 5] = ["Get", "List", "Describe", "Filter", "Invoke"];
    !READS.iter().any(|verb| operation.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn depth_counts_what_waited_for_each_other() {
        let start = Instant::now();
        let request = |began: u64, ended: u64| RequestRecord {
            service: "iam".to_owned(),
            operation: "GetRole".to_owned(),
            write: false,
            status: 200,
            error_code: None,
            began: start + Duration::from_millis(began),
            ended: start + Duration::from_millis(ended),
        };
        assert_eq!(depth(&[]), 0);
        assert_eq!(depth(&[request(0, 10), request(1, 9), request(2, 30)]), 1);
        assert_eq!(depth(&[request(0, 10), request(1, 9), request(9, 20), request(25, 30)]), 3);
    }
}
