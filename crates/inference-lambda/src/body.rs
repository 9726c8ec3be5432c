//! Extracts the image from a request: Content-Type, base64, multipart.

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use multer::Multipart;

use crate::event::ProxyEvent;
use crate::problem::Problem;

/// API Gateway's payload limit in bytes. Lambda's limit of 6 MB per event is usually reached first.
const MAX_BODY: usize = 10 * 1024 * 1024;

/// Accepted content types: those of the supported formats, and those of clients that do not declare what they send. curl's
/// `--data-binary` declares everything a form.
const ACCEPTED_TYPES: [&str; 11] = [
    "image/png",
    "image/jpeg",
    "image/jpg",
    "image/pjpeg",
    "image/webp",
    "image/gif",
    "image/bmp",
    "image/x-ms-bmp",
    "application/octet-stream",
    "binary/octet-stream",
    "application/x-www-form-urlencoded",
];

/// Returns the bytes of the image in a request.
///
/// # Errors
///
/// A problem with status 400 (unreadable body), 413 (too large) or 415 (unsupported Content-Type).
pub(crate) async fn image(event: ProxyEvent) -> Result<Bytes, Problem> {
    let content_type = event.content_type.as_deref().unwrap_or("application/octet-stream");
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_form = media_type == "multipart/form-data";
    if !is_form && !media_type.is_empty() && !ACCEPTED_TYPES.contains(&media_type.as_str()) {
        return Err(Problem::new(
            415,
            format!(
                "Content-Type {media_type} is not supported; send a PNG, JPEG, WebP, GIF or BMP image, or multipart/form-data"
            ),
        ));
    }
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
    if !event.is_base64_encoded && body.starts_with("\u{fffd}".as_bytes()) {
        return Err(Problem::new(
            400,
            "reading body: API Gateway damaged it by passing it on as text; add its Content-Type, or */*, to the API's \
             binary media types",
        ));
    }
    if is_form { form_file(body.into(), content_type).await } else { Ok(body.into()) }
}

/// Returns the only file of a form. Fields without a file name count only if there is no file.
async fn form_file(body: Bytes, content_type: &str) -> Result<Bytes, Problem> {
    let unreadable = |error: multer::Error| Problem::new(400, format!("reading multipart body: {error}"));
    let boundary = multer::parse_boundary(content_type).map_err(unreadable)?;
    let stream = futures_util::stream::iter([Ok::<_, Infallible>(body)]);
    let mut form = Multipart::new(stream, boundary);
    let (mut files, mut fields) = (Vec::new(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        let parts = if field.file_name().is_some() { &mut files } else { &mut fields };
        parts.push(field.bytes().await.map_err(unreadable)?);
    }
    let parts = if files.is_empty() { fields } else { files };
    match <[Bytes; 1]>::try_from(parts) {
        Ok([file]) if file.is_empty() => Err(Problem::new(400, "reading multipart body: its file is empty")),
        Ok([file]) => Ok(file),
        Err(parts) => Err(Problem::new(
            400,
            format!("reading multipart body: it has {} files; send exactly one image", parts.len()),
        )),
    }
}
