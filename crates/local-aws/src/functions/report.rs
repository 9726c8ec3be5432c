//! The log lines that Lambda itself writes about an invocation, and its error documents.

use std::time::Duration;

use serde_json::{Value, json};
use time::{format_description::BorrowedFormatItem, macros::format_description};

use super::child::Exit;
use crate::clock;

const ISO: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// How an invocation without a response ended.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// The error type, such as `Runtime.ExitError`.
    pub(super) kind: &'static str,
    /// The message in the error document.
    pub(super) message: String,
    /// Lambda's log line about the failure.
    pub(super) line: String,
    /// The status in the report: `error` or `timeout`.
    pub(super) status: &'static str,
    /// The error type in the report, which can be more specific than the document's.
    pub(super) reported: &'static str,
}

impl Failure {
    /// The process exited. `reason` is `exit status 1`, `signal: killed` or similar.
    pub(super) fn exited(request_id: &str, reason: Option<&str>) -> Self {
        let what = match reason {
            Some(reason) => format!("Runtime exited with error: {reason}"),
            None => "Runtime exited without providing a reason".to_owned(),
        };
        Self::error("Runtime.ExitError", request_id, &what)
    }

    /// The process exited, or was killed for exceeding a limit.
    pub(super) fn ended(request_id: &str, exit: Option<Exit>) -> Self {
        let failure = Self::exited(request_id, exit.and_then(Exit::reason).as_deref());
        match exit {
            Some(Exit { out_of_memory: true, .. }) => Self { reported: "Runtime.OutOfMemory", ..failure },
            _ => failure,
        }
    }

    /// The process could not be started.
    pub(super) fn entrypoint(request_id: &str, reason: &str) -> Self {
        Self::error("Runtime.InvalidEntrypoint", request_id, reason)
    }

    /// The response was larger than `limit` bytes.
    pub(super) fn too_large(request_id: &str, limit: usize) -> Self {
        let what = format!("Response payload size exceeded maximum allowed payload size ({limit} bytes).");
        let line = format!("RequestId: {request_id} Error: {what}\nFunction.ResponseSizeTooLarge");
        let kind = "Function.ResponseSizeTooLarge";
        Self { kind, message: what, line, status: "error", reported: kind }
    }

    /// The function exceeded its timeout.
    pub(super) fn timed_out(request_id: &str, timeout_s: u32) -> Self {
        let message = format!("{} {request_id} Task timed out after {timeout_s}.00 seconds", now());
        let kind = "Sandbox.Timedout";
        Self { kind, line: message.clone(), message, status: "timeout", reported: kind }
    }

    fn error(kind: &'static str, request_id: &str, what: &str) -> Self {
        let message = format!("RequestId: {request_id} Error: {what}");
        Self { kind, line: format!("{message}\n{kind}"), message, status: "error", reported: kind }
    }

    /// The error document that the caller gets.
    pub(super) fn document(&self) -> Vec<u8> {
        json!({ "errorType": self.kind, "errorMessage": self.message }).to_string().into_bytes()
    }
}

/// The measurements of an invocation.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) request_id: &'a str,
    pub(super) duration: Duration,
    /// The duration of the environment's start, for its first invocation.
    pub(super) init: Option<Duration>,
    pub(super) memory_mb: u32,
    pub(super) max_memory_kb: u64,
    pub(super) failure: Option<&'a Failure>,
}

/// The first line of an invocation.
pub(super) fn start_line(json: bool, request_id: &str, version: &str) -> String {
    if json {
        return event("platform.start", &json!({ "requestId": request_id, "version": version }));
    }
    format!("START RequestId: {request_id} Version: {version}")
}

/// The last lines of an invocation.
pub(super) fn end_lines(json: bool, report: &Report<'_>) -> Vec<String> {
    let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let init = report.init.map(milliseconds);
    let duration = milliseconds(report.duration);
    // The start of a custom runtime is billed, too.
    let billed = (duration + init.unwrap_or(0.0)).ceil();
    // Never report more than the limit: the function was killed when it reached it.
    let used = report.max_memory_kb.div_ceil(1024).min(u64::from(report.memory_mb));
    if json {
        let round = |number: f64| (number * 1000.0).round() / 1000.0;
        let mut metrics = json!({
            "durationMs": round(duration),
            "billedDurationMs": billed,
            "memorySizeMB": report.memory_mb,
            "maxMemoryUsedMB": used,
        });
        if let Some(init) = init {
            metrics["initDurationMs"] = json!(round(init));
        }
        let status = report.failure.map_or("success", |failure| failure.status);
        let mut record = json!({ "requestId": report.request_id, "metrics": metrics, "status": status });
        if let Some(failure) = report.failure {
            record["errorType"] = json!(failure.reported);
        }
        return vec![event("platform.report", &record)];
    }
    let id = report.request_id;
    let mut line = format!("REPORT RequestId: {id}\tDuration: {duration:.2} ms\tBilled Duration: {billed:.0} ms");
    line += &format!("\tMemory Size: {} MB\tMax Memory Used: {used} MB\t", report.memory_mb);
    if let Some(init) = init {
        line += &format!("Init Duration: {init:.2} ms\t");
    }
    match report.failure {
        Some(failure) if failure.status == "timeout" => line += "Status: timeout",
        Some(failure) => line += &format!("Status: error\tError Type: {}", failure.reported),
        None => {}
    }
    vec![format!("END RequestId: {id}"), line]
}

fn event(kind: &str, record: &Value) -> String {
    json!({ "time": now(), "type": kind, "record": record }).to_string()
}

fn now() -> String {
    clock::format(clock::now_ms(), ISO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(failure: Option<&Failure>) -> Report<'_> {
        Report {
            request_id: "1",
            duration: Duration::from_micros(1234),
            init: Some(Duration::from_micros(5_500)),
            memory_mb: 128,
            max_memory_kb: 17_000,
            failure,
        }
    }

    #[test]
    fn text_lines_have_lambdas_format() {
        let expected = "REPORT RequestId: 1\tDuration: 1.23 ms\tBilled Duration: 7 ms\tMemory Size: 128 MB\t\
                        Max Memory Used: 17 MB\tInit Duration: 5.50 ms\t";
        assert_eq!(end_lines(false, &report(None)), ["END RequestId: 1", expected]);
        let failure = Failure::timed_out("1", 3);
        assert!(failure.message.ends_with(" 1 Task timed out after 3.00 seconds"), "{}", failure.message);
        assert!(end_lines(false, &report(Some(&failure)))[1].ends_with("Status: timeout"));
    }

    #[test]
    fn json_lines_parse() {
        let failure = Failure::exited("1", Some("exit status 1"));
        for line in end_lines(true, &report(Some(&failure))).into_iter().chain([start_line(true, "1", "$LATEST")]) {
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            assert_eq!(event["record"]["requestId"], "1", "{line}");
        }
    }
}
