//! Image decoding. The first bytes tell the format, and limits are checked before any pixel is decoded.
//!
//! An EXIF orientation is ignored, as by Pillow's `Image.open`, so that the model sees what the training pipeline saw.

use std::error::Error as _;
use std::io::{Cursor, ErrorKind};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use crate::error::Error;

/// Largest width and height in pixels.
const MAX_SIDE: u32 = 12_000;
/// Largest number of pixels. Decoding a progressive JPEG needs about 12 bytes of memory per pixel.
const MAX_PIXELS: u64 = 40_000_000;
/// Largest size of the decoded image in bytes.
const MAX_ALLOC: u64 = 256 * 1024 * 1024;

/// A decoded image.
pub(crate) struct Decoded {
    pub(crate) format: &'static str,
    pub(crate) image: DynamicImage,
    /// Whether the file is a 16-bit grey PNG without an alpha channel. The decoder adds an alpha channel for a transparent
    /// color, so the decoded image does not show it.
    pub(crate) is_grey_16: bool,
}

/// Decodes a PNG, JPEG, WebP or BMP image, or the first frame of a GIF.
pub(crate) fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    let (format, name) = detect_format(bytes)?;
    if format == ImageFormat::Jpeg && !jpeg_is_complete(bytes) {
        return Err(Error::Damaged("decoding JPEG: the data is truncated".to_owned()));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| decode_error(name, &error))?;
    let (width, height) = decoder.dimensions();
    // Not every decoder enforces every limit.
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(too_large(name));
    }
    if decoder.total_bytes() > MAX_ALLOC {
        return Err(too_large(name));
    }
    if width == 0 || height == 0 {
        return Err(Error::Unprocessable(format!("decoding {name}: the image has no pixels")));
    }
    let image = DynamicImage::from_decoder(decoder).map_err(|error| decode_error(name, &error))?;
    Ok(Decoded { format: name, image, is_grey_16: format == ImageFormat::Png && bytes.get(24..26) == Some(&[16, 0]) })
}

/// Whether the first bytes are those of an image format, supported or not.
pub fn is_image(bytes: &[u8]) -> bool {
    !matches!(detect_format(bytes), Err(Error::NotAnImage(_)))
}

fn detect_format(bytes: &[u8]) -> Result<(ImageFormat, &'static str), Error> {
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
        // HEIF, used by phone cameras: the image crate does not recognize it.
        Err(_) if bytes.get(4..8) == Some(b"ftyp") => Err(unsupported("HEIF")),
        Err(_) => Err(Error::NotAnImage("reading image: the data is not in a known image format".to_owned())),
    }
}

fn unsupported(name: &str) -> Error {
    Error::UnsupportedFormat(format!("reading image: {name} is not supported; send PNG, JPEG, WebP, GIF or BMP"))
}

fn too_large(name: &str) -> Error {
    Error::TooLarge(format!(
        "decoding {name}: the image is too large; the limits are {MAX_SIDE} pixels per side and {} million in total",
        MAX_PIXELS / 1_000_000
    ))
}

/// Whether a JPEG has an end marker after its last scan. Without this check the decoder would fill missing pixels with grey. A
/// thumbnail in the metadata has markers too, but comes before the image's own scan.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xff, marker]);
    matches!((last(0xda), last(0xd9)), (Some(scan), Some(end)) if end > scan)
}

fn decode_error(name: &str, error: &ImageError) -> Error {
    match error {
        ImageError::Limits(_) => too_large(name),
        ImageError::Unsupported(_) => Error::Unprocessable(format!("decoding {name}: {error}")),
        _ if is_truncated(error) => Error::Damaged(format!("decoding {name}: the data is truncated")),
        _ => Error::Damaged(format!("decoding {name}: {error}")),
    }
}

/// Whether the error's innermost cause is an unexpected end of the data.
fn is_truncated(error: &ImageError) -> bool {
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
