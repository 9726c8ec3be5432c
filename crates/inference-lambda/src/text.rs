//! Reads images that are sent as text: base64, data URLs, JSON, and URL-encoded forms.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use percent_encoding::percent_decode;
use serde::Deserialize;

use crate::problem::Problem;

/// Base64 as clients write it: with or without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A byte order mark, with which Windows' tools start a UTF-8 file.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The JSON document that is accepted; other members are ignored.
#[derive(Deserialize)]
struct JsonBody {
    image: String,
}

/// Returns the image in a body that is text, and where it is. Without an image, returns the body unchanged, or the text in the
/// image's place.
pub(crate) fn image(body: Bytes, media_type: &str) -> Result<(Bytes, String), Problem> {
    let text = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&body).trim_ascii();
    if let Some(image) = decode_value(text) {
        return Ok((image, "the body".to_owned()));
    }
    if text.starts_with(b"{") {
        return json_image(text);
    }
    if let Some(found) = url_encoded_image(text)? {
        return Ok(found);
    }
    if is_json(media_type) {
        return json_image(text);
    }
    Ok((body, "the body".to_owned()))
}

fn is_json(media_type: &str) -> bool {
    media_type == "application/json" || media_type == "text/json" || media_type.ends_with("+json")
}

fn json_image(text: &[u8]) -> Result<(Bytes, String), Problem> {
    let JsonBody { image } = serde_json::from_slice(text).map_err(|error| {
        let form = r#"send {"image": "<base64 or data URL>"}, or the image's bytes as the body"#;
        Problem::new(400, format!("reading JSON body: {error}; {form}"))
    })?;
    let bytes = decode_value(image.as_bytes()).unwrap_or_else(|| image.into());
    Ok((bytes, "the JSON body's \"image\"".to_owned()))
}

/// Returns the image in a URL-encoded form, or in a body that is URL-encoded as a whole.
fn url_encoded_image(text: &[u8]) -> Result<Option<(Bytes, String)>, Problem> {
    // Binary data has other bytes; everything outside of ASCII would be encoded.
    if !text.iter().all(u8::is_ascii_graphic) {
        return Ok(None);
    }
    let mut images = Vec::new();
    // Without an image, the field of that name, or the only one, is in its place.
    let (mut fields, mut is_named, mut candidate) = (0, false, None);
    for pair in text.split(|&byte| byte == b'&') {
        let (name, value) = match pair.iter().position(|&byte| byte == b'=') {
            Some(equals) => (&pair[..equals], &pair[equals + 1..]),
            None => (&b""[..], pair),
        };
        let name = percent_decode(name).decode_utf8_lossy().into_owned();
        let place = if name.is_empty() { "the body".to_owned() } else { format!("the form's field {name:?}") };
        // A plus is a plus in base64, although it should be encoded, and a space in other values.
        let base64: Vec<u8> = percent_decode(value).collect();
        if let Some(image) = decode_value(&base64) {
            images.push((image, place));
            continue;
        }
        let spaced: Vec<u8> = value.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
        let bytes = Bytes::from(percent_decode(&spaced).collect::<Vec<u8>>());
        if classifier::is_image(&bytes) {
            images.push((bytes, place));
        } else if !name.is_empty() && !bytes.is_empty() {
            fields += 1;
            if fields == 1 || name == "image" {
                is_named |= name == "image";
                candidate = Some((bytes, place));
            }
        }
    }
    match images.len() {
        0 if fields == 1 || is_named => Ok(candidate),
        0 => Ok(None),
        1 => Ok(images.pop()),
        count => Err(Problem::new(400, format!("reading form: it has {count} images; send exactly one"))),
    }
}

/// Decodes base64 or a data URL. Returns none unless the result is an image.
pub(crate) fn decode_value(text: &[u8]) -> Option<Bytes> {
    let text = text.trim_ascii();
    let decoded = match data_url(text) {
        Some((payload, true)) => decode_base64(&percent_decode(payload).collect::<Vec<u8>>())?,
        Some((payload, false)) => percent_decode(payload).collect::<Vec<u8>>().into(),
        None => decode_base64(text)?,
    };
    classifier::is_image(&decoded).then_some(decoded)
}

/// The payload of a data URL, and whether it is base64 (RFC 2397).
fn data_url(text: &[u8]) -> Option<(&[u8], bool)> {
    let (scheme, rest) = text.split_at_checked(5)?;
    if !scheme.eq_ignore_ascii_case(b"data:") {
        return None;
    }
    let comma = rest.iter().position(|&byte| byte == b',')?;
    let (description, payload) = (rest[..comma].trim_ascii(), &rest[comma + 1..]);
    let is_base64 = description.len() >= 7 && description[description.len() - 7..].eq_ignore_ascii_case(b";base64");
    Some((payload, is_base64))
}

/// Decodes base64 in either alphabet (RFC 4648), with or without line breaks and padding.
pub(crate) fn decode_base64(text: &[u8]) -> Option<Bytes> {
    let mut characters = Vec::with_capacity(text.len());
    for &byte in text.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        characters.push(match byte {
            b'-' => b'+',
            b'_' => b'/',
            b'+' | b'/' | b'=' => byte,
            _ if byte.is_ascii_alphanumeric() => byte,
            _ => return None,
        });
    }
    LENIENT.decode(characters).ok().map(Bytes::from)
}
