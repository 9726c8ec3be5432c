//! One component of an image: brightness, a color difference, or an ink.

use super::block::Block;
use super::failure::Failure;
use super::headers::{Frame, Headers, ScanHeader};
use super::idct;

/// What is known of a component's coefficients: -1 if nothing, otherwise the number of missing low bits.
pub(super) type KnownBits = [i32; 64];

pub(super) struct Component {
    /// Blocks per MCU.
    pub(super) across: usize,
    pub(super) down: usize,
    quantizer: usize,
    /// Size in samples.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Size in blocks.
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Size in MCUs.
    pub(super) mcu_columns: usize,
    pub(super) mcu_rows: usize,
    /// The table that was valid when the component's first scan began.
    pub(super) quantizers: Option<[u16; 64]>,
    pub(super) known: KnownBits,
    /// As `known`, before the last scan.
    pub(super) known_before: KnownBits,
    /// Of all MCUs, so that there may be more than `rows` and `columns`. Empty if there is only one scan.
    coefficients: Vec<Block>,
    /// Samples, `columns * 8` per row.
    plane: Vec<u8>,
    /// Compiles what it runs for the processor's vectors.
    arch: pulp::Arch,
}

impl Component {
    pub(super) fn of(frame: &Frame) -> Vec<Self> {
        let largest = [
            frame.components.iter().map(|component| component.across).max().unwrap_or(1),
            frame.components.iter().map(|component| component.down).max().unwrap_or(1),
        ];
        let size =
            |sampling: usize, side: usize, largest: usize, unit: usize| (side * sampling).div_ceil(largest * unit);
        let component = |component: &super::headers::FrameComponent| Self {
            across: component.across,
            down: component.down,
            quantizer: component.quantizer,
            width: size(component.across, frame.width, largest[0], 1),
            height: size(component.down, frame.height, largest[1], 1),
            columns: size(component.across, frame.width, largest[0], 8),
            rows: size(component.down, frame.height, largest[1], 8),
            mcu_columns: frame.width.div_ceil(largest[0] * 8),
            mcu_rows: frame.height.div_ceil(largest[1] * 8),
            quantizers: None,
            known: [-1; 64],
            known_before: [0; 64],
            coefficients: Vec::new(),
            plane: Vec::new(),
            arch: pulp::Arch::new(),
        };
        frame.components.iter().map(component).collect()
    }

    pub(super) fn allocate_coefficients(&mut self) {
        self.coefficients = vec![[0; 64]; self.mcu_columns * self.across * self.mcu_rows * self.down];
    }

    pub(super) fn allocate_plane(&mut self) {
        self.plane = vec![0; self.columns * 8 * self.rows * 8];
    }

    pub(super) fn block(&self, column: usize, row: usize) -> &Block {
        &self.coefficients[row * self.mcu_columns * self.across + column]
    }

    pub(super) fn block_mut(&mut self, column: usize, row: usize) -> &mut Block {
        &mut self.coefficients[row * self.mcu_columns * self.across + column]
    }

    /// A row of samples, at least `width` of them.
    pub(super) fn row(&self, y: usize) -> &[u8] {
        &self.plane[y * self.columns * 8..][..self.columns * 8]
    }

    /// Writes the samples of a block.
    pub(super) fn write(&mut self, block: &Block, quantizers: &[u16; 64], column: usize, row: usize) {
        let stride = self.columns * 8;
        let place = row * 8 * stride + column * 8;
        self.arch.dispatch(|| idct::inverse(block, quantizers, &mut self.plane, place, stride));
    }

    pub(super) fn free_coefficients(&mut self) {
        self.coefficients = Vec::new();
    }
}

/// Across and down.
pub(super) fn largest_sampling(components: &[Component]) -> [usize; 2] {
    let across = components.iter().map(|component| component.across).max().unwrap_or(1);
    let down = components.iter().map(|component| component.down).max().unwrap_or(1);
    [across, down]
}

/// Keeps the quantization tables of the components whose first scan begins: later scans may define others.
pub(super) fn latch_quantizers(
    components: &mut [Component],
    header: &ScanHeader,
    headers: &Headers,
) -> Result<(), Failure> {
    for scanned in &header.components {
        let component = &mut components[scanned.index];
        if component.quantizers.is_none() {
            let table = headers.quantizers.get(component.quantizer).copied().flatten();
            component.quantizers = Some(table.ok_or(Failure::Damaged("a quantization table is missing"))?);
        }
    }
    Ok(())
}

/// Notes which coefficients a progressive scan adds.
pub(super) fn record_progress(components: &mut [Component], header: &ScanHeader, is_later: bool) {
    let scan = &header.scan;
    for scanned in &header.components {
        let component = &mut components[scanned.index];
        for place in scan.first.min(1)..=scan.last.max(9) {
            component.known_before[place] = if is_later { component.known[place] } else { 0 };
        }
        component.known[scan.first..=scan.last].fill(i32::from(scan.low));
    }
}
