//! Which format the bytes are, and what to do about those that are not supported.

use crate::error::Error;

/// The formats that are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Png,
    Jpeg,
    WebP,
    Gif,
    Bmp,
    /// A BMP without its file header, as on the clipboard.
    Dib,
}

/// Start of the file, name, and cure, of image formats that are not supported.
const UNSUPPORTED: [(&[u8], &str, &str); 25] = [
    (b"II*\0", "TIFF", "convert it to PNG"),
    (b"MM\0*", "TIFF", "convert it to PNG"),
    (b"II+\0", "TIFF", "convert it to PNG"),
    (b"MM\0+", "TIFF", "convert it to PNG"),
    (b"\xff\x0a", "JPEG XL", "convert it to JPEG or PNG"),
    (b"\0\0\0\x0cJXL ", "JPEG XL", "convert it to JPEG or PNG"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000", "convert it to JPEG or PNG"),
    (b"\xff\x4f\xff\x51", "JPEG 2000", "convert it to JPEG or PNG"),
    (b"\0\0\x01\0", "ICO", "export the icon as PNG"),
    (b"\0\0\x02\0", "CUR", "export the cursor as PNG"),
    (b"8BPS", "PSD", "export it as PNG or JPEG"),
    (b"DDS ", "DDS", "convert it to PNG"),
    (b"qoif", "QOI", "convert it to PNG"),
    (b"farbfeld", "farbfeld", "convert it to PNG"),
    (b"\x76\x2f\x31\x01", "OpenEXR", "convert it to PNG"),
    (b"#?RADIANCE", "Radiance HDR", "convert it to PNG"),
    (b"#?RGBE", "Radiance HDR", "convert it to PNG"),
    (b"\x8aMNG", "MNG", "convert it to PNG"),
    (b"\x8bJNG", "JNG", "convert it to PNG"),
    (b"\x59\xa6\x6a\x95", "Sun raster", "convert it to PNG"),
    (b"\xd7\xcd\xc6\x9a", "WMF", "convert it to PNG"),
    (b"BLP1", "BLP", "convert it to PNG"),
    (b"BLP2", "BLP", "convert it to PNG"),
    (b"FTEX", "FTEX", "convert it to PNG"),
    (b"gimp xcf", "XCF", "export it as PNG or JPEG"),
];

/// Start of the file, what it is, and the cure.
const OTHER_FILES: [(&[u8], &str, &str); 16] = [
    (b"%PDF", "a PDF document", "render the page to PNG or JPEG"),
    (b"%!PS", "a PostScript document", "render it to PNG or JPEG"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document", "render it to PNG or JPEG"),
    (b"PK\x03\x04", "a ZIP archive", "send one image from it"),
    (b"\x1f\x8b", "compressed with gzip", "decompress it, and send the image itself"),
    (b"BZh", "compressed with bzip2", "decompress it, and send the image itself"),
    (b"\x28\xb5\x2f\xfd", "compressed with Zstandard", "decompress it, and send the image itself"),
    (b"\x93NUMPY", "a NumPy array", "save the array as PNG, for example with Pillow's Image.fromarray"),
    (b"\x80\x04\x95", "a Python pickle", "save the image as PNG"),
    (b"\x80\x05\x95", "a Python pickle", "save the image as PNG"),
    (b"version https://git-lfs", "a Git LFS pointer", "fetch the image itself with: git lfs pull"),
    (b"http://", "a URL", "download the image, and send its bytes"),
    (b"https://", "a URL", "download the image, and send its bytes"),
    (b"s3://", "a URL", "download the image, and send its bytes"),
    (b"file://", "the name of a file", "send the file's bytes; with curl, write --data-binary @FILE"),
    (b"\x1aE\xdf\xa3", "a video (Matroska or WebM)", "send one frame as JPEG or PNG"),
];

/// How base64 of the supported formats begins.
const BASE64: [&[u8]; 5] = [b"iVBORw0KGgo", b"/9j/", b"UklGR", b"R0lGOD", b"Qk"];

/// Recognizes a supported format, or says what the data is instead.
pub(super) fn detect(bytes: &[u8]) -> Result<Format, Error> {
    if bytes.is_empty() {
        return Err(Error::NotAnImage("reading image: there are no bytes; send an image".to_owned()));
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Ok(Format::Png);
    }
    if bytes.starts_with(b"\xff\xd8\xff") {
        return Ok(Format::Jpeg);
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Ok(Format::WebP);
    }
    if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        return Ok(Format::Gif);
    }
    if bytes.starts_with(b"BM") {
        return Ok(Format::Bmp);
    }
    if super::bmp::is_headerless(bytes) {
        return Ok(Format::Dib);
    }
    Err(explain(bytes))
}

fn explain(bytes: &[u8]) -> Error {
    // Such a TGA begins like a cursor, whose count of images is not zero.
    let is_tga = bytes.starts_with(b"\0\0\x02\0\0\0") || bytes.ends_with(b"TRUEVISION-XFILE.\0");
    if is_tga {
        return unsupported("TGA", "convert it to PNG");
    }
    if let Some((_, name, cure)) = UNSUPPORTED.iter().find(|(start, ..)| bytes.starts_with(start)) {
        return unsupported(name, cure);
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return match bytes.get(8..12) {
            Some(b"avif" | b"avis") => unsupported("AVIF", "convert it to JPEG or PNG"),
            Some(b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"mif1" | b"msf1") => unsupported(
                "HEIC (HEIF)",
                "convert it to JPEG; on an iPhone, choose Settings, Camera, Formats, Most Compatible",
            ),
            _ => Error::UnsupportedFormat(
                "reading image: a video (MP4 or QuickTime) is not supported; send one frame as JPEG or PNG".to_owned(),
            ),
        };
    }
    let text = bytes.trim_ascii_start();
    let starts = |start: &[u8]| text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
    if starts(b"<svg") || (starts(b"<?xml") && text[..text.len().min(2_000)].windows(4).any(|tag| tag == b"<svg")) {
        return unsupported("SVG", "render it to PNG");
    }
    if let [b'P', b'1'..=b'7', separator, ..] = bytes
        && separator.is_ascii_whitespace()
    {
        return unsupported("PNM (PPM, PGM, PBM)", "convert it to PNG");
    }
    if let Some((_, what, cure)) = OTHER_FILES.iter().find(|(start, ..)| bytes.starts_with(start)) {
        return not_an_image(what, cure);
    }
    if let Some(change) = damage_in_transit(bytes) {
        return Error::Damaged(format!(
            "reading image: {change} on its way; send the bytes unchanged, with curl by --data-binary @FILE"
        ));
    }
    if starts(b"data:image/") || BASE64.iter().any(|start| starts(start) && is_base64(text)) {
        return not_an_image("base64 text", "decode it, and send the image's bytes");
    }
    if starts(b"<!doctype html") || starts(b"<html") {
        return not_an_image("an HTML page", "send the image, not the page that shows it");
    }
    if matches!(text.first(), Some(b'{' | b'[')) && bytes.iter().take(1_000).all(|byte| byte.is_ascii()) {
        return not_an_image("JSON", "send the image's bytes as the body");
    }
    if let Ok(text) = std::str::from_utf8(text)
        && text.len() < 4_000
        && !text.contains('\0')
    {
        let cure = "send the image's bytes; with curl, the @ in --data-binary @FILE makes it send the file";
        return not_an_image("text", cure);
    }
    Error::NotAnImage(
        "reading image: the data is not in a known image format; send PNG, JPEG, WebP, GIF or BMP".to_owned(),
    )
}

/// What has changed an image whose beginning is still recognizable.
fn damage_in_transit(bytes: &[u8]) -> Option<&'static str> {
    let starts = |start: &[u8]| bytes.starts_with(start);
    let replaced = "\u{fffd}".as_bytes();
    // Decoded as UTF-8 with replacement characters, or decoded as Latin-1 and encoded as UTF-8.
    let is_text = (starts(replaced) && matches!(bytes.get(3..6), Some(next) if next == b"PNG" || next == replaced))
        || starts("\u{89}PNG".as_bytes())
        || starts("\u{ff}\u{d8}\u{ff}".as_bytes());
    if is_text {
        return Some("it was read as text and encoded as UTF-8");
    }
    if starts(b"\x89PNG") || starts(b"\x09PNG\r\n") {
        return Some("its line breaks were converted or removed");
    }
    (starts(b"\xef\xbb\xbf") || starts(b"\xff\xfe\xff\xd8") || starts(b"\n\xff\xd8\xff") || starts(b"\r\n\xff\xd8"))
        .then_some("characters were put in front of it")
}

fn is_base64(text: &[u8]) -> bool {
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'\r' | b'\n');
    text.len() >= 16 && text.iter().take(400).all(is_digit)
}

fn unsupported(name: &str, cure: &str) -> Error {
    Error::UnsupportedFormat(format!(
        "reading image: {name} is not supported; send PNG, JPEG, WebP, GIF or BMP: {cure}"
    ))
}

fn not_an_image(what: &str, cure: &str) -> Error {
    Error::NotAnImage(format!("reading image: the data is {what}, not an image; {cure}"))
}
