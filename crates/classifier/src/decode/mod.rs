//! Image decoding, with the pixels that Pillow gives. The first bytes tell the format, and limits are checked before any
//! pixel is decoded.
//!
//! An EXIF orientation is ignored, as by Pillow's `Image.open`, so that the model sees what the training pipeline saw.

mod bmp;
mod decoded;
mod detect;
mod gif;
mod jpeg;
mod limits;
mod orientation;
mod palette;
mod png;
mod problem;
mod reader;
mod webp;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::Error;
use detect::Format;

pub(crate) use decoded::Decoded;
pub use orientation::exif_orientation;

/// Decodes a PNG, JPEG, WebP or BMP image, or the first frame of a GIF. A panic of a decoder is an error of that image.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    let format = detect::detect(bytes)?;
    contain_panics(|| match format {
        Format::Png => png::decode(bytes),
        Format::Jpeg => jpeg::decode(bytes),
        Format::WebP => webp::decode(bytes),
        Format::Gif => gif::decode(bytes),
        Format::Bmp => bmp::decode(bytes, true),
        Format::Dib => bmp::decode(bytes, false),
    })
}

/// Whether the first bytes are those of an image format, supported or not.
pub fn is_image(bytes: &[u8]) -> bool {
    matches!(detect::detect(bytes), Ok(_) | Err(Error::UnsupportedFormat(_)))
}

/// The decoder owns all that it changes, so nothing is left half changed.
fn contain_panics(decode: impl FnOnce() -> Result<Decoded, Error>) -> Result<Decoded, Error> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| {
        Err(Error::Unprocessable(
            "decoding image: its data is damaged in a way that the decoder cannot handle; open it in an image editor, and save it \
             again"
                .to_owned(),
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_of_the_image() {
        let result = contain_panics(|| panic!("index out of bounds: the len is 3 but the index is 7"));
        let Err(Error::Unprocessable(text)) = result.map(|_| ()) else { panic!("it is not refused") };
        assert!(!text.contains("index"), "{text}");
    }
}
