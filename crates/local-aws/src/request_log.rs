//! What was asked of the control plane, for tests that count calls and hold them to AWS's models.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
    /// What the request has that AWS's model of the operation does not admit, refused or not: names and constraints, no
    /// values.
    pub violations: Vec<String>,
    /// What the answer has that the model does not, or lacks: mistakes of the local cloud.
    pub answer_violations: Vec<String>,
    /// When it came in.
    pub began: Instant,
    /// When its answer was ready.
    pub ended: Instant,
}

impl fmt::Display for RequestRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, operation, write, status, error_code, violations, answer_violations, .. } = self;
        let sort = if *write { "write" } else { "read" };
        write!(f, "{service} {operation} {sort} {status}")?;
        error_code.as_ref().map_or(Ok(()), |code| write!(f, " {code}"))?;
        for (of, found) in [("violations", violations), ("answer violations", answer_violations)] {
            if !found.is_empty() {
                write!(f, " {of}: {}", found.join("; "))?;
            }
        }
        Ok(())
    }
}

/// The requests of a server so far. A copy sees what comes later too, and outlives the server.
#[derive(Debug, Clone, Default)]
pub struct RequestLog(Arc<Mutex<Log>>);

#[derive(Debug, Default)]
struct Log {
    latest: VecDeque<RequestRecord>,
    conformity: Conformity,
}

/// How well requests and answers keep to AWS's models, since the server's start.
#[derive(Debug, Clone, Default)]
pub struct Conformity {
    /// Requests that were checked.
    pub checked: usize,
    /// Those that have a violation, or whose answer has one.
    pub nonconforming: Vec<RequestRecord>,
}

impl RequestLog {
    /// Adds one, and writes it to the log. Neither has a value of the request's body.
    pub(crate) fn add(&self, record: RequestRecord) {
        tracing::info!(target: "request", "{record}");
        let mut log = self.lock();
        log.conformity.checked += 1;
        if !(record.violations.is_empty() && record.answer_violations.is_empty())
            && log.conformity.nonconforming.len() < KEPT
        {
            log.conformity.nonconforming.push(record.clone());
        }
        if log.latest.len() == KEPT {
            log.latest.pop_front();
        }
        log.latest.push_back(record);
    }

    /// The latest ones, oldest first.
    pub fn all(&self) -> Vec<RequestRecord> {
        self.lock().latest.iter().cloned().collect()
    }

    /// Forgets them, but not how well they kept to the models.
    pub fn clear(&self) {
        self.lock().latest.clear();
    }

    /// How well they kept to the models.
    pub fn conformity(&self) -> Conformity {
        self.lock().conformity.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
            violations: Vec::new(),
            answer_violations: Vec::new(),
            began: start + Duration::from_millis(began),
            ended: start + Duration::from_millis(ended),
        };
        assert_eq!(depth(&[]), 0);
        assert_eq!(depth(&[request(0, 10), request(1, 9), request(2, 30)]), 1);
        assert_eq!(depth(&[request(0, 10), request(1, 9), request(9, 20), request(25, 30)]), 3);
    }
}
