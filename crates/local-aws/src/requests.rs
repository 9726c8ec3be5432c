//! What was asked of the control plane, for tests that count calls.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, PoisonError},
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
}

impl fmt::Display for RequestRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { service, operation, write, status, error_code } = self;
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

/// Whether an operation changes anything, by its name.
pub(crate) fn is_write(operation: &str) -> bool {
    const READS: [&str; 5] = ["Get", "List", "Describe", "Filter", "Invoke"];
    !READS.iter().any(|verb| operation.starts_with(verb))
}
