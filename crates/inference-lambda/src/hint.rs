//! Says what was sent in place of an image, and how to send one.

use classifier::Error;

use crate::body::{MANGLED_BY_GATEWAY, Sent};
use crate::problem::Problem;
use crate::text;

/// The longest excerpt of a text in an answer, in characters.
const EXCERPT: usize = 60;

/// Extensions of image files.
const EXTENSIONS: [&str; 15] =
    ["apng", "avif", "bmp", "dib", "gif", "heic", "jfif", "jpe", "jpeg", "jpg", "png", "svg", "tif", "tiff", "webp"];

/// First bytes of files that are often sent by mistake.
const OTHER_FILES: [(&[u8], &str); 6] = [
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"\xfd7zXZ\0", "xz-compressed data"),
    (b"%!PS", "a PostScript document"),
];

/// The problem of something that could not be classified.
pub(crate) fn problem(error: Error, sent: &Sent) -> Problem {
    let found = match &error {
        Error::NotAnImage(_) => damage(sent).or_else(|| mistake(sent)).or_else(|| other(sent)),
        Error::Damaged(_) | Error::UnsupportedFormat(_) => damage(sent).or_else(|| mistake(sent)),
        Error::Unprocessable(_) => damage(sent),
        Error::TooLarge(_) | Error::Undecided(_) | Error::Model(_) => None,
    };
    match found {
        Some((status, reason)) => Problem::new(status, format!("reading image: {} {reason}", sent.place)),
        None => error.into(),
    }
}

type Reason = (u16, String);

/// What happened to binary data on its way.
fn damage(sent: &Sent) -> Option<Reason> {
    let bytes = &sent.bytes[..];
    let as_text = std::str::from_utf8(bytes);
    if as_text.is_ok_and(|text| text.contains('\u{fffd}')) {
        let reason = if sent.was_text {
            format!("cannot be read: {MANGLED_BY_GATEWAY}")
        } else {
            "was converted from bytes to text before it was sent, which damages an image; read the file as bytes"
                .to_owned()
        };
        return Some((400, reason));
    }
    if as_text.is_ok_and(|text| text.starts_with("\u{89}PNG") || text.starts_with("\u{ff}\u{d8}\u{ff}")) {
        let reason = "was converted from Latin-1 to UTF-8 before it was sent, which damages an image; send it as bytes";
        return Some((400, reason.to_owned()));
    }
    let is_png = bytes.starts_with(b"\x89PNG");
    let has_line_breaks = bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n'));
    // An image of that size without one byte that is a line break does not occur by chance.
    if !has_line_breaks && (is_png || (classifier::is_image(bytes) && as_text.is_err() && bytes.len() >= 1024)) {
        let reason = "has lost its line breaks, as after `curl -d @FILE`; send it with `curl --data-binary @FILE`";
        return Some((400, reason.to_owned()));
    }
    if is_png && !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some((400, "is a PNG whose line ends were converted, as by a transfer in text mode".to_owned()));
    }
    None
}

/// A text that stands for an image.
fn mistake(sent: &Sent) -> Option<Reason> {
    let text = readable(&sent.bytes)?;
    let lower = text.to_ascii_lowercase();
    if ["http://", "https://", "ftp://", "s3://", "gs://", "file://", "blob:"]
        .iter()
        .any(|scheme| lower.starts_with(scheme))
    {
        let reason = format!("is a URL, {}; the endpoint downloads nothing: send the image's bytes", excerpt(text));
        return Some((400, reason));
    }
    if is_path(text) {
        let path = text.trim_start_matches('@');
        let reason = format!(
            "is the text {}, which looks like a file's path; send the file's content: `curl --data-binary @{}`",
            excerpt(text),
            if path.chars().count() > EXCERPT { "FILE" } else { path },
        );
        return Some((400, reason));
    }
    if lower.starts_with("data:") {
        return Some((400, "is a data URL without a readable image".to_owned()));
    }
    None
}

/// Other data that is not an image.
fn other(sent: &Sent) -> Option<Reason> {
    if let Some((_, name)) = OTHER_FILES.iter().find(|(start, _)| sent.bytes.starts_with(start)) {
        return Some((415, format!("is {name}, not an image")));
    }
    if sent.bytes.starts_with(b"--") && contains(&sent.bytes, b"Content-Disposition: form-data") {
        let reason = "is a form; send it with the Content-Type multipart/form-data and its boundary, which HTTP clients set themselves";
        return Some((400, reason.to_owned()));
    }
    let text = readable(&sent.bytes)?;
    match text::decode_base64(text.as_bytes()) {
        // A short word is valid base64 by chance.
        Some(decoded) if text.len() >= 64 => {
            Some((400, format!("is base64 of {} bytes that are not in a known image format", decoded.len())))
        }
        _ => Some((400, format!("is text, not an image: {}", excerpt(text)))),
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

/// The bytes as text, if they are text that people write.
fn readable(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?.trim();
    let is_control = |character: char| character.is_control() && !matches!(character, '\t' | '\r' | '\n');
    (!text.is_empty() && !text.contains(is_control)).then_some(text)
}

fn is_path(text: &str) -> bool {
    if text.len() > 1024 || text.contains(['\n', '\r', '<', '{', ',']) {
        return false;
    }
    let extension = text.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| EXTENSIONS.contains(&extension.as_str()))
        || ["@", "/", "./", "../", "~/", "C:\\"].iter().any(|start| text.starts_with(start))
}

/// The start of a text, quoted.
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
