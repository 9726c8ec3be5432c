//! A log of control-plane requests, for tests that count requests and check them against AWS's models.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// How many requests are kept; older ones are dropped.
const MAX_RECORDS: usize = 10_000;

/// One control-plane request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRecord {
    /// The service's name in the credential scope: `lambda`, `cognito-idp`, …
    pub service: String,
    /// For example `CreateFunction`.
    pub operation: String,
    /// Whether the operation changes configuration. Invoke does not.
    pub write: bool,
    /// HTTP status of the response, even if an injected fault then dropped it.
    pub status: u16,
    /// AWS's error code, if the request was refused.
    pub error_code: Option<String>,
    /// How the request violates AWS's model of the operation, whether or not it was refused for it. Names and
    /// constraints only, never values.
    pub violations: Vec<String>,
    /// How the response violates the model: bugs of the local cloud.
    pub response_violations: Vec<String>,
    /// When the request arrived.
    pub began: Instant,
    /// When its response was ready.
    pub ended: Instant,
}

impl fmt::Display for RequestRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, operation, write, status, error_code, violations, response_violations, .. } = self;
        let kind = if *write { "write" } else { "read" };
        write!(f, "{service} {operation} {kind} {status}")?;
        error_code.as_ref().map_or(Ok(()), |code| write!(f, " {code}"))?;
        for (of, found) in [("violations", violations), ("response violations", response_violations)] {
            if !found.is_empty() {
                write!(f, " {of}: {}", found.join("; "))?;
            }
        }
        Ok(())
    }
}

/// The requests of a server. Clones share the log: they see later requests too, and outlive the server.
#[derive(Debug, Clone, Default)]
pub struct RequestLog(Arc<Mutex<Log>>);

#[derive(Debug, Default)]
struct Log {
    latest: VecDeque<RequestRecord>,
    conformity: Conformity,
}

/// How requests and responses conform to AWS's models, since the server started.
#[derive(Debug, Clone, Default)]
pub struct Conformity {
    /// Number of requests that were checked.
    pub checked: usize,
    /// Requests with a violation, in the request or its response.
    pub nonconforming: Vec<RequestRecord>,
}

impl RequestLog {
    /// Adds a request, and logs it. Neither contains values of the request's body.
    pub(crate) fn add(&self, record: RequestRecord) {
        tracing::info!(target: "request", "{record}");
        let mut log = self.lock();
        log.conformity.checked += 1;
        if !(record.violations.is_empty() && record.response_violations.is_empty())
            && log.conformity.nonconforming.len() < MAX_RECORDS
        {
            log.conformity.nonconforming.push(record.clone());
        }
        if log.latest.len() == MAX_RECORDS {
            log.latest.pop_front();
        }
        log.latest.push_back(record);
    }

    /// The latest requests, oldest first.
    pub fn all(&self) -> Vec<RequestRecord> {
        self.lock().latest.iter().cloned().collect()
    }

    /// Drops all requests, but keeps what [`Self::conformity`] reports.
    pub fn clear(&self) {
        self.lock().latest.clear();
    }

    /// How all requests so far conform to the models.
    pub fn conformity(&self) -> Conformity {
        self.lock().conformity.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The length of the longest chain of requests in which each arrived after the previous one was answered. With constant
/// latency that is the number of dependent round trips.
pub fn depth(requests: &[RequestRecord]) -> usize {
    let mut by_end: Vec<&RequestRecord> = requests.iter().collect();
    by_end.sort_by_key(|request| request.ended);
    let mut depths: Vec<usize> = Vec::new();
    for (index, request) in by_end.iter().enumerate() {
        let before = by_end[..index].iter().zip(&depths).filter(|(earlier, _)| earlier.ended <= request.began);
        depths.push(before.map(|(_, depth)| *depth).max().unwrap_or_default() + 1);
    }
    depths.into_iter().max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn depth_is_the_longest_chain_of_requests() {
        let start = Instant::now();
        let request = |began: u64, ended: u64| RequestRecord {
            service: "iam".to_owned(),
            operation: "GetRole".to_owned(),
            write: false,
            status: 200,
            error_code: None,
            violations: Vec::new(),
            response_violations: Vec::new(),
            began: start + Duration::from_millis(began),
            ended: start + Duration::from_millis(ended),
        };
        assert_eq!(depth(&[]), 0);
        assert_eq!(depth(&[request(0, 10), request(1, 9), request(2, 30)]), 1);
        assert_eq!(depth(&[request(0, 10), request(1, 9), request(9, 20), request(25, 30)]), 3);
    }
}
