//! Convolution over all channels of a group.
//!
//! Rows are taken in groups whose input stays in the second-level cache; a group is multiplied with one panel of weights
//! after the other, and of a panel with as many input blocks at once as leave its weights in the cache, too.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

use crate::buffer::{BLOCK, Buffer};
use crate::kernel::ahead::Ahead;
use crate::kernel::tile::{self, Finish, Walk};
use crate::kernel::{Bounds, even, pixels, pixels_mut};

/// Bytes of input that a group of rows may have.
const INPUT_BYTES: usize = 192 * 1024;
/// Bytes of weights that are used for a whole group of rows at a time.
const WEIGHT_BYTES: usize = 96 * 1024;

/// A convolution, ready to run.
pub(crate) struct Conv<'a> {
    pub(crate) places: &'a Places,
    /// The output blocks that are computed; the first of them is the first that the output holds.
    pub(crate) blocks: Range<usize>,
    pub(crate) input: &'a [f32],
    pub(crate) output: &'a mut [f32],
    pub(crate) residual: Option<&'a [f32]>,
    /// `[output block][input block][kernel row][kernel column][input channel][output channel]`; without the input
    /// blocks, and with the kernel's columns and the channels as they lie, where the input has few channels.
    pub(crate) weights: &'a [f32],
    /// One for each output channel, whole blocks.
    pub(crate) bias: &'a [f32],
}

/// Where a convolution reads and writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Places {
    pub(crate) input: Buffer,
    pub(crate) output: Buffer,
    pub(crate) residual: Option<Buffer>,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) dilation: [usize; 2],
    /// The input's padding, which lies in its border.
    pub(crate) before: [usize; 2],
    /// First input block of each output block.
    pub(crate) first: Vec<usize>,
    /// Input blocks of an output block.
    pub(crate) blocks: usize,
    /// One row of pixels, where rows follow one another in input, output and residual.
    pub(crate) one_row: bool,
    pub(crate) bounds: Bounds,
}

impl Places {
    /// Blocks of all output channels.
    pub(crate) fn output_blocks(&self) -> usize {
        self.first.len()
    }

    /// Whether the output holds all channels, not only those that are needed next.
    fn holds_all(&self) -> bool {
        self.output.blocks() == self.output_blocks()
    }

    /// Whether the input's pixels lie close together.
    fn is_flat(&self) -> bool {
        self.input.lanes != BLOCK
    }

    /// Floats that lie one after the other, and how many such runs there are.
    fn runs(&self) -> (usize, usize) {
        let lanes = self.input.lanes;
        if self.dilation[1] == 1 {
            (self.kernel[0], self.kernel[1] * lanes)
        } else {
            (self.kernel[0] * self.kernel[1], lanes)
        }
    }

    /// Rows of weights of one output block.
    pub(crate) fn weight_rows(&self) -> usize {
        if self.is_flat() {
            let (runs, length) = self.runs();
            return runs * length;
        }
        self.blocks * self.kernel[0] * self.kernel[1] * BLOCK
    }
}

impl WithSimd for Conv<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let places = self.places;
        let (rows, width) = match places.one_row {
            true => (1, places.output.shape.height * places.output.shape.width),
            false => (places.output.shape.height, places.output.shape.width),
        };
        let row_bytes = places.blocks * places.input.pitch() * places.stride[0] * places.input.lanes * size_of::<f32>();
        let group = if places.one_row { 1 } else { (INPUT_BYTES / row_bytes.max(1)).clamp(1, rows) };
        let columns = match places.one_row {
            true => (INPUT_BYTES / (places.blocks * BLOCK * size_of::<f32>())).max(64),
            false => width,
        };
        for from in (0..rows).step_by(group) {
            for left in (0..width).step_by(columns) {
                let area = Area { rows: from..(from + group).min(rows), columns: left..(left + columns).min(width) };
                let mut part = self.part::<S>(self.blocks.start, 0);
                while let Some(now) = part {
                    part = match now.input.end < places.blocks {
                        true => self.part::<S>(now.output.start, now.input.end),
                        false => self.part::<S>(now.output.end, 0),
                    };
                    self.multiply(simd, &area, &now, part.as_ref());
                }
            }
        }
    }
}

/// Pixels of the output whose input stays in the cache.
struct Area {
    rows: Range<usize>,
    columns: Range<usize>,
}

/// Weights that stay in the cache while all of an area is multiplied with them: those of some output blocks for some of
/// the input blocks that are added to each.
struct Part {
    output: Range<usize>,
    input: Range<usize>,
}

impl<'a> Conv<'a> {
    /// The part that begins there, if there are such output blocks.
    #[inline(always)]
    fn part<S: Simd>(&self, output: usize, input: usize) -> Option<Part> {
        let places = self.places;
        let most = panel_blocks::<S>();
        let rest = places.first.get(output..self.blocks.end).filter(|rest| !rest.is_empty())?;
        let same = rest.iter().take(most).take_while(|&&other| other == rest[0]).count();
        let bytes = places.kernel[0] * places.kernel[1] * BLOCK * BLOCK * most * size_of::<f32>();
        let depth = if places.is_flat() { 1 } else { (WEIGHT_BYTES / bytes).max(1) };
        Some(Part { output: output..output + same, input: input..(input + depth).min(places.blocks) })
    }

    /// One area times one part, while the weights of the next part are on their way.
    #[inline(always)]
    fn multiply<S: Simd>(&mut self, simd: S, area: &Area, part: &Part, next: Option<&Part>) {
        let mut ahead = self.ahead(next);
        let each = ahead[0].each(area.rows.len() * area.columns.len());
        let cut = Cut::new::<S>(area.columns.len());
        for row in area.rows.clone() {
            let (mut column, mut tile) = (area.columns.start, 0);
            while column < area.columns.end {
                let (count, tiles) = cut.run::<S>(tile, area.columns.end - column);
                let spot = Spot {
                    panel: part.output.start,
                    blocks: part.output.len(),
                    begin: part.input.start,
                    end: part.input.end,
                    row,
                    column,
                    tiles,
                    ahead: ahead.each_mut().map(|ahead| ahead.take(tiles * count * each)),
                    each: count * each,
                };
                self.tiles(simd, spot, count);
                column += tiles * count;
                tile += tiles;
            }
        }
    }

    /// Weights of the next part, of each of its output blocks. Those of a flat input are few.
    #[inline(always)]
    fn ahead(&self, next: Option<&Part>) -> [Ahead<'a>; 2] {
        let Some(next) = next.filter(|_| !self.places.is_flat()) else { return Default::default() };
        let rows = self.places.weight_rows();
        let each = rows / self.places.blocks;
        let weights = pixels(self.weights);
        let of =
            |block: usize| Ahead::new(&weights[block * rows + next.input.start * each..][..next.input.len() * each]);
        let mut blocks = next.output.clone().map(of);
        [blocks.next().unwrap_or_default(), blocks.next().unwrap_or_default()]
    }
}

/// How a row is cut into tiles: as evenly as the sizes allow that are compiled. Where all sizes are, that is worked out
/// once, for a division takes as long as dozens of multiplications.
#[derive(Clone, Copy)]
struct Cut {
    pixels: usize,
    /// So many of the first tiles have one pixel more.
    larger: usize,
}

impl Cut {
    #[inline(always)]
    fn new<S: Simd>(width: usize) -> Self {
        let most = if S::F32_LANES == 8 || S::REGISTER_COUNT == 32 { 6 } else { 3 };
        let tiles = width.div_ceil(most);
        Self { pixels: width / tiles, larger: width % tiles }
    }

    /// Pixels of a tile, of so many that are left in the row, and how many tiles of that size follow one another.
    #[inline(always)]
    fn run<S: Simd>(self, tile: usize, left: usize) -> (usize, usize) {
        if S::F32_LANES != 16 {
            return match self.larger.checked_sub(tile) {
                Some(larger @ 1..) => (self.pixels + 1, larger),
                _ => (self.pixels, left / self.pixels),
            };
        }
        let pixels = match even(left, 14) {
            share @ ..=7 => share,
            // The next larger size where there is enough, else two of the small ones.
            share => {
                [10, 12, 14].into_iter().find(|&size| size >= share && size <= left).unwrap_or_else(|| even(left, 7))
            }
        };
        (pixels, if left.is_multiple_of(pixels) { left / pixels } else { 1 })
    }
}

/// Output blocks of a panel: so many are multiplied with an input before it is left.
#[inline(always)]
fn panel_blocks<S: Simd>() -> usize {
    match S::F32_LANES {
        16 | 8 => 2,
        _ => 1,
    }
}

/// The place of tiles that follow one another in a row.
#[derive(Clone, Copy)]
struct Spot<'a> {
    /// First output block and how many there are.
    panel: usize,
    blocks: usize,
    /// Input blocks that are added.
    begin: usize,
    end: usize,
    row: usize,
    column: usize,
    tiles: usize,
    /// What is asked for meanwhile, with each output block.
    ahead: [Ahead<'a>; 2],
    /// So many lines of that with each tile.
    each: usize,
}

impl Conv<'_> {
    /// All blocks of a panel for some tiles of one row, each of `count` pixels. The fewer the pixels, the more blocks at once.
    #[inline(always)]
    fn tiles<S: Simd>(&mut self, simd: S, spot: Spot<'_>, count: usize) {
        let mut done = 0;
        while done < spot.blocks {
            let left = spot.blocks - done;
            let ahead = if done == 0 { spot.ahead } else { [spot.ahead[1], Ahead::default()] };
            let spot = Spot { panel: spot.panel + done, ahead, ..spot };
            /// Picks the tile that was compiled for these pixels.
            macro_rules! pick {
                ($blocks:literal, $vectors:literal: $($pixels:literal)*) => {{
                    match count {
                        $($pixels => simd.vectorize(Tiles::<$pixels, $blocks, $vectors> { conv: self, spot }),)*
                        _ => unreachable!("tiles have been cut to these sizes"),
                    }
                    $blocks
                }};
            }
            done += match (S::F32_LANES, S::REGISTER_COUNT) {
                (16, _) if left >= 2 => pick!(2, 2: 1 2 3 4 5 6 7 10 12 14),
                (16, _) => pick!(1, 1: 1 2 3 4 5 6 7 10 12 14),
                (8, _) if left >= 2 && count <= 3 => pick!(2, 4: 1 2 3),
                (8, _) => pick!(1, 2: 1 2 3 4 5 6),
                (_, 32) => pick!(1, 4: 1 2 3 4 5 6),
                _ => pick!(1, 4: 1 2 3),
            };
        }
    }
}

/// Tiles of one size. What they have in common is worked out once: that takes as long as a hundred multiplications.
struct Tiles<'a, 'b, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize> {
    conv: &'a mut Conv<'b>,
    spot: Spot<'a>,
}

impl<const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize> WithSimd
    for Tiles<'_, '_, PIXELS, BLOCKS, VECTORS>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { conv, spot } = self;
        let places = conv.places;
        let held = spot.panel - if places.holds_all() { 0 } else { conv.blocks.start };
        let (output, plane) = (places.output.pixel(held, spot.row, spot.column), places.output.plane());
        let bias = std::array::from_fn(|block| &pixels(conv.bias)[spot.panel + block]);
        let rows = places.weight_rows();
        let weights = pixels(conv.weights);
        let input = &places.input;
        // The border holds at least the padding.
        let top = spot.row * places.stride[0] + input.border[0] - places.before[0];
        let start = top * input.pitch() + spot.column * places.stride[1] + input.border[1] - places.before[1];
        let residual = places
            .residual
            .zip(conv.residual)
            .map(|(place, data)| (&pixels(data)[place.pixel(spot.panel, spot.row, spot.column)..], place.plane()));
        let finish = (spot.end == places.blocks).then(|| places.bounds.pair().map(|bound| simd.splat_f32s(bound)));
        let output = &mut pixels_mut(conv.output)[output..];
        /// All tiles, each with what adds to its sums.
        macro_rules! each {
            (|$tile:ident, $sums:ident| $add:expr) => {
                for $tile in 0..spot.tiles {
                    let first = $tile * PIXELS;
                    let mut sums = match spot.begin {
                        0 => tile::begin::<S, PIXELS, BLOCKS, VECTORS>(simd, bias),
                        _ => tile::resume::<S, PIXELS, BLOCKS, VECTORS>(simd, plane, &output[first..]),
                    };
                    let $sums = &mut sums;
                    $add;
                    let finish = finish.map(|bounds| Finish {
                        residual: residual.map(|(pixels, plane)| (&pixels[first..], plane)),
                        bounds,
                    });
                    tile::end::<S, PIXELS, BLOCKS, VECTORS>(simd, finish, plane, &sums, &mut output[first..]);
                }
            };
        }
        if places.is_flat() {
            let weights = std::array::from_fn(|block| &weights[(spot.panel + block) * rows..][..rows]);
            let ((runs, length), lanes) = (places.runs(), input.lanes);
            let [dilate_row, dilate_column] = places.dilation;
            let across = runs / places.kernel[0];
            let step = places.stride[1] * lanes;
            each!(|tile, sums| {
                let start = start + tile * PIXELS * places.stride[1];
                let runs = (0..runs).map(|run| {
                    let (row, column) = (run / across, run % across);
                    (start + row * dilate_row * input.pitch() + column * dilate_column) * lanes
                });
                tile::flat::<S, PIXELS, BLOCKS, VECTORS>(simd, step, length, runs, conv.input, weights, sums);
            });
            return;
        }
        let each = places.kernel[0] * places.kernel[1] * BLOCK;
        let weights = std::array::from_fn(|block| {
            &weights[(spot.panel + block) * rows + spot.begin * each..][..(spot.end - spot.begin) * each]
        });
        let first = places.first[spot.panel] + spot.begin;
        let last = input.shape.channels.saturating_sub((places.first[spot.panel] + spot.end - 1) * BLOCK).min(BLOCK);
        let walk = Walk {
            plane: input.plane(),
            row: places.dilation[0] * input.pitch(),
            column: places.dilation[1],
            kernel: places.kernel,
            blocks: spot.end - spot.begin,
            last,
            stride: places.stride[1],
        };
        let input = &pixels(conv.input)[first * input.plane() + start..];
        let mut ahead: [Ahead<'_>; BLOCKS] = std::array::from_fn(|block| spot.ahead[block]);
        /// All tiles, for a stride that the compiler knows, or 0.
        macro_rules! strided {
            ($stride:literal) => {
                each!(|tile, sums| {
                    let input = &input[tile * PIXELS * walk.stride..];
                    let ahead = ahead.each_mut().map(|ahead| ahead.take(spot.each));
                    tile::blocked::<S, PIXELS, BLOCKS, VECTORS, $stride>(simd, &walk, input, weights, ahead, sums);
                })
            };
        }
        match walk.stride {
            1 => strided!(1),
            2 => strided!(2),
            _ => strided!(0),
        }
    }
}
