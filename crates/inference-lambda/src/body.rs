//! Finds the image in a request. Its bytes decide what they are; a header only helps where bytes cannot tell.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::content_encoding::{self, MAX_BODY};
use crate::event::ProxyEvent;
use crate::problem::Problem;
use crate::{form, text};

/// What a request contains: an image, or the bytes that were sent in its place.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) bytes: Bytes,
    /// Where the bytes were found, as in "the body".
    pub(crate) place: String,
    /// Whether API Gateway passed the body on as text, which damages binary data.
    pub(crate) was_text: bool,
}

/// Finds the image in a request: the body itself, or the one image in a form, JSON, base64 or a data URL. Without an image, returns
/// the bytes in its place, so that the classifier can say what they are.
///
/// # Errors
///
/// A problem with status 400 (unreadable, or not exactly one image), 413 (too large) or 415 (an encoding that is not supported).
pub(crate) async fn find_image(event: ProxyEvent) -> Result<Sent, Problem> {
    let (content_type, was_text) = (event.headers.content_type.unwrap_or_default(), !event.is_base64_encoded);
    let body = match event.body {
        Some(body) if event.is_base64_encoded => STANDARD
            .decode(body.as_bytes())
            .map_err(|error| Problem::new(400, format!("reading body: it is not valid base64: {error}")))?,
        Some(body) => body.into_bytes(),
        None => Vec::new(),
    };
    if body.len() > MAX_BODY {
        return Err(Problem::new(413, format!("reading body: it has {} bytes; the limit is {MAX_BODY}", body.len())));
    }
    if body.is_empty() {
        return Err(Problem::new(400, "reading body: it is empty; send an image"));
    }
    if was_text && body.starts_with("\u{fffd}".as_bytes()) {
        return Err(Problem::new(400, format!("reading body: {MANGLED_BY_GATEWAY}")));
    }
    let body = content_encoding::decode(body.into(), event.headers.content_encoding.as_deref())?;
    let sent = |(bytes, place)| Sent { bytes, place, was_text };
    if classifier::is_image(&body) {
        return Ok(sent((body, "the body".to_owned())));
    }
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.strip_prefix("multipart/") {
        Some("form-data") => form::image(body, &content_type).await.map(sent),
        Some(_) => {
            Err(Problem::new(415, format!("reading body: {media_type} is not supported; send multipart/form-data")))
        }
        None => text::image(body, &media_type).map(sent),
    }
}

/// Why a body that API Gateway passed on as text cannot be read.
pub(crate) const MANGLED_BY_GATEWAY: &str = "API Gateway damaged it by passing it on as text; add its Content-Type, or */*, to the \
     API's binary media types";
