//! Handles one request, from event to response.

use std::time::Instant;

use classifier::{Classification, Classifier};

use crate::body;
use crate::cors::Cors;
use crate::event::ProxyEvent;
use crate::hint;
use crate::log::{ImageFields, RequestLine};
use crate::problem::Problem;
use crate::response::ProxyResponse;

#[cfg(test)]
mod tests;

/// Handles an event. Returns the response and the log line.
pub(crate) async fn handle(
    classifier: &Classifier,
    cors: &Cors,
    mut event: ProxyEvent,
    request_id: &str,
) -> (ProxyResponse, RequestLine) {
    let started = Instant::now();
    let mut line = RequestLine { level: "INFO", request_id: request_id.to_owned(), ..RequestLine::default() };
    line.bytes = event.body.as_ref().map_or(0, String::len);
    let origin = event.headers.origin.take();
    let mut response = match respond(classifier, event, &mut line).await {
        Ok(response) => response,
        Err(problem) => {
            line.level = if problem.status >= 500 { "ERROR" } else { "WARN" };
            line.error = Some(problem.cause.as_ref().unwrap_or(&problem.detail).clone());
            ProxyResponse::problem(&problem)
        }
    };
    cors.add(&mut response, origin.as_deref());
    line.status = response.status_code;
    line.total_ms = started.elapsed();
    (response, line)
}

async fn respond(classifier: &Classifier, event: ProxyEvent, line: &mut RequestLine) -> Result<ProxyResponse, Problem> {
    let top_k = match &event.top_k {
        Some(text) => parse_top_k(text)?,
        None => classifier.manifest().top_k,
    };
    let sent = body::find_image(event).await?;
    line.bytes = sent.bytes.len();
    let Classification { predictions, image, timing } =
        classifier.classify_top_k(&sent.bytes, top_k).map_err(|error| hint::problem(error, &sent))?;
    line.image = Some(ImageFields {
        format: image.format,
        width: image.width,
        height: image.height,
        decode_ms: timing.decode,
        preprocess_ms: timing.preprocess,
        inference_ms: timing.inference,
    });
    line.label = predictions.first().map(|best| best.label.clone());
    ProxyResponse::predictions(&classifier.manifest().name, &predictions)
}

/// Any number from 1; a number above the number of classes means all classes, however large it is.
fn parse_top_k(text: &str) -> Result<usize, Problem> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse().unwrap_or(usize::MAX) {
        count if is_number && count > 0 => Ok(count),
        _ => Err(Problem::new(400, "reading query string: top_k must be an integer of at least 1")),
    }
}
