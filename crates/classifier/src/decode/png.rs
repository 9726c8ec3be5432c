//! PNG, with Pillow's pixels. Pillow stops reading at the last row, so what follows it may be missing or damaged.
//!
//! 16-bit samples keep their high byte. As in Pillow, 16-bit grey without alpha is an exception: its samples are clipped, so
//! everything above 255 becomes white.

use std::io::{Cursor, Read as _};

use png::{BitDepth, ColorType, DecodingError, Limits, Transformations};

use super::decoded::Decoded;
use super::palette::Palette;
use super::problem::{damaged, truncated};
use crate::error::Error;

const NAME: &str = "PNG";
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The chunks that matter.
struct Chunks<'a> {
    header: &'a [u8],
    palette: Option<&'a [u8]>,
    transparency: Option<&'a [u8]>,
    data: Vec<&'a [u8]>,
}

/// A chunk: its type and data, and whether its checksum is right.
pub(super) struct Chunk<'a> {
    pub(super) kind: [u8; 4],
    pub(super) data: &'a [u8],
    has_checksum: bool,
}

/// The chunks of a file, up to the first that is incomplete. Its data is cut.
pub(super) fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let data = &after[..length.min(after.len())];
        let checksum = after.get(length..length + 4);
        let covered = &rest[4..8 + data.len()];
        // The checksum of image data is never compared.
        let has_checksum =
            kind == b"IDAT" || checksum.is_some_and(|stored| crc32fast::hash(covered).to_be_bytes() == *stored);
        rest = after.get(length + 4..).unwrap_or_default();
        Some(Chunk { kind: *kind, data, has_checksum })
    })
}

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    let chunks = find_chunks(bytes)?;
    let number = |place: usize| chunks.header[place..place + 4].iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    super::limits::check_size(NAME, number(0), number(4))?;
    let clean = chunks.rewrite();
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(clean), Limits { bytes: super::limits::MAX_METADATA });
    decoder.set_transformations(Transformations::IDENTITY);
    decoder.ignore_checksums(true);
    let mut reader = decoder.read_info().map_err(|error| explain(&error))?;
    let info = reader.info();
    let layout = Layout { color: info.color_type, depth: info.bit_depth, transparency: chunks.transparency };
    let (width, height, is_interlaced) = (info.width as usize, info.height as usize, info.interlaced);
    let palette = (layout.color == ColorType::Indexed).then(|| {
        let mut palette = Palette::black();
        palette.set_rgb(chunks.palette.unwrap_or_default());
        for (index, &alpha) in chunks.transparency.unwrap_or_default().iter().enumerate() {
            palette.set_alpha(index, alpha);
        }
        palette
    });
    let channels = layout.channels();
    let mut samples = vec![0; width * height * channels];
    let mut row = vec![0; width * channels];
    let mut decoded = 0;
    'passes: for pass in passes(is_interlaced) {
        let columns = width.saturating_sub(pass.left).div_ceil(pass.across);
        if columns == 0 {
            continue;
        }
        for y in (pass.top..height).step_by(pass.down) {
            let next = match reader.next_interlaced_row() {
                Ok(Some(next)) => next,
                // As in Pillow, rows stay black if the data has its proper end after a whole row.
                _ if chunks.has_exactly(decoded) => break 'passes,
                Ok(None) => return Err(truncated(NAME)),
                Err(error) => return Err(explain(&error)),
            };
            decoded += 1 + next.data().len();
            layout.expand(next.data(), palette.as_ref(), &mut row[..columns * channels]);
            let out = &mut samples[y * width * channels..][..width * channels];
            if is_interlaced {
                let places = out.chunks_exact_mut(channels).skip(pass.left).step_by(pass.across);
                for (out, pixel) in places.zip(row.chunks_exact(channels)) {
                    out.copy_from_slice(pixel);
                }
            } else {
                out.copy_from_slice(&row);
            }
        }
    }
    Ok(Decoded::new(NAME, width, height, channels, samples))
}

/// Finds the chunks up to the image data. As in Pillow, only image data may be damaged.
fn find_chunks(bytes: &[u8]) -> Result<Chunks<'_>, Error> {
    let mut found = Chunks { header: &[], palette: None, transparency: None, data: Vec::new() };
    for chunk in chunks(bytes) {
        if !found.data.is_empty() && chunk.kind != *b"IDAT" {
            break;
        }
        let checked = |what: &str| if chunk.has_checksum { Ok(chunk.data) } else { Err(damaged(NAME, what)) };
        match &chunk.kind {
            b"IHDR" => found.header = checked("its header's checksum is wrong")?,
            b"PLTE" => found.palette = Some(checked("its palette's checksum is wrong")?),
            b"tRNS" => found.transparency = Some(checked("its transparency's checksum is wrong")?),
            b"IDAT" => found.data.push(chunk.data),
            b"IEND" => break,
            _ => {}
        }
    }
    if found.header.is_empty() && found.data.is_empty() {
        return Err(truncated(NAME));
    }
    if found.header.len() < 13 {
        return Err(damaged(NAME, "its header is missing or too short"));
    }
    if found.data.is_empty() { Err(truncated(NAME)) } else { Ok(found) }
}

impl Chunks<'_> {
    /// A file of only these chunks, without a checksum that is right.
    fn rewrite(&self) -> Vec<u8> {
        let mut file = SIGNATURE.to_vec();
        let mut add = |kind: &[u8], parts: &[&[u8]]| {
            let length = parts.iter().map(|part| part.len()).sum::<usize>() as u32;
            file.extend(length.to_be_bytes());
            file.extend(kind);
            parts.iter().for_each(|part| file.extend(*part));
            file.extend([0; 4]);
        };
        add(b"IHDR", &[&self.header[..13]]);
        // Colors are looked up here, but the decoder insists on a palette.
        add(b"PLTE", &[&[0; 768]]);
        add(b"IDAT", &self.data);
        add(b"IEND", &[]);
        file
    }

    /// Whether the image data decompresses to that many bytes, and then ends properly.
    fn has_exactly(&self, size: usize) -> bool {
        let compressed = self.data.concat();
        let mut data = flate2::read::ZlibDecoder::new(&compressed[..]).take(size as u64 + 1);
        size > 0 && matches!(std::io::copy(&mut data, &mut std::io::sink()), Ok(count) if count == size as u64)
    }
}

/// Which pixels a pass of interlacing holds: where they begin, and how far apart they are.
struct Pass {
    left: usize,
    top: usize,
    across: usize,
    down: usize,
}

fn passes(is_interlaced: bool) -> impl Iterator<Item = Pass> {
    const ADAM7: [[usize; 4]; 7] =
        [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
    let passes: &[[usize; 4]] = if is_interlaced { &ADAM7 } else { &[[0, 0, 1, 1]] };
    passes.iter().map(|&[left, top, across, down]| Pass { left, top, across, down })
}

/// How samples are stored.
struct Layout<'a> {
    color: ColorType,
    depth: BitDepth,
    transparency: Option<&'a [u8]>,
}

impl Layout<'_> {
    /// Channels of the decoded image.
    fn channels(&self) -> usize {
        let has_alpha = self.transparency.is_some();
        match self.color {
            ColorType::Grayscale => 1 + usize::from(has_alpha),
            ColorType::GrayscaleAlpha => 2,
            ColorType::Rgb | ColorType::Indexed => 3 + usize::from(has_alpha),
            ColorType::Rgba => 4,
        }
    }

    /// Converts a row to 8 bits per channel.
    fn expand(&self, row: &[u8], palette: Option<&Palette>, out: &mut [u8]) {
        let channels = self.channels();
        let stored = match self.color {
            ColorType::Grayscale | ColorType::Indexed => 1,
            ColorType::GrayscaleAlpha => 2,
            ColorType::Rgb => 3,
            ColorType::Rgba => 4,
        };
        if let Some(palette) = palette {
            let indices: Vec<u8> = (0..out.len() / channels).map(|x| self.small_sample(row, x)).collect();
            out.copy_from_slice(&palette.apply(&indices, channels));
            return;
        }
        let wide = usize::from(self.depth == BitDepth::Sixteen);
        for (x, pixel) in out.chunks_exact_mut(channels).enumerate() {
            let sample = |channel: usize| -> u16 {
                let place = (x * stored + channel) << wide;
                match self.depth {
                    BitDepth::Sixteen => u16::from(row[place]) << 8 | u16::from(row[place + 1]),
                    BitDepth::Eight => row[place].into(),
                    _ => self.small_sample(row, x).into(),
                }
            };
            for (channel, value) in pixel.iter_mut().enumerate().take(stored) {
                *value = match self.depth {
                    BitDepth::Sixteen if self.color == ColorType::Grayscale => sample(channel).min(255) as u8,
                    BitDepth::Sixteen => (sample(channel) >> 8) as u8,
                    BitDepth::Eight => sample(channel) as u8,
                    depth => (sample(channel) * (255 / ((1 << depth as u16) - 1))) as u8,
                };
            }
            if channels > stored {
                let key = self.transparency.unwrap_or_default();
                let matches = (0..stored)
                    .all(|channel| key.get(2 * channel..2 * channel + 2) == Some(&sample(channel).to_be_bytes()));
                pixel[stored] = if matches { 0 } else { 255 };
            }
        }
    }

    /// A sample of at most 8 bits.
    fn small_sample(&self, row: &[u8], x: usize) -> u8 {
        let bits = self.depth as usize;
        let per_byte = 8 / bits;
        let shift = (per_byte - 1 - x % per_byte) * bits;
        row[x / per_byte] >> shift & ((1_u16 << bits) - 1) as u8
    }
}

fn explain(error: &DecodingError) -> Error {
    match error {
        DecodingError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => truncated(NAME),
        DecodingError::LimitsExceeded => super::problem::too_large(NAME),
        DecodingError::Format(error) if error.to_string().contains("No more image data") => truncated(NAME),
        _ => damaged(NAME, "its header or its compressed data is invalid"),
    }
}
