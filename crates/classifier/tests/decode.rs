//! Decoding of every supported format, intact and truncated, and what is refused before any pixel is decoded.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::Cursor;

use classifier::{Color, Error, Filter, preprocess};
use image::{DynamicImage, ImageFormat, RgbImage};

const SIZE: [u32; 2] = [40, 30];

/// Has few colors, so that a GIF palette can hold them all.
fn picture() -> RgbImage {
    RgbImage::from_fn(SIZE[0], SIZE[1], |x, y| image::Rgb([(x / 8 * 50) as u8, (y / 8 * 60) as u8, 90]))
}

fn encode(format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture()).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn read(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    preprocess(bytes, Color::Rgb, SIZE, Filter::Bilinear).map(|pixels| pixels.data)
}

#[test]
fn lossless_formats_decode_to_the_same_pixels() {
    let expected = picture().into_raw();
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP, ImageFormat::Gif] {
        assert_eq!(read(&encode(format)).unwrap(), expected, "{format:?}");
    }
}

#[test]
fn truncated_data_is_an_error() {
    let formats = [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Jpeg];
    for (format, bytes) in formats.map(|format| (format, encode(format))) {
        let whole = read(&bytes).unwrap();
        for length in 0..bytes.len() {
            match read(&bytes[..length]) {
                Err(Error::Damaged(_) | Error::NotAnImage(_)) => {}
                // Only a checksum or an end marker is missing, no pixel.
                Ok(pixels) if length > bytes.len() * 9 / 10 && pixels == whole => {}
                other => panic!("{format:?}, {length} of {} bytes: {other:?}", bytes.len()),
            }
        }
    }
}

/// Phone photos contain a thumbnail, whose end marker must not be mistaken for the photo's.
#[test]
fn the_end_of_a_thumbnail_is_not_the_end_of_a_jpeg() {
    let jpeg = encode(ImageFormat::Jpeg);
    let mut photo = jpeg[..2].to_vec();
    photo.extend([0xff, 0xe1]);
    photo.extend(u16::try_from(2 + jpeg.len()).unwrap().to_be_bytes());
    photo.extend(&jpeg);
    photo.extend(&jpeg[2..]);
    assert_eq!(read(&photo), read(&jpeg));
    assert!(matches!(read(&photo[..photo.len() - 50]), Err(Error::Damaged(_))));
}

#[test]
fn flipped_bytes_never_panic() {
    for format in [ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP, ImageFormat::Gif, ImageFormat::Jpeg] {
        let bytes = encode(format);
        for place in 0..bytes.len().min(2000) {
            let mut flipped = bytes.clone();
            flipped[place] ^= 0xff;
            let _ = read(&flipped);
        }
    }
}

#[test]
fn too_many_pixels_are_refused_from_the_header_alone() {
    let mut png = encode(ImageFormat::Png);
    for (width, height) in [(12_001u32, 1u32), (1, 12_001), (10_000, 10_000)] {
        png[16..20].copy_from_slice(&width.to_be_bytes());
        png[20..24].copy_from_slice(&height.to_be_bytes());
        let checksum = crc32(&png[12..29]);
        png[29..33].copy_from_slice(&checksum.to_be_bytes());
        assert!(matches!(read(&png), Err(Error::TooLarge(_))), "{width} x {height}");
    }
}

/// The checksum of a PNG chunk.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xedb8_8320 } else { sum >> 1 })
    })
}

#[test]
fn unsupported_formats_are_distinguished_from_other_data() {
    for bytes in [&b"II*\0"[..], b"MM\0*", b"\0\0\0\x18ftypheic", b"\0\0\0\x1cftypavif", b"DDS "] {
        assert!(matches!(read(bytes), Err(Error::UnsupportedFormat(_))), "{bytes:?}");
    }
    for bytes in [&b""[..], b"hello", b"\x89PNX", b"<svg/>", b"%PDF-1.7"] {
        assert!(matches!(read(bytes), Err(Error::NotAnImage(_))), "{bytes:?}");
    }
    assert!(matches!(
        preprocess(&encode(ImageFormat::Png), Color::L, [0, 5], Filter::Box),
        Err(Error::Unprocessable(_))
    ));
}

/// Checks only that no kind of PNG is mistaken for a damaged one. `pillow.rs` compares the pixels with Pillow's.
#[test]
fn every_kind_of_png_is_decoded() {
    use image::{ExtendedColorType, ImageEncoder as _, codecs::png::PngEncoder};
    let pixels = vec![7_u8; 8 * 8 * 8];
    for (kind, bytes_a_pixel) in [
        (ExtendedColorType::L8, 1),
        (ExtendedColorType::La8, 2),
        (ExtendedColorType::Rgb8, 3),
        (ExtendedColorType::Rgba8, 4),
        (ExtendedColorType::L16, 2),
        (ExtendedColorType::La16, 4),
        (ExtendedColorType::Rgb16, 6),
        (ExtendedColorType::Rgba16, 8),
    ] {
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes).write_image(&pixels[..64 * bytes_a_pixel], 8, 8, kind).unwrap();
        for color in [Color::L, Color::Rgb] {
            let read = preprocess(&bytes, color, [8, 8], Filter::Nearest);
            assert_eq!(read.map(|pixels| pixels.data.len()), Ok(64 * color.channels()), "{kind:?}");
        }
    }
}
