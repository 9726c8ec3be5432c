//! The first frame of a GIF, with Pillow's pixels: the screen grows to hold the frame, and pixels outside of the frame get
//! the transparent color or the first of the palette.

use super::decoded::Decoded;
use super::palette::Palette;
use super::problem::{damaged, no_pixels, truncated};
use super::reader::Reader;
use crate::error::Error;

const NAME: &str = "GIF";
const TABLE: usize = 4096;

/// A frame's header.
struct Frame {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    is_interlaced: bool,
}

pub(super) fn decode(bytes: &[u8]) -> Result<Decoded, Error> {
    let mut reader = Reader::new(NAME, bytes);
    reader.take(6)?;
    let (mut width, mut height) = (reader.u16()?, reader.u16()?);
    let flags = reader.take(3)?[0];
    let mut palette = Palette::grey();
    if flags & 0x80 != 0 {
        palette = colors(reader.take(3 << ((flags & 7) + 1))?);
    }
    let mut transparent = None;
    loop {
        match reader.u8() {
            Ok(b'!') => {
                if let Some(index) = extension(&mut reader)? {
                    transparent = Some(index);
                }
            }
            Ok(b',') => break,
            Ok(b';') => return Err(Error::Unprocessable("decoding GIF: it has no frame".to_owned())),
            Ok(_) => {}
            Err(error) => return Err(error),
        }
    }
    let frame = Frame {
        left: reader.u16()?,
        top: reader.u16()?,
        width: reader.u16()?,
        height: reader.u16()?,
        is_interlaced: false,
    };
    let flags = reader.u8()?;
    let frame = Frame { is_interlaced: flags & 0x40 != 0, ..frame };
    if flags & 0x80 != 0 {
        palette = colors(reader.take(3 << ((flags & 7) + 1))?);
    }
    if frame.width == 0 || frame.height == 0 {
        return Err(no_pixels(NAME));
    }
    (width, height) = (width.max(frame.left + frame.width), height.max(frame.top + frame.height));
    super::limits::check_size(NAME, width as u64, height as u64)?;
    if let Some(index) = transparent {
        palette.set_alpha(usize::from(index), 0);
    }

    let bits = reader.u8()?;
    let pixels = decompress(&mut reader, bits, frame.width * frame.height)?;
    let mut indices = vec![transparent.unwrap_or(0); width * height];
    let rows = row_order(frame.height, frame.is_interlaced);
    for (row, pixels) in rows.zip(pixels.chunks_exact(frame.width)) {
        indices[(frame.top + row) * width + frame.left..][..frame.width].copy_from_slice(pixels);
    }
    let channels = if transparent.is_some() { 4 } else { 3 };
    Ok(Decoded::new(NAME, width, height, channels, palette.apply(&indices, channels)))
}

/// A palette in which each color is the grey of its index counts as none, so that greys beyond its end exist.
fn colors(bytes: &[u8]) -> Palette {
    let is_grey =
        bytes.chunks_exact(3).enumerate().all(|(index, rgb)| rgb.iter().all(|&value| usize::from(value) == index));
    let mut palette = if is_grey { Palette::grey() } else { Palette::black() };
    palette.set_rgb(bytes);
    palette
}

/// Skips an extension. Returns the transparent color's index, if it defines one.
fn extension(reader: &mut Reader) -> Result<Option<u8>, Error> {
    let is_control = reader.u8()? == 0xf9;
    let mut transparent = None;
    let mut is_first = true;
    loop {
        let size = usize::from(reader.u8()?);
        if size == 0 {
            return Ok(transparent);
        }
        let block = reader.take(size)?;
        if is_control && is_first && block[0] & 1 != 0 {
            let index = block.get(3).ok_or_else(|| damaged(NAME, "a control extension is too short"))?;
            transparent = Some(*index);
        }
        is_first = false;
    }
}

fn row_order(height: usize, is_interlaced: bool) -> impl Iterator<Item = usize> {
    let passes: &[(usize, usize)] = if is_interlaced { &[(0, 8), (4, 8), (2, 4), (1, 2)] } else { &[(0, 1)] };
    passes.iter().flat_map(move |&(first, step)| (first..height).step_by(step))
}

/// Decompresses exactly `count` pixels.
fn decompress(reader: &mut Reader, bits: u8, count: usize) -> Result<Vec<u8>, Error> {
    let bad = || damaged(NAME, "its compressed data is invalid");
    if bits > 12 {
        return Err(bad());
    }
    let (clear, end) = (1_usize << bits, (1_usize << bits) + 1);
    let mut pixels = Vec::with_capacity(count);
    // What each code stands for: an earlier code and one more pixel.
    let (mut earlier, mut last) = (vec![0_usize; TABLE], vec![0_u8; TABLE]);
    let (mut next, mut code_bits) = (clear + 2, u32::from(bits) + 1);
    // The code before, and the first pixel that it stands for.
    let mut before: Option<(usize, u8)> = None;
    let (mut buffer, mut available) = (0_u64, 0_u32);
    let mut string = Vec::with_capacity(TABLE);
    let mut block: &[u8] = &[];
    while pixels.len() < count {
        while available < code_bits {
            if let Some((&byte, rest)) = block.split_first() {
                buffer |= u64::from(byte) << available;
                available += 8;
                block = rest;
            } else {
                let size = usize::from(reader.u8()?);
                block = reader.take(size)?;
            }
        }
        let code = (buffer & ((1 << code_bits) - 1)) as usize;
        buffer >>= code_bits;
        available -= code_bits;
        if code == clear {
            (next, code_bits, before) = (clear + 2, u32::from(bits) + 1, None);
            continue;
        }
        if code == end {
            return Err(truncated(NAME));
        }
        let Some((code_before, first_before)) = before else {
            if code > clear {
                return Err(bad());
            }
            pixels.push(code as u8);
            before = Some((code, code as u8));
            continue;
        };
        if code > next {
            return Err(bad());
        }
        string.clear();
        let mut part = code;
        if code == next {
            string.push(first_before);
            part = code_before;
        }
        while part >= clear {
            if part >= TABLE || string.len() >= TABLE {
                return Err(bad());
            }
            string.push(last[part]);
            part = earlier[part];
        }
        let first = part as u8;
        pixels.push(first);
        pixels.extend(string.iter().rev());
        if next < TABLE {
            (earlier[next], last[next]) = (code_before, first);
            if next == (1 << code_bits) - 1 && code_bits < 12 {
                code_bits += 1;
            }
            next += 1;
        }
        before = Some((code, first));
    }
    pixels.truncate(count);
    Ok(pixels)
}
