//! From bytes to an image: the format by its first bytes, limits before any pixel is decoded.
//!
//! An EXIF orientation is not applied, as `Image.open` of Pillow does not: what the training pipeline saw is what the
//! model sees.

use std::error::Error as _;
use std::io::{Cursor, ErrorKind};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::error::Error;

/// Pixels, per side.
const MAX_SIDE: u32 = 12_000;
/// Pixels in all. A progressive JPEG takes about 12 bytes of memory for each while it is decoded.
const MAX_PIXELS: u64 = 40_000_000;
/// Bytes of the decoded image.
const MAX_ALLOC: u64 = 256 * 1024 * 1024;

/// A decoded image and what is known of its file.
pub(crate) struct Decoded {
    pub(crate) format: &'static str,
    pub(crate) image: DynamicImage,
    /// The file is a grey PNG of 16 bits without alpha channel; a transparent colour in it looks like one after decoding.
    pub(crate) grey_16: bool,
}

/// Decodes PNG, JPEG, WebP, BMP or the first frame of a GIF.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    let (format, name) = recognise(bytes)?;
    if format == ImageFormat::Jpeg && !jpeg_is_complete(bytes) {
        return Err(Error::Damaged("decoding JPEG: the data is cut short".to_owned()));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| explain(name, &error))?;
    let (width, height) = decoder.dimensions();
    // Checked here as well, because not every decoder honours every limit.
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(too_large(name));
    }
    if decoder.total_bytes() > MAX_ALLOC {
        return Err(too_large(name));
    }
    if width == 0 || height == 0 {
        return Err(Error::Unprocessable(format!("decoding {name}: the image has no pixels")));
    }
    let image = DynamicImage::from_decoder(decoder).map_err(|error| explain(name, &error))?;
    Ok(Decoded { format: name, image, grey_16: format == ImageFormat::Png && bytes.get(24..26) == Some(&[16, 0]) })
}

fn recognise(bytes: &[u8]) -> Result<(ImageFormat, &'static str), Error> {
    if bytes.is_empty() {
        return Err(Error::NotAnImage("reading image: there are no bytes".to_owned()));
    }
    match image::guess_format(bytes) {
        Ok(ImageFormat::Png) => Ok((ImageFormat::Png, "PNG")),
        Ok(ImageFormat::Jpeg) => Ok((ImageFormat::Jpeg, "JPEG")),
        Ok(ImageFormat::WebP) => Ok((ImageFormat::WebP, "WebP")),
        Ok(ImageFormat::Gif) => Ok((ImageFormat::Gif, "GIF")),
        Ok(ImageFormat::Bmp) => Ok((ImageFormat::Bmp, "BMP")),
        Ok(other) => Err(unsupported(&format!("{other:?}"))),
        // Photos of a telephone, of which the image crate knows no first bytes.
        Err(_) if bytes.get(4..8) == Some(b"ftyp") => Err(unsupported("HEIF")),
        Err(_) => Err(Error::NotAnImage("reading image: the bytes are of no known image format".to_owned())),
    }
}

fn unsupported(name: &str) -> Error {
    Error::UnsupportedFormat(format!("reading image: {name} is not read; send PNG, JPEG, WebP, GIF or BMP"))
}

fn too_large(name: &str) -> Error {
    Error::TooLarge(format!(
        "decoding {name}: at most {MAX_SIDE} pixels a side and {} million in all are accepted",
        MAX_PIXELS / 1_000_000
    ))
}

/// The decoder fills what is missing with grey instead of failing. A complete file ends its scan with an end marker; a
/// thumbnail in the metadata has markers too, but comes before the image's own scan.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    matches!((last(0xda), last(0xd9)), (Some(scan), Some(end)) if end > scan)
}

fn explain(name: &str, error: &ImageError) -> Error {
    match error {
        ImageError::Limits(_) => too_large(name),
        ImageError::Unsupported(_) => Error::Unprocessable(format!("decoding {name}: {error}")),
        _ if ends_early(error) => Error::Damaged(format!("decoding {name}: the data is cut short")),
        _ => Error::Damaged(format!("decoding {name}: {error}")),
    }
}

/// Whether the end of the data is at the bottom of the error.
fn ends_early(error: &ImageError) -> bool {
    let is_eof = |error: &std::io::Error| error.kind() == ErrorKind::UnexpectedEof;
    if let ImageError::IoError(error) = error {
        return is_eof(error);
    }
    let mut source = error.source();
    while let Some(error) = source {
        if error.downcast_ref::<std::io::Error>().is_some_and(is_eof) {
            return true;
        }
        source = error.source();
    }
    false
}
