//! What an invocation returns.

use bytes::Bytes;

/// The outcome of an invocation that Lambda ran.
#[derive(Debug)]
pub(crate) struct Invocation {
    /// The function's answer, or its error document.
    pub payload: Bytes,
    /// `Unhandled` when the function failed: crashed, timed out, or reported an error.
    pub function_error: Option<&'static str>,
    /// The last 4 KB of the log of this invocation, `START` to `REPORT`.
    pub log_tail: String,
}

/// Why Lambda itself refused to run it.
#[derive(Debug)]
pub(crate) enum InvokeError {
    /// 429 `TooManyRequestsException`, reason `ReservedFunctionConcurrentInvocationLimitExceeded`.
    Throttled,
    /// 502 `InvalidZipFileException` and the like: code that cannot be unpacked or started.
    BadCode(String),
}

impl InvokeError {
    pub(super) fn stopping() -> Self {
        Self::BadCode("the local cloud is stopping".to_owned())
    }
}
