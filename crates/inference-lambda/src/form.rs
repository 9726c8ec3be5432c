//! Reads the image in a multipart form, as browsers, curl and HTTP libraries send it.

use std::convert::Infallible;

use bytes::Bytes;
use multer::{Field, Multipart};

use crate::problem::Problem;
use crate::text;

/// A part of a form that is not empty.
struct Part {
    bytes: Bytes,
    place: String,
    is_file: bool,
}

/// Returns the form's image and where it is. Empty file inputs and other fields are ignored. Without an image, returns its only
/// file, or its only field.
pub(crate) async fn image(body: Bytes, content_type: &str) -> Result<(Bytes, String), Problem> {
    let boundary = multer::parse_boundary(content_type).map_err(|_| {
        refuse("its Content-Type has no boundary; do not set this header yourself: the HTTP client adds it with the boundary")
    })?;
    let (mut parts, empty) = match read(body.clone(), &boundary).await {
        Ok(read) => read,
        Err(ReadError::Refused(problem)) => return Err(problem),
        Err(ReadError::Form(error)) => return Err(refuse(&explain(&body, &boundary, &error))),
    };
    let images = parts.iter().filter(|part| classifier::is_image(&part.bytes)).count();
    if images > 1 {
        return Err(refuse(&format!("it has {images} images; send exactly one")));
    }
    let files = parts.iter().filter(|part| part.is_file).count();
    let all = parts.len();
    parts.retain(|part| if images == 1 { classifier::is_image(&part.bytes) } else { part.is_file || files == 0 });
    match <[Part; 1]>::try_from(parts) {
        Ok([part]) => Ok((part.bytes, part.place)),
        Err(_) if all == 0 && empty > 0 => Err(refuse("its file is empty; choose an image")),
        Err(_) if all == 0 => Err(refuse("it has no parts; send an image as a file")),
        Err(_) => Err(refuse(&format!("none of its {all} parts is an image"))),
    }
}

enum ReadError {
    Form(multer::Error),
    Refused(Problem),
}

impl From<multer::Error> for ReadError {
    fn from(error: multer::Error) -> Self {
        Self::Form(error)
    }
}

/// Reads all parts. Returns those with content, and the number of those without.
async fn read(body: Bytes, boundary: &str) -> Result<(Vec<Part>, usize), ReadError> {
    let stream = futures_util::stream::iter([Ok::<_, Infallible>(body)]);
    let mut form = Multipart::new(stream, boundary);
    let (mut parts, mut empty) = (Vec::new(), 0);
    while let Some(field) = form.next_field().await? {
        let is_file = field.file_name().is_some();
        let kind = if is_file { "file" } else { "field" };
        let place = match field.name() {
            Some(name) if !name.is_empty() => format!("the form's {kind} {name:?}"),
            _ => format!("the form's {kind}"),
        };
        let encoding = transfer_encoding(&field);
        let bytes = field.bytes().await?;
        if bytes.is_empty() {
            empty += 1;
            continue;
        }
        let bytes = decode(bytes, &encoding, &place).map_err(ReadError::Refused)?;
        parts.push(Part { bytes, place, is_file });
    }
    Ok((parts, empty))
}

fn transfer_encoding(field: &Field<'_>) -> String {
    let value = field.headers().get("content-transfer-encoding").and_then(|value| value.to_str().ok());
    value.unwrap_or_default().trim().to_ascii_lowercase()
}

/// Undoes a part's Content-Transfer-Encoding, which HTTP has deprecated and some libraries still send (RFC 7578, section 4.7). Also
/// decodes base64 that no header declares.
fn decode(bytes: Bytes, encoding: &str, place: &str) -> Result<Bytes, Problem> {
    if classifier::is_image(&bytes) {
        return Ok(bytes);
    }
    match encoding {
        "" | "7bit" | "8bit" | "binary" => Ok(text::decode_value(&bytes).unwrap_or(bytes)),
        "base64" => text::decode_base64(&bytes).ok_or_else(|| {
            refuse(&format!("{place} has the Content-Transfer-Encoding base64, but is not valid base64"))
        }),
        other => Err(Problem::new(
            415,
            format!(
                "reading form: the Content-Transfer-Encoding {other} of {place} is not supported; send binary or base64"
            ),
        )),
    }
}

/// Why a form cannot be read.
fn explain(body: &[u8], boundary: &str, error: &multer::Error) -> String {
    let contains = |text: &str| body.windows(text.len()).any(|window| window == text.as_bytes());
    if !contains(&format!("--{boundary}")) {
        return format!("the boundary {boundary:?} of its Content-Type does not occur in the body");
    }
    if !contains(&format!("--{boundary}\r\n")) && contains(&format!("--{boundary}\n")) {
        return "its lines end with LF; a form's lines end with CRLF".to_owned();
    }
    format!("{error}; it may be cut short")
}

fn refuse(reason: &str) -> Problem {
    Problem::new(400, format!("reading form: {reason}"))
}
