//! The log: one JSON line at startup, one per request, and one for a fatal error or a panic. Never headers, tokens or claims.

use std::time::Duration;

use classifier::Operators;
use serde::{Serialize, Serializer};

/// The log line of a request.
#[derive(Debug, Default, Serialize)]
pub(crate) struct RequestLine {
    pub(crate) level: &'static str,
    pub(crate) request_id: String,
    pub(crate) status: u16,
    /// Size of the image, or of the body as received if it contains no image.
    pub(crate) bytes: usize,
    #[serde(flatten)]
    pub(crate) image: Option<ImageFields>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// The error, including the cause that a client does not see with status 500.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(serialize_with = "milliseconds")]
    pub(crate) total_ms: Duration,
}

/// The fields that a classified image adds to the log line.
#[derive(Debug, Serialize)]
pub(crate) struct ImageFields {
    pub(crate) format: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
    #[serde(serialize_with = "milliseconds")]
    pub(crate) decode_ms: Duration,
    #[serde(serialize_with = "milliseconds")]
    pub(crate) preprocess_ms: Duration,
    #[serde(serialize_with = "milliseconds")]
    pub(crate) inference_ms: Duration,
}

/// The log line at startup, once the model is loaded.
#[derive(Debug, Serialize)]
pub(crate) struct StartLine<'a> {
    pub(crate) level: &'static str,
    pub(crate) message: &'static str,
    pub(crate) engine: String,
    /// Adds `taken` (computed by the channels-last kernels) and `left` (computed by tract).
    #[serde(flatten)]
    pub(crate) operators: &'a Operators,
    #[serde(serialize_with = "milliseconds")]
    pub(crate) load_ms: Duration,
}

/// The log line of an error that ends the function, or of a panic.
#[derive(Debug, Serialize)]
pub(crate) struct FatalLine {
    pub(crate) level: &'static str,
    pub(crate) message: String,
}

/// Serializes a duration as milliseconds, with a resolution of one microsecond.
fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_micros() as f64 / 1000.0)
}

/// Writes one line to stdout, which Lambda sends to the log group.
#[expect(clippy::print_stdout, reason = "stdout is the function's log")]
pub(crate) fn write(line: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(line) {
        println!("{text}");
    }
}
