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
fn unsupported_formats_are_refused_by_name_with_a_cure() {
    let cases: [(&[u8], &str, &str); 14] = [
        (b"II*\0", "TIFF", "convert it to PNG"),
        (b"MM\0*", "TIFF", "convert it to PNG"),
        (b"\0\0\0\x18ftypheic", "HEIC", "JPEG"),
        (b"\0\0\0\x1cftypavif", "AVIF", "JPEG"),
        (b"\0\0\0\x1cftypmp42", "video", "one frame"),
        (b"\xff\x0a\xfa", "JPEG XL", "JPEG"),
        (b"\0\0\0\x0cjP  \r\n", "JPEG 2000", "JPEG"),
        (b"\0\0\x01\0\x01\0", "ICO", "PNG"),
        (b"\0\0\x02\0\x01\0", "CUR", "PNG"),
        (b"\0\0\x02\0\0\0\0\0", "TGA", "PNG"),
        (b"DDS ", "DDS", "PNG"),
        (b"8BPS", "PSD", "PNG"),
        (b"P6\n1 1\n255\n", "PNM", "PNG"),
        (b"<?xml version='1.0'?><svg/>", "SVG", "render"),
    ];
    for (bytes, name, cure) in cases {
        let Err(Error::UnsupportedFormat(text)) = read(bytes) else { panic!("{name} is not refused") };
        assert!(text.contains(name) && text.contains(cure), "{text}");
    }
    assert!(matches!(
        preprocess(&encode(ImageFormat::Png), Color::L, [0, 5], Filter::Box),
        Err(Error::Unprocessable(_))
    ));
}

#[test]
fn what_is_not_an_image_is_named() {
    let cases: [(&[u8], &str); 15] = [
        (b"", "no bytes"),
        (b"%PDF-1.7", "PDF"),
        (b"PK\x03\x04", "ZIP"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"\x93NUMPY", "NumPy"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"{\"image\": 1}", "JSON"),
        (b"https://example.com/a.png", "URL"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"iVBORw0KGgoAAAANSUhEUgAAAAE=", "base64"),
        (b"/9j/4AAQSkZJRgABAQEAYABg", "base64"),
        (b"data:image/png;base64,iVBORw0KGgo=", "base64"),
        (b"photos/cat.jpg", "--data-binary @FILE"),
        (b"hello", "text"),
        (b"\x01\x02\x03\xfe\xff\0\0\0\0", "not in a known image format"),
    ];
    for (bytes, words) in cases {
        let Err(Error::NotAnImage(text)) = read(bytes) else { panic!("{words} is not refused") };
        assert!(text.contains(words), "{text}");
    }
}

/// Clients that send a file as text change its bytes.
#[test]
fn an_image_that_was_changed_on_its_way_is_recognized() {
    let png = encode(ImageFormat::Png);
    let jpeg = encode(ImageFormat::Jpeg);
    let latin_1 = |bytes: &[u8]| bytes.iter().map(|&byte| char::from(byte)).collect::<String>().into_bytes();
    let without = |bytes: &[u8], removed: &[u8]| -> Vec<u8> {
        bytes.iter().copied().filter(|byte| !removed.contains(byte)).collect()
    };
    let changed = [
        String::from_utf8_lossy(&png).into_owned().into_bytes(),
        String::from_utf8_lossy(&jpeg).into_owned().into_bytes(),
        latin_1(&png),
        latin_1(&jpeg),
        without(&png, b"\r"),
        without(&png, b"\r\n"),
        [b"\n", &jpeg[..]].concat(),
        [b"\xef\xbb\xbf", &jpeg[..]].concat(),
    ];
    for bytes in changed {
        let Err(Error::Damaged(text)) = read(&bytes) else { panic!("it is not refused") };
        assert!(text.contains("--data-binary"), "{text}");
    }
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
