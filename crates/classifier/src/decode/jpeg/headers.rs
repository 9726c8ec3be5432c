//! The segments before and between the scans of a JPEG: sizes, tables, and how colors are stored.

use super::arithmetic::Conditioning;
use super::block::{Scan, ZIGZAG};
use super::failure::Failure;
use super::huffman::Code;
use super::source::{EOI, RST0, SOI, Source};
use super::standard;

/// What the segments so far have defined.
#[derive(Default)]
pub(super) struct Headers {
    pub(super) frame: Option<Frame>,
    pub(super) quantizers: [Option<[u16; 64]>; 4],
    pub(super) dc_codes: [Option<Code>; 4],
    pub(super) ac_codes: [Option<Code>; 4],
    pub(super) conditioning: [Conditioning; 16],
    /// MCUs between restart markers; 0 means that there are none.
    pub(super) restart_interval: usize,
    is_jfif: bool,
    /// The color transform that an Adobe segment declares.
    adobe: Option<u8>,
    saw_start: bool,
}

pub(super) struct Frame {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) is_progressive: bool,
    pub(super) is_arithmetic: bool,
    pub(super) components: Vec<FrameComponent>,
}

pub(super) struct FrameComponent {
    pub(super) id: u8,
    /// Samples per MCU, in blocks.
    pub(super) across: usize,
    pub(super) down: usize,
    pub(super) quantizer: usize,
}

/// A scan's header.
pub(super) struct ScanHeader {
    pub(super) components: Vec<ScanComponent>,
    pub(super) scan: Scan,
}

#[derive(Clone, Copy)]
pub(super) struct ScanComponent {
    /// Index into the frame's components.
    pub(super) index: usize,
    pub(super) dc: usize,
    pub(super) ac: usize,
}

/// How the components store a color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColorSpace {
    Grey,
    Rgb,
    YCbCr,
    Cmyk,
    Ycck,
}

impl Headers {
    /// Reads segments up to the next scan. `None` at the end of the image.
    pub(super) fn next_scan(&mut self, source: &mut Source) -> Result<Option<ScanHeader>, Failure> {
        loop {
            if source.marker == 0 {
                source.next_marker()?;
            }
            let marker = std::mem::take(&mut source.marker);
            match marker {
                SOI if self.saw_start => return Err(Failure::Damaged("an image starts within another")),
                SOI => self.saw_start = true,
                EOI => return Ok(None),
                0xc0..=0xc2 | 0xc9 | 0xca => self.frame(source, marker)?,
                0xc3 | 0xcb => return Err(Failure::Unsupported("it is a lossless JPEG")),
                0xc5..=0xc8 | 0xcd..=0xcf => return Err(Failure::Unsupported("it is a hierarchical JPEG")),
                0xf7 => return Err(Failure::Unsupported("it is a JPEG-LS file")),
                0xda => {
                    let header = self.scan(source.segment()?)?;
                    source.start_scan();
                    return Ok(Some(header));
                }
                0xc4 => self.huffman_tables(source.segment()?)?,
                0xcc => self.conditioning(source.segment()?)?,
                0xdb => self.quantization_tables(source.segment()?)?,
                0xdd => {
                    let [high, low] = *source.segment()? else { return Err(BAD_LENGTH) };
                    self.restart_interval = usize::from(high) << 8 | usize::from(low);
                }
                0xe0 => {
                    let data = source.segment()?;
                    self.is_jfif |= data.len() >= 14 && data.starts_with(b"JFIF\0");
                }
                0xee => {
                    let data = source.segment()?;
                    if data.len() >= 12 && data.starts_with(b"Adobe") {
                        self.adobe = Some(data[11]);
                    }
                }
                // Application data, comments, and a number of lines.
                0xe1..=0xef | 0xfe | 0xdc => {
                    source.segment()?;
                }
                RST0..SOI | 0x01 => {}
                _ => return Err(Failure::Damaged("an unknown segment")),
            }
        }
    }

    fn frame(&mut self, source: &mut Source, marker: u8) -> Result<(), Failure> {
        if self.frame.is_some() {
            return Err(Failure::Damaged("it has two frame headers"));
        }
        let data = source.segment()?;
        let [precision, a, b, c, d, count, ref components @ ..] = *data else { return Err(BAD_LENGTH) };
        let (height, width) = (usize::from(a) << 8 | usize::from(b), usize::from(c) << 8 | usize::from(d));
        if components.len() != 3 * usize::from(count) {
            return Err(BAD_LENGTH);
        }
        if width == 0 || height == 0 {
            return Err(Failure::NoPixels);
        }
        if precision != 8 {
            return Err(Failure::Unsupported("its samples do not have 8 bits"));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(Failure::Unsupported("it does not have 1, 3 or 4 components"));
        }
        let components = components.chunks_exact(3).map(|component| FrameComponent {
            id: component[0],
            across: usize::from(component[1] >> 4),
            down: usize::from(component[1] & 15),
            quantizer: usize::from(component[2]),
        });
        let components: Vec<_> = components.collect();
        if components.iter().any(|it| !(1..=4).contains(&it.across) || !(1..=4).contains(&it.down)) {
            return Err(Failure::Damaged("a sampling factor is invalid"));
        }
        let (is_progressive, is_arithmetic) = (matches!(marker, 0xc2 | 0xca), marker >= 0xc9);
        self.frame = Some(Frame { width, height, is_progressive, is_arithmetic, components });
        Ok(())
    }

    fn scan(&self, data: &[u8]) -> Result<ScanHeader, Failure> {
        let frame = self.frame.as_ref().ok_or(Failure::Damaged("a scan comes before the frame header"))?;
        let bad_component = Failure::Damaged("a scan names an unknown component");
        let count = usize::from(*data.first().ok_or(BAD_LENGTH)?);
        if data.len() != 2 * count + 4 || !(1..=4).contains(&count) {
            return Err(BAD_LENGTH);
        }
        let mut components: Vec<ScanComponent> = Vec::new();
        for pair in data[1..=2 * count].chunks_exact(2) {
            // If two components have the same id, the second use means the second of them.
            let mut candidates = frame
                .components
                .iter()
                .enumerate()
                .skip_while(|(index, component)| component.id != pair[0] || *index < components.len());
            let (index, _) = candidates.next().ok_or(bad_component)?;
            if components.iter().any(|component| component.index == index) {
                return Err(bad_component);
            }
            components.push(ScanComponent { index, dc: usize::from(pair[1] >> 4), ac: usize::from(pair[1] & 15) });
        }
        let [first, last, bits] = *data.last_chunk::<3>().ok_or(BAD_LENGTH)?;
        let mut scan = Scan { first: usize::from(first), last: usize::from(last), high: bits >> 4, low: bits & 15 };
        if frame.is_progressive {
            let is_band = if first == 0 { last == 0 } else { first <= last && last < 64 && count == 1 };
            if !is_band || (scan.high != 0 && scan.high - 1 != scan.low) || scan.low > 13 {
                return Err(Failure::Damaged("a scan's parameters are invalid"));
            }
        } else {
            scan = Scan { first: 0, last: 63, high: 0, low: 0 };
        }
        Ok(ScanHeader { components, scan })
    }

    fn huffman_tables(&mut self, mut data: &[u8]) -> Result<(), Failure> {
        while data.len() > 16 {
            let (&index, rest) = data.split_first().ok_or(BAD_LENGTH)?;
            let (&counts, rest) = rest.split_first_chunk::<16>().ok_or(BAD_LENGTH)?;
            let total: usize = counts.iter().map(|&count| usize::from(count)).sum();
            if total > 256 || total > rest.len() {
                return Err(Failure::Damaged("a Huffman table is invalid"));
            }
            let mut symbols = [0; 256];
            symbols[..total].copy_from_slice(&rest[..total]);
            data = &rest[total..];
            let tables = if index & 0x10 == 0 { &mut self.dc_codes } else { &mut self.ac_codes };
            let table = tables.get_mut(usize::from(index & !0x10)).ok_or(BAD_TABLE)?;
            *table = Some(Code { counts, symbols });
        }
        if data.is_empty() { Ok(()) } else { Err(BAD_LENGTH) }
    }

    fn conditioning(&mut self, data: &[u8]) -> Result<(), Failure> {
        for pair in data.chunks(2) {
            let &[index, value] = pair else { return Err(BAD_LENGTH) };
            let table = self.conditioning.get_mut(usize::from(index & 15)).ok_or(BAD_TABLE)?;
            match index {
                0..16 if value & 15 > value >> 4 => return Err(BAD_TABLE),
                0..16 => (table.dc_low, table.dc_high) = (value & 15, value >> 4),
                16..32 => table.ac = value,
                _ => return Err(BAD_TABLE),
            }
        }
        Ok(())
    }

    fn quantization_tables(&mut self, mut data: &[u8]) -> Result<(), Failure> {
        while let Some((&index, rest)) = data.split_first() {
            let size = if index >> 4 == 0 { 1 } else { 2 };
            if rest.len() < 64 * size {
                return Err(BAD_LENGTH);
            }
            let (values, rest) = rest.split_at(64 * size);
            let table = self.quantizers.get_mut(usize::from(index & 15)).ok_or(BAD_TABLE)?;
            let table = table.insert([0; 64]);
            for (value, place) in values.chunks_exact(size).zip(ZIGZAG) {
                table[place] = value.iter().fold(0, |sum, &byte| sum << 8 | u16::from(byte));
            }
            data = rest;
        }
        Ok(())
    }

    /// Webcams leave out the tables of the standard.
    pub(super) fn add_standard_tables(&mut self) {
        for (tables, standard) in [(&mut self.dc_codes, standard::DC), (&mut self.ac_codes, standard::AC)] {
            for (table, (counts, listed)) in tables.iter_mut().zip(standard) {
                if table.is_none() {
                    let mut symbols = [0; 256];
                    symbols[..listed.len()].copy_from_slice(listed);
                    *table = Some(Code { counts, symbols });
                }
            }
        }
    }

    pub(super) fn color_space(&self, frame: &Frame) -> ColorSpace {
        let ids = || frame.components.iter().map(|component| component.id);
        match (frame.components.len(), self.adobe) {
            (1, _) => ColorSpace::Grey,
            (3, _) if self.is_jfif => ColorSpace::YCbCr,
            (3, Some(0)) => ColorSpace::Rgb,
            (3, None) if ids().eq(*b"RGB") => ColorSpace::Rgb,
            (3, _) => ColorSpace::YCbCr,
            (_, None | Some(0)) => ColorSpace::Cmyk,
            _ => ColorSpace::Ycck,
        }
    }
}

const BAD_LENGTH: Failure = Failure::Damaged("a segment's length is invalid");
const BAD_TABLE: Failure = Failure::Damaged("a table is invalid");
