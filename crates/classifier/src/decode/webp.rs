//! WebP: a picture, or the first frame of an animation.

use std::io::Cursor;

use image_webp::{DecodingError, WebPDecoder};

use super::decoded::Decoded;
use super::problem::{damaged, truncated};
use crate::error::Error;

const NAME: &str = "WebP";
/// Of the extended header's flags.
const ANIMATION: u8 = 0x02;
const ALPHA: u8 = 0x10;

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    match chunks(&bytes[12..]).next() {
        Some((b"VP8X", header)) if header.len() >= 10 && header[0] & ANIMATION != 0 => first_frame(bytes, header),
        _ => decode_still(bytes),
    }
}

fn decode_still(bytes: &[u8]) -> Result<Decoded, Error> {
    let mut decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|error| explain(&error))?;
    let (width, height) = decoder.dimensions();
    super::limits::check_size(NAME, width.into(), height.into())?;
    decoder.set_memory_limit(super::limits::MAX_METADATA);
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let mut samples = vec![0; width as usize * height as usize * channels];
    decoder.read_image(&mut samples).map_err(|error| explain(&error))?;
    Ok(Decoded::new(NAME, width as usize, height as usize, channels, samples))
}

/// Decodes the first frame as a picture of its own, and puts it on a canvas of transparent black. Its size is that of its
/// compressed data: what the frame's header says is ignored by libwebp too.
fn first_frame(bytes: &[u8], header: &[u8]) -> Result<Decoded, Error> {
    let size = bytes[4..8].iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
    if size > bytes.len() - 8 {
        return Err(truncated(NAME));
    }
    let three_bytes = |bytes: &[u8]| bytes[..3].iter().rev().fold(0, |sum, &byte| sum << 8 | usize::from(byte));
    let (width, height) = (three_bytes(&header[4..]) + 1, three_bytes(&header[7..]) + 1);
    super::limits::check_size(NAME, width as u64, height as u64)?;
    let mut frames = chunks(&bytes[12..]).filter(|(kind, data)| *kind == b"ANMF" && data.len() >= 16);
    let (_, frame) = frames.next().ok_or_else(|| damaged(NAME, "its animation has no frame"))?;
    let (left, top) = (2 * three_bytes(frame), 2 * three_bytes(&frame[3..]));
    let picture = decode_still(&still(&frame[16..])?)?;
    if left + picture.width > width || top + picture.height > height {
        return Err(damaged(NAME, "its first frame is outside of its canvas"));
    }
    let channels = picture.channels;
    let mut samples = vec![0; width * height * channels];
    for (y, row) in picture.samples.chunks_exact(picture.width * channels).enumerate() {
        samples[((top + y) * width + left) * channels..][..row.len()].copy_from_slice(row);
    }
    Ok(Decoded::new(NAME, width, height, channels, samples))
}

/// A file of only the chunks of one frame.
fn still(frame: &[u8]) -> Result<Vec<u8>, Error> {
    let mut alpha = None;
    for (kind, data) in chunks(frame) {
        match kind {
            b"ALPH" => alpha = Some(data),
            b"VP8L" => return Ok(file(&[(b"VP8L", data)])),
            b"VP8 " => {
                let Some(alpha) = alpha else { return Ok(file(&[(b"VP8 ", data)])) };
                let size = data.get(6..10).ok_or_else(|| truncated(NAME))?;
                let side = |low: u8, high: u8| ((usize::from(high) << 8 | usize::from(low)) & 0x3fff).wrapping_sub(1);
                let mut header = vec![ALPHA, 0, 0, 0];
                header.extend(&side(size[0], size[1]).to_le_bytes()[..3]);
                header.extend(&side(size[2], size[3]).to_le_bytes()[..3]);
                return Ok(file(&[(b"VP8X", &header), (b"ALPH", alpha), (b"VP8 ", data)]));
            }
            _ => {}
        }
    }
    Err(damaged(NAME, "its first frame has no image data"))
}

fn file(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut file = b"RIFF\0\0\0\0WEBP".to_vec();
    for (kind, data) in chunks {
        file.extend(*kind);
        file.extend((data.len() as u32).to_le_bytes());
        file.extend(*data);
        file.resize(file.len().next_multiple_of(2), 0);
    }
    let size = file.len() as u32 - 8;
    file[4..8].copy_from_slice(&size.to_le_bytes());
    file
}

/// The types and data of chunks. The last may be cut.
pub(super) fn chunks(bytes: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let (kind, after) = rest.split_first_chunk::<4>()?;
        let (length, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        rest = after.get(length.next_multiple_of(2)..).unwrap_or_default();
        Some((kind, &after[..length.min(after.len())]))
    })
}

fn explain(error: &DecodingError) -> Error {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => truncated(NAME),
        DecodingError::ImageTooLarge | DecodingError::MemoryLimitExceeded => super::problem::too_large(NAME),
        _ => damaged(NAME, "its header or its compressed data is invalid"),
    }
}
