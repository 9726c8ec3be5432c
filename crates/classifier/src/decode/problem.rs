//! Why an image cannot be decoded, in words for the client. A decoder's own words never reach it.

use crate::error::Error;

/// Largest width and height in pixels.
pub(super) const MAX_SIDE: u64 = 12_000;
/// Largest number of pixels.
pub(super) const MAX_PIXELS: u64 = 40_000_000;

pub(super) fn truncated(format: &str) -> Error {
    Error::Damaged(format!("decoding {format}: the data is truncated; check that the whole file was sent"))
}

pub(super) fn no_pixels(format: &str) -> Error {
    Error::Unprocessable(format!("decoding {format}: the image has no pixels"))
}

pub(super) fn damaged(format: &str, what: &str) -> Error {
    Error::Damaged(format!("decoding {format}: the data is damaged: {what}"))
}

pub(super) fn unsupported_kind(format: &str, what: &str) -> Error {
    Error::Unprocessable(format!(
        "decoding {format}: {what}, which is not supported; save it as PNG or as a baseline JPEG"
    ))
}

pub(super) fn too_large(format: &str) -> Error {
    Error::TooLarge(format!(
        "decoding {format}: the image is too large; the limits are {MAX_SIDE} pixels per side and {} million in total; send a \
         smaller one",
        MAX_PIXELS / 1_000_000
    ))
}
