//! The orientation that a camera recorded, which decoding ignores.

use super::detect::{Format, detect};
use super::{png, webp};

/// The tag of the orientation.
const ORIENTATION: u64 = 0x0112;

/// How an image is to be turned, from its EXIF or XMP data, as Pillow's `ImageOps.exif_transpose` reads it: 1 (upright) to
/// 8. JPEG, PNG, WebP and TIFF have such data; anything else, and damaged data, is 1.
pub fn exif_orientation(bytes: &[u8]) -> u8 {
    let (exif, xmp) = match detect(bytes) {
        Ok(Format::Jpeg) => jpeg_metadata(bytes),
        Ok(Format::Png) => png_metadata(bytes),
        Ok(Format::WebP) => webp_metadata(bytes),
        Err(_) if bytes.starts_with(b"II*\0") || bytes.starts_with(b"MM\0*") => (Some(bytes.to_vec()), None),
        _ => (None, None),
    };
    exif.and_then(|exif| from_exif(&exif)).or_else(|| xmp.and_then(from_xmp)).unwrap_or(1)
}

type Metadata<'a> = (Option<Vec<u8>>, Option<&'a [u8]>);

/// Reads the segments before the first scan.
fn jpeg_metadata(bytes: &[u8]) -> Metadata<'_> {
    let (mut exif, mut xmp): (Option<Vec<u8>>, _) = (None, None);
    let mut rest = &bytes[2..];
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        let Some((&marker, after)) = after.split_first() else { break };
        if byte != 0xff || matches!(marker, 0 | 0xff) {
            continue;
        }
        rest = after;
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            continue;
        }
        let Some((length, _)) = after.split_first_chunk::<2>() else { break };
        let length = usize::from(u16::from_be_bytes(*length));
        if matches!(marker, 0xd9 | 0xda) || length < 2 || length > after.len() {
            break;
        }
        let segment = &after[2..length];
        rest = &after[length..];
        if marker != 0xe1 {
            continue;
        }
        if let Some(part) = segment.strip_prefix(b"Exif\0\0") {
            // Data above 64 KB continues in further segments.
            exif.get_or_insert_default().extend(part);
        } else if let Some(packet) = segment.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0") {
            xmp = Some(packet);
        }
    }
    (exif, xmp)
}

fn png_metadata(bytes: &[u8]) -> Metadata<'_> {
    let (mut exif, mut xmp) = (None, None);
    for chunk in png::chunks(bytes) {
        match &chunk.kind {
            b"eXIf" => exif = Some(chunk.data.strip_prefix(b"Exif\0\0").unwrap_or(chunk.data).to_vec()),
            // Keyword, not compressed, no language, no translation.
            b"iTXt" if chunk.data.starts_with(b"XML:com.adobe.xmp\0\0") => xmp = Some(chunk.data),
            _ => {}
        }
    }
    (exif, xmp)
}

fn webp_metadata(bytes: &[u8]) -> Metadata<'_> {
    let (mut exif, mut xmp) = (None, None);
    for (kind, data) in webp::chunks(bytes.get(12..).unwrap_or_default()) {
        match kind {
            b"EXIF" => exif = Some(data.strip_prefix(b"Exif\0\0").unwrap_or(data).to_vec()),
            b"XMP " => xmp = Some(data),
            _ => {}
        }
    }
    (exif, xmp)
}

/// Reads the first directory of a TIFF structure.
fn from_exif(exif: &[u8]) -> Option<u8> {
    let is_big_endian = match exif.get(..4)? {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return None,
    };
    let number = |place: usize, size: usize| -> Option<u64> {
        let bytes = exif.get(place..place.checked_add(size)?)?;
        let join = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if is_big_endian { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) })
    };
    let directory = number(4, 4)? as usize;
    let count = number(directory, 2)? as usize;
    let entry =
        (0..count).map(|index| directory + 2 + 12 * index).find(|&entry| number(entry, 2) == Some(ORIENTATION))?;
    let size = match number(entry + 2, 2)? {
        1 => 1,
        3 => 2,
        4 => 4,
        _ => return None,
    };
    let value = number(entry + 8, size)?;
    (1..=8).contains(&value).then_some(value as u8)
}

/// Finds `tiff:Orientation="N"` or `<tiff:Orientation>N`.
fn from_xmp(xmp: &[u8]) -> Option<u8> {
    const NAME: &[u8] = b"tiff:Orientation";
    let place = xmp.windows(NAME.len()).position(|window| window == NAME)?;
    let after = &xmp[place + NAME.len()..];
    let value = after.strip_prefix(b"=\"").or_else(|| after.strip_prefix(b">"))?.first()?;
    matches!(value, b'1'..=b'8').then(|| value - b'0')
}
