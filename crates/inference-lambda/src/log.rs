//! The log: one JSON line at the start, one a request, and one for a failure to start. Never headers, tokens or claims.

use std::time::Duration;

use classifier::Operators;
use serde::{Serialize, Serializer};

/// What is logged of one request.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Line {
    pub(crate) level: &'static str,
    pub(crate) request_id: String,
    pub(crate) status: u16,
    /// Of the image, after base64 and multipart; of the whole body where there is no image.
    pub(crate) bytes: usize,
    #[serde(flatten)]
    pub(crate) image: Option<Image>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) label: Option<String>,
    /// What went wrong, with the cause that the client of a 500 is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(serialize_with = "milliseconds")]
    pub(crate) total_ms: Duration,
}

/// What is logged of an image that was classified.
#[derive(Debug, Serialize)]
pub(crate) struct Image {
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

/// What runs from now on: logged once, at the start.
#[derive(Debug, Serialize)]
pub(crate) struct Loaded<'a> {
    pub(crate) level: &'static str,
    pub(crate) message: &'static str,
    /// What computes the model.
    pub(crate) engine: String,
    /// Which operators the channels-last kernels compute, and which tract does.
    #[serde(flatten)]
    pub(crate) operators: &'a Operators,
    #[serde(serialize_with = "milliseconds")]
    pub(crate) load_ms: Duration,
}

/// Why the function cannot start or go on.
#[derive(Debug, Serialize)]
pub(crate) struct Failure {
    pub(crate) level: &'static str,
    pub(crate) message: String,
}

/// With a resolution of one microsecond.
fn milliseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(duration.as_micros() as f64 / 1000.0)
}

/// Writes one line to stdout, from where Lambda takes it to the log group.
#[expect(clippy::print_stdout, reason = "stdout is the function's log")]
pub(crate) fn write(line: &impl Serialize) {
    if let Ok(text) = serde_json::to_string(line) {
        println!("{text}");
    }
}
