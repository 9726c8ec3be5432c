//! One scan: its MCUs in order, with restarts.

use super::block::{Block, Scan};
use super::component::{Component, latch_quantizers};
use super::failure::Failure;
use super::headers::{Headers, ScanComponent, ScanHeader};
use super::huffman::{Code, Table};
use super::source::Source;
use super::{arithmetic, huffman};

/// What the scan's coefficients are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Sequential,
    DcFirst,
    DcRefine,
    AcFirst,
    AcRefine,
}

/// The entropy decoder of one scan.
pub(super) struct Entropy {
    mode: Mode,
    scan: Scan,
    coding: Coding,
}

enum Coding {
    /// With one table for DC and one for AC per component.
    Huffman {
        decoder: Box<huffman::Decoder>,
        tables: Vec<[Option<Table>; 2]>,
    },
    Arithmetic {
        decoder: arithmetic::Decoder,
        conditioning: [arithmetic::Conditioning; 16],
    },
}

impl Entropy {
    pub(super) fn new(
        headers: &Headers,
        header: &ScanHeader,
        is_progressive: bool,
        is_arithmetic: bool,
    ) -> Result<Self, Failure> {
        let scan = header.scan;
        let mode = match (is_progressive, scan.first, scan.high) {
            (false, ..) => Mode::Sequential,
            (true, 0, 0) => Mode::DcFirst,
            (true, 0, _) => Mode::DcRefine,
            (true, _, 0) => Mode::AcFirst,
            (true, ..) => Mode::AcRefine,
        };
        let coding = if is_arithmetic {
            Coding::Arithmetic { decoder: arithmetic::Decoder::new(), conditioning: headers.conditioning }
        } else {
            let table = |codes: &[Option<Code>; 4], index: usize, is_dc: bool| {
                let code = codes.get(index).and_then(Option::as_ref);
                Table::new(code.ok_or(Failure::Damaged("a Huffman table is missing"))?, is_dc).map(Some)
            };
            let tables = header.components.iter().map(|component| {
                let needs_dc = matches!(mode, Mode::Sequential | Mode::DcFirst);
                let needs_ac = matches!(mode, Mode::Sequential | Mode::AcFirst | Mode::AcRefine);
                Ok([
                    if needs_dc { table(&headers.dc_codes, component.dc, true)? } else { None },
                    if needs_ac { table(&headers.ac_codes, component.ac, false)? } else { None },
                ])
            });
            let tables = tables.collect::<Result<Vec<_>, Failure>>()?;
            Coding::Huffman { decoder: Box::new(huffman::Decoder::new()), tables }
        };
        Ok(Self { mode, scan, coding })
    }

    fn restart(&mut self, source: &mut Source) -> Result<(), Failure> {
        match &mut self.coding {
            Coding::Huffman { decoder, .. } => decoder.restart(source),
            Coding::Arithmetic { decoder, .. } => decoder.restart(source),
        }
    }

    /// Whether the data ended before this MCU, so that its coefficients stay as they are.
    fn ran_dry(&self) -> bool {
        matches!(&self.coding, Coding::Huffman { decoder, .. } if decoder.ran_dry)
    }

    /// Decodes a block of the scan's component number `position`.
    fn block(
        &mut self,
        source: &mut Source,
        position: usize,
        component: &ScanComponent,
        block: &mut Block,
    ) -> Result<(), Failure> {
        let scan = &self.scan;
        match &mut self.coding {
            Coding::Huffman { decoder, tables } => match (self.mode, &tables[position]) {
                (Mode::Sequential, [Some(dc), Some(ac)]) => decoder.sequential(source, position, [dc, ac], block),
                (Mode::DcFirst, [Some(dc), _]) => decoder.dc_first(source, position, dc, scan, block),
                (Mode::AcFirst, [_, Some(ac)]) => decoder.ac_first(source, ac, scan, block),
                (Mode::AcRefine, [_, Some(ac)]) => decoder.ac_refine(source, ac, scan, block),
                _ => decoder.dc_refine(source, scan, block),
            },
            Coding::Arithmetic { decoder, conditioning } => {
                let dc = (component.dc, conditioning[component.dc]);
                let ac = (component.ac, conditioning[component.ac]);
                match self.mode {
                    Mode::Sequential => decoder.sequential(source, position, [dc, ac], block),
                    Mode::DcFirst => decoder.dc_first(source, position, dc, scan, block),
                    Mode::AcFirst => decoder.ac_first(source, ac, scan, block),
                    Mode::AcRefine => decoder.ac_refine(source, component.ac, scan, block),
                    Mode::DcRefine => decoder.dc_refine(source, scan, block),
                }
            }
        }
    }
}

/// Counts the MCUs up to the next restart marker.
struct Restarts {
    interval: usize,
    left: usize,
}

impl Restarts {
    fn before_mcu(&mut self, source: &mut Source, entropy: &mut Entropy) -> Result<(), Failure> {
        if self.interval > 0 {
            if self.left == 0 {
                entropy.restart(source)?;
                self.left = self.interval;
            }
            self.left -= 1;
        }
        Ok(())
    }
}

/// MCUs of a scan across and down, and whether each holds blocks of several components.
fn layout(header: &ScanHeader, components: &[Component]) -> Result<(usize, usize, bool), Failure> {
    let first = &components[header.components[0].index];
    if header.components.len() == 1 {
        return Ok((first.columns, first.rows, false));
    }
    let blocks = header.components.iter().map(|it| components[it.index].across * components[it.index].down);
    if blocks.sum::<usize>() > 10 {
        return Err(Failure::Unsupported("its MCUs have more than ten blocks"));
    }
    Ok((first.mcu_columns, first.mcu_rows, true))
}

/// Decodes a file's only scan. Each block becomes samples at once, so its coefficients are not kept.
pub(super) fn decode_single(
    source: &mut Source,
    headers: &Headers,
    header: &ScanHeader,
    components: &mut [Component],
    is_arithmetic: bool,
) -> Result<(), Failure> {
    let (mcu_columns, mcu_rows, is_interleaved) = layout(header, components)?;
    latch_quantizers(components, header, headers)?;
    let mut entropy = Entropy::new(headers, header, false, is_arithmetic)?;
    for component in components.iter_mut() {
        component.allocate_plane();
    }
    let mut restarts = Restarts { interval: headers.restart_interval, left: headers.restart_interval };
    for mcu_row in 0..mcu_rows {
        for mcu_column in 0..mcu_columns {
            restarts.before_mcu(source, &mut entropy)?;
            let skip = entropy.ran_dry();
            for (position, scanned) in header.components.iter().enumerate() {
                let component = &mut components[scanned.index];
                let quantizers = component.quantizers.unwrap_or([0; 64]);
                let (across, down) = if is_interleaved { (component.across, component.down) } else { (1, 1) };
                for row in mcu_row * down..(mcu_row + 1) * down {
                    for column in mcu_column * across..(mcu_column + 1) * across {
                        let mut block = [0; 64];
                        if !skip {
                            entropy.block(source, position, scanned, &mut block)?;
                        }
                        if column < component.columns && row < component.rows {
                            component.write(&block, &quantizers, column, row);
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// Decodes one of several scans. `last_good` becomes the last row of MCUs with data.
pub(super) fn decode_into_coefficients(
    source: &mut Source,
    headers: &Headers,
    header: &ScanHeader,
    components: &mut [Component],
    entropy: &mut Entropy,
    last_good: &mut usize,
) -> Result<(), Failure> {
    let (mcu_columns, mcu_rows, is_interleaved) = layout(header, components)?;
    let rows_per_mcu = if is_interleaved { 1 } else { components[header.components[0].index].down };
    let mut restarts = Restarts { interval: headers.restart_interval, left: headers.restart_interval };
    for mcu_row in 0..mcu_rows {
        for mcu_column in 0..mcu_columns {
            if !entropy.ran_dry() {
                *last_good = mcu_row / rows_per_mcu;
            }
            restarts.before_mcu(source, entropy)?;
            if entropy.ran_dry() {
                continue;
            }
            for (position, scanned) in header.components.iter().enumerate() {
                let component = &mut components[scanned.index];
                let (across, down) = if is_interleaved { (component.across, component.down) } else { (1, 1) };
                for row in mcu_row * down..(mcu_row + 1) * down {
                    for column in mcu_column * across..(mcu_column + 1) * across {
                        entropy.block(source, position, scanned, component.block_mut(column, row))?;
                    }
                }
            }
        }
    }
    Ok(())
}
