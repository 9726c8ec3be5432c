//! BMP, with Pillow's pixels: Windows and OS/2 headers, palettes, run lengths, bit fields, and bitmaps without their file
//! header.

use super::decoded::Decoded;
use super::palette::Palette;
use super::problem::{damaged, truncated, unsupported_kind};
use super::reader::Reader;
use crate::error::Error;

const NAME: &str = "BMP";
const FILE_HEADER: usize = 14;
const HEADER_SIZES: [u32; 7] = [12, 40, 52, 56, 64, 108, 124];

struct Header {
    width: u32,
    height: u32,
    is_top_down: bool,
    bits: usize,
    compression: u32,
    /// Red, green, blue, alpha.
    masks: [u32; 4],
    colors: u32,
    /// Bytes per color of the palette.
    color_size: usize,
}

/// Whether the data is a bitmap without a file header. It has no magic number, so every field that is known is checked.
pub(super) fn is_headerless(bytes: &[u8]) -> bool {
    let mut reader = Reader::new(NAME, bytes);
    let Ok(size) = reader.u32() else { return false };
    let skipped = if size == 12 { 4 } else { 8 };
    if !HEADER_SIZES.contains(&size) || reader.take(skipped).is_err() {
        return false;
    }
    let planes = reader.u16();
    let bits = reader.u16();
    matches!((planes, bits), (Ok(0 | 1), Ok(1 | 4 | 8 | 16 | 24 | 32)))
}

pub(super) fn decode(bytes: &[u8], has_file_header: bool) -> Result<Decoded, Error> {
    let mut reader = Reader::new(NAME, bytes);
    let mut offset = 0;
    if has_file_header {
        reader.take(10)?;
        offset = reader.u32()? as usize;
    }
    let header_size = reader.u32()?;
    let header = read_header(&mut reader, header_size)?;
    super::limits::check_size(NAME, header.width.into(), header.height.into())?;
    if offset == FILE_HEADER + header_size as usize && header.bits <= 8 {
        offset += header.color_size * header.colors as usize;
    }
    let mut palette = Palette::black();
    if header.bits <= 8 {
        if header.colors > 65_536 {
            return Err(damaged(NAME, "its palette is too large"));
        }
        // A palette may end with the file.
        let size = header.colors as usize * header.color_size;
        let available = bytes.len().saturating_sub(reader.position()).min(size);
        palette.set_bgr(reader.take(available)?, header.color_size);
    }
    if offset == 0 {
        offset = reader.position();
    }
    let data = bytes.get(offset..).ok_or_else(|| truncated(NAME))?;
    let (width, height) = (header.width as usize, header.height as usize);
    let (mut samples, channels) = match header.compression {
        1 | 2 if header.bits <= 8 => {
            let indices = run_lengths(data, offset, width, height, header.compression == 2)?;
            (palette.apply(&indices, 3), 3)
        }
        0 | 3 => rows(data, &header, &palette)?,
        1 | 2 => return Err(damaged(NAME, "run lengths need at most 8 bits per pixel")),
        4 => return Err(unsupported_kind(NAME, "it contains a JPEG")),
        5 => return Err(unsupported_kind(NAME, "it contains a PNG")),
        _ => return Err(unsupported_kind(NAME, "its compression is unknown")),
    };
    if !header.is_top_down {
        let stride = width * channels;
        for row in 0..height / 2 {
            let (top, bottom) = samples.split_at_mut((height - 1 - row) * stride);
            top[row * stride..][..stride].swap_with_slice(&mut bottom[..stride]);
        }
    }
    Ok(Decoded::new(NAME, width, height, channels, samples))
}

fn read_header(reader: &mut Reader, size: u32) -> Result<Header, Error> {
    if !HEADER_SIZES.contains(&size) {
        return Err(unsupported_kind(NAME, "its header has an unknown size"));
    }
    let fields = reader.take(size as usize - 4)?;
    let mut field = Reader::new(NAME, fields);
    let mut header = Header {
        width: 0,
        height: 0,
        is_top_down: false,
        bits: 0,
        compression: 0,
        masks: [0; 4],
        colors: 0,
        color_size: 4,
    };
    if size == 12 {
        (header.width, header.height, header.color_size) = (field.u16()? as u32, field.u16()? as u32, 3);
        field.take(2)?;
        header.bits = field.u16()?;
    } else {
        header.is_top_down = fields[7] == 0xff;
        (header.width, header.height) = (field.u32()?, field.u32()?);
        if header.is_top_down {
            header.height = header.height.wrapping_neg();
        }
        field.take(2)?;
        header.bits = field.u16()?;
        header.compression = field.u32()?;
        field.take(12)?;
        header.colors = field.u32()?;
    }
    if !matches!(header.bits, 1 | 4 | 8 | 16 | 24 | 32) {
        return Err(unsupported_kind(NAME, "its number of bits per pixel is not 1, 4, 8, 16, 24 or 32"));
    }
    if header.colors == 0 && header.bits <= 8 {
        header.colors = 1 << header.bits;
    }
    if header.compression == 3 {
        let after = &mut Reader::new(NAME, fields.get(36..).unwrap_or_default());
        let (masks, count) = if size >= 52 { (after, if size >= 56 { 4 } else { 3 }) } else { (reader, 3) };
        for mask in &mut header.masks[..count] {
            *mask = masks.u32()?;
        }
    }
    Ok(header)
}

/// Uncompressed rows, in the order of the file, and their channels.
fn rows(data: &[u8], header: &Header, palette: &Palette) -> Result<(Vec<u8>, usize), Error> {
    let (width, height) = (header.width as usize, header.height as usize);
    let stride = (width * header.bits).div_ceil(32) * 4;
    let size = (width * header.bits).div_ceil(8);
    // The padding of the last row may be missing.
    if data.len() < stride * (height - 1) + size {
        return Err(truncated(NAME));
    }
    let has_masks = header.compression == 3;
    let [red, green, blue, alpha] = header.masks;
    // Where the bytes of a pixel are: red, green, blue, alpha.
    let places: Option<&[usize]> = match (header.bits, has_masks, [red, green, blue], alpha) {
        (24, false, ..) | (24, true, [0xff_0000, 0xff00, 0xff], _) | (32, false, ..) => Some(&[2, 1, 0]),
        (32, true, [0xff_0000, 0xff00, 0xff], 0) => Some(&[2, 1, 0]),
        (32, true, [0xff00_0000, 0xff_0000, 0xff00], 0) => Some(&[3, 2, 1]),
        (32, true, [0xff00_0000, 0xff00, 0xff], 0) => Some(&[3, 1, 0]),
        (32, true, [0xff00_0000, 0xff_0000, 0xff00], 0xff) => Some(&[3, 2, 1, 0]),
        (32, true, [0xff, 0xff00, 0xff_0000], 0xff00_0000) => Some(&[0, 1, 2, 3]),
        (32, true, [0xff_0000, 0xff00, 0xff], 0xff00_0000) | (32, true, [0, 0, 0], 0) => Some(&[2, 1, 0, 3]),
        (32, true, [0xff00_0000, 0xff00, 0xff], 0xff_0000) => Some(&[3, 1, 0, 2]),
        _ => None,
    };
    let green_bits = match (header.bits, has_masks, [red, green, blue]) {
        (16, false, _) | (16, true, [0x7c00, 0x3e0, 0x1f]) => Some(5),
        (16, true, [0xf800, 0x7e0, 0x1f]) => Some(6),
        _ => None,
    };
    if places.is_none() && green_bits.is_none() && (has_masks || header.bits > 8) {
        return Err(unsupported_kind(NAME, "its color masks are unusual"));
    }
    let channels = places.map_or(3, <[usize]>::len);
    let mut samples = Vec::with_capacity(width * height * channels);
    let mut indices = vec![0; width];
    for row in data.chunks(stride).take(height) {
        if let Some(places) = places {
            for pixel in row[..size].chunks_exact(header.bits / 8) {
                samples.extend(places.iter().map(|&place| pixel[place]));
            }
        } else if let Some(green_bits) = green_bits {
            for pixel in row[..size].chunks_exact(2) {
                samples.extend(rgb_of_16_bits(u32::from(pixel[0]) | u32::from(pixel[1]) << 8, green_bits));
            }
        } else {
            let per_byte = 8 / header.bits;
            for (x, index) in indices.iter_mut().enumerate() {
                let shift = (per_byte - 1 - x % per_byte) * header.bits;
                *index = row[x / per_byte] >> shift & (((1_u16 << header.bits) - 1) as u8);
            }
            samples.extend(palette.apply(&indices, 3));
        }
    }
    Ok((samples, channels))
}

fn rgb_of_16_bits(pixel: u32, green_bits: u32) -> [u8; 3] {
    let scale = |value: u32, bits: u32| {
        let largest = (1 << bits) - 1;
        ((value & largest) * 255 / largest) as u8
    };
    [scale(pixel >> (5 + green_bits), 5), scale(pixel >> 5, green_bits), scale(pixel, 5)]
}

/// Pixels of RLE8 or RLE4 data, in the order of the file. Pixels that are skipped get index 0. `offset` is the data's place
/// in the file, because runs are aligned to the file.
fn run_lengths(data: &[u8], offset: usize, width: usize, height: usize, is_4_bits: bool) -> Result<Vec<u8>, Error> {
    let total = width * height;
    let mut pixels: Vec<u8> = Vec::with_capacity(total);
    let mut reader = Reader::new(NAME, data);
    let mut x = 0;
    while pixels.len() < total {
        let (Ok(count), Ok(value)) = (reader.u8(), reader.u8()) else { break };
        match (usize::from(count), usize::from(value)) {
            (0, 0) => {
                pixels.resize(pixels.len().next_multiple_of(width), 0);
                x = 0;
            }
            (0, 1) => break,
            (0, 2) => {
                let (Ok(right), Ok(up)) = (reader.u8(), reader.u8()) else { break };
                let skipped = usize::from(right) + usize::from(up) * width;
                pixels.resize((pixels.len() + skipped).min(total), 0);
                x = pixels.len() % width;
            }
            (0, count) => {
                let used = count.min(total - pixels.len());
                let size = if is_4_bits { used.div_ceil(2) } else { used };
                let Ok(values) = reader.take(size) else { break };
                if is_4_bits {
                    pixels.extend(values.iter().flat_map(|value| [value >> 4, value & 15]).take(used));
                } else {
                    pixels.extend(values);
                }
                x += count;
                if !(offset + reader.position()).is_multiple_of(2) && reader.take(1).is_err() {
                    break;
                }
            }
            (count, _) => {
                let used = if x + count > width { width.saturating_sub(x) } else { count };
                if is_4_bits {
                    pixels.extend([value >> 4, value & 15].iter().cycle().take(used));
                } else {
                    pixels.resize(pixels.len() + used, value);
                }
                x += used;
            }
        }
    }
    if pixels.len() < total {
        return Err(truncated(NAME));
    }
    pixels.truncate(total);
    Ok(pixels)
}
