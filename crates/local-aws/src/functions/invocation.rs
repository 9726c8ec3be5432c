//! The result of an invocation.

use bytes::Bytes;

/// The output of an invocation that ran.
#[derive(Debug)]
pub(crate) struct InvokeOutput {
    /// The function's response, or its error document.
    pub payload: Bytes,
    /// `Unhandled` if the function crashed, timed out, or reported an error.
    pub function_error: Option<&'static str>,
    /// The last 4 KB of the invocation's log, from `START` to `REPORT`.
    pub log_tail: String,
}

/// Why an invocation could not run.
#[derive(Debug)]
pub(crate) enum InvokeError {
    /// 429 `TooManyRequestsException`, reason `ReservedFunctionConcurrentInvocationLimitExceeded`.
    Throttled,
    /// 502 `InvalidZipFileException` or similar: the code cannot be unpacked or started.
    BadCode(String),
}

impl InvokeError {
    pub(super) fn stopping() -> Self {
        Self::BadCode("the local cloud is stopping".to_owned())
    }
}
