//! Direct convolution over all input channels of a group, without im2col.
//!
//! Two levels of blocking: the output is cut into regions whose input fits the second-level cache, and the weights into
//! tiles that fit beside it. Each region is multiplied with one weight tile after the other; inside, register tiles of
//! pixels × output channels run the micro-kernels of `tile`.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

use crate::buffer::{BLOCK, Buffer};
use crate::kernel::prefetch::Prefetch;
use crate::kernel::simd::{Bounds, balanced_share, pixels, pixels_mut};
use crate::kernel::tile::{self, Epilogue, Geometry};

/// Upper limit for the input of one output region, in bytes.
const INPUT_BYTES: usize = 192 * 1024;
/// Upper limit for one weight tile, in bytes.
const WEIGHT_BYTES: usize = 96 * 1024;

/// The operands of a convolution.
pub(crate) struct Conv<'a> {
    pub(crate) spec: &'a ConvSpec,
    /// The output blocks to compute. If the output buffer does not hold all blocks, it starts with the first of these.
    pub(crate) blocks: Range<usize>,
    pub(crate) input: &'a [f32],
    pub(crate) output: &'a mut [f32],
    pub(crate) residual: Option<&'a [f32]>,
    /// `[output block][input block][kernel row][kernel column][input channel][output channel]`. For a compact input:
    /// `[output block][kernel row][kernel column][input channel][output channel]`.
    pub(crate) weights: &'a [f32],
    /// `[output channel]`, padded to whole blocks.
    pub(crate) bias: &'a [f32],
}

/// Buffers and geometry of a convolution. Pairs are `[vertical, horizontal]`. Serialized names are part of the stored form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ConvSpec {
    pub(crate) input: Buffer,
    pub(crate) output: Buffer,
    pub(crate) residual: Option<Buffer>,
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    pub(crate) dilation: [usize; 2],
    /// Padding above and to the left. The input's border holds at least this much.
    #[serde(rename = "before")]
    pub(crate) padding: [usize; 2],
    /// For each output block, the first input block that it reads.
    #[serde(rename = "first")]
    pub(crate) first_input_block: Vec<usize>,
    /// Input blocks that each output block reads.
    #[serde(rename = "blocks")]
    pub(crate) input_blocks: usize,
    /// Whether input, output and residual can be treated as one long row of pixels, because no row has a border.
    pub(crate) one_row: bool,
    pub(crate) bounds: Bounds,
}

impl ConvSpec {
    pub(crate) fn output_blocks(&self) -> usize {
        self.first_input_block.len()
    }

    /// Whether the output buffer holds all channels. If a depthwise convolution is fused, it holds only a few blocks at a time.
    fn has_full_output(&self) -> bool {
        self.output.blocks() == self.output_blocks()
    }

    /// Whether the input has few channels (such as RGB) and its pixels are stored without padding lanes.
    fn is_compact(&self) -> bool {
        self.input.lanes != BLOCK
    }

    /// For a compact input: the number of contiguous runs of floats under the kernel, and the length of each.
    fn compact_runs(&self) -> (usize, usize) {
        let lanes = self.input.lanes;
        if self.dilation[1] == 1 {
            (self.kernel[0], self.kernel[1] * lanes)
        } else {
            (self.kernel[0] * self.kernel[1], lanes)
        }
    }

    /// Weight rows per output block. A row holds one weight for each of the block's output channels.
    pub(crate) fn weight_rows(&self) -> usize {
        if self.is_compact() {
            let (runs, length) = self.compact_runs();
            return runs * length;
        }
        self.input_blocks * self.kernel[0] * self.kernel[1] * BLOCK
    }
}

impl WithSimd for Conv<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let spec = self.spec;
        let (rows, width) = match spec.one_row {
            true => (1, spec.output.shape.height * spec.output.shape.width),
            false => (spec.output.shape.height, spec.output.shape.width),
        };
        let row_bytes = spec.input_blocks * spec.input.pitch() * spec.stride[0] * spec.input.lanes * size_of::<f32>();
        let row_count = if spec.one_row { 1 } else { (INPUT_BYTES / row_bytes.max(1)).clamp(1, rows) };
        let column_count = match spec.one_row {
            true => (INPUT_BYTES / (spec.input_blocks * BLOCK * size_of::<f32>())).max(64),
            false => width,
        };
        for top in (0..rows).step_by(row_count) {
            for left in (0..width).step_by(column_count) {
                let region =
                    Region { rows: top..(top + row_count).min(rows), columns: left..(left + column_count).min(width) };
                let mut next = self.weight_tile::<S>(self.blocks.start, 0);
                while let Some(current) = next {
                    next = match current.input.end < spec.input_blocks {
                        true => self.weight_tile::<S>(current.output.start, current.input.end),
                        false => self.weight_tile::<S>(current.output.end, 0),
                    };
                    self.multiply(simd, &region, &current, next.as_ref());
                }
            }
        }
    }
}

/// A rectangle of output pixels whose input stays in the cache.
struct Region {
    rows: Range<usize>,
    columns: Range<usize>,
}

/// Weights that stay in the cache while a whole region is multiplied with them: a range of output blocks, and the range of
/// input blocks that is accumulated into each.
struct WeightTile {
    output: Range<usize>,
    input: Range<usize>,
}

impl<'a> Conv<'a> {
    /// The weight tile that starts at these blocks; none after the last output block.
    #[inline(always)]
    fn weight_tile<S: Simd>(&self, output: usize, input: usize) -> Option<WeightTile> {
        let spec = self.spec;
        let max_blocks = panel_blocks::<S>();
        let rest = spec.first_input_block.get(output..self.blocks.end).filter(|rest| !rest.is_empty())?;
        // Only blocks that read the same input blocks share a tile.
        let blocks = rest.iter().take(max_blocks).take_while(|&&first| first == rest[0]).count();
        let bytes = spec.kernel[0] * spec.kernel[1] * BLOCK * BLOCK * max_blocks * size_of::<f32>();
        let depth = if spec.is_compact() { 1 } else { (WEIGHT_BYTES / bytes).max(1) };
        Some(WeightTile { output: output..output + blocks, input: input..(input + depth).min(spec.input_blocks) })
    }

    /// Multiplies one region with one weight tile and prefetches the next one meanwhile.
    #[inline(always)]
    fn multiply<S: Simd>(&mut self, simd: S, region: &Region, weights: &WeightTile, next: Option<&WeightTile>) {
        let mut prefetch = self.prefetch(next);
        let lines_per_pixel = prefetch[0].lines_per_step(region.rows.len() * region.columns.len());
        let split = RowSplit::new::<S>(region.columns.len());
        for row in region.rows.clone() {
            let (mut column, mut tile) = (region.columns.start, 0);
            while column < region.columns.end {
                let (count, tiles) = split.next_run::<S>(tile, region.columns.end - column);
                let run = TileRun {
                    first_block: weights.output.start,
                    blocks: weights.output.len(),
                    input_start: weights.input.start,
                    input_end: weights.input.end,
                    row,
                    column,
                    tiles,
                    prefetch: prefetch.each_mut().map(|lines| lines.take(tiles * count * lines_per_pixel)),
                    lines_per_tile: count * lines_per_pixel,
                };
                self.run_tiles(simd, run, count);
                column += tiles * count;
                tile += tiles;
            }
        }
    }

    /// The weights of the next tile, per output block. A compact input has too few weights to be worth prefetching.
    #[inline(always)]
    fn prefetch(&self, next: Option<&WeightTile>) -> [Prefetch<'a>; 2] {
        let Some(next) = next.filter(|_| !self.spec.is_compact()) else { return Default::default() };
        let rows = self.spec.weight_rows();
        let rows_per_input = rows / self.spec.input_blocks;
        let weights = pixels(self.weights);
        let lines = |block: usize| {
            let start = block * rows + next.input.start * rows_per_input;
            Prefetch::new(&weights[start..][..next.input.len() * rows_per_input])
        };
        let mut blocks = next.output.clone().map(lines);
        [blocks.next().unwrap_or_default(), blocks.next().unwrap_or_default()]
    }
}

/// Splits a row into register tiles, as evenly as the compiled tile sizes allow. Computed once per region, because a
/// division costs as much as dozens of multiplications.
#[derive(Clone, Copy)]
struct RowSplit {
    pixels: usize,
    /// How many tiles, from the first on, have one pixel more.
    larger: usize,
}

impl RowSplit {
    #[inline(always)]
    fn new<S: Simd>(width: usize) -> Self {
        let max_pixels = if S::F32_LANES == 8 || S::REGISTER_COUNT == 32 { 6 } else { 3 };
        let tiles = width.div_ceil(max_pixels);
        Self { pixels: width / tiles, larger: width % tiles }
    }

    /// The next run of equal tiles, given the tile's index and the pixels left in the row: pixels per tile, and tiles.
    #[inline(always)]
    fn next_run<S: Simd>(self, tile: usize, left: usize) -> (usize, usize) {
        if S::F32_LANES != 16 {
            return match self.larger.checked_sub(tile) {
                Some(larger @ 1..) => (self.pixels + 1, larger),
                _ => (self.pixels, left / self.pixels),
            };
        }
        let pixels = match balanced_share(left, 14) {
            share @ ..=7 => share,
            // The next larger compiled size if enough pixels are left, else two small tiles.
            share => [10, 12, 14]
                .into_iter()
                .find(|&size| size >= share && size <= left)
                .unwrap_or_else(|| balanced_share(left, 7)),
        };
        (pixels, if left.is_multiple_of(pixels) { left / pixels } else { 1 })
    }
}

/// Output blocks that share each load of the input.
#[inline(always)]
fn panel_blocks<S: Simd>() -> usize {
    match S::F32_LANES {
        16 | 8 => 2,
        _ => 1,
    }
}

/// Equal tiles that follow one another in a row.
#[derive(Clone, Copy)]
struct TileRun<'a> {
    /// The first output block, and how many.
    first_block: usize,
    blocks: usize,
    /// The input blocks to accumulate.
    input_start: usize,
    input_end: usize,
    /// The first output pixel.
    row: usize,
    column: usize,
    tiles: usize,
    /// What to prefetch meanwhile, per output block.
    prefetch: [Prefetch<'a>; 2],
    /// Cache lines to prefetch with each tile, per output block.
    lines_per_tile: usize,
}

impl Conv<'_> {
    /// Computes all output blocks of a run of tiles with `count` pixels each. Small tiles take more blocks at once.
    #[inline(always)]
    fn run_tiles<S: Simd>(&mut self, simd: S, run: TileRun<'_>, count: usize) {
        let mut done = 0;
        while done < run.blocks {
            let left = run.blocks - done;
            let prefetch = if done == 0 { run.prefetch } else { [run.prefetch[1], Prefetch::default()] };
            let run = TileRun { first_block: run.first_block + done, prefetch, ..run };
            /// Selects the micro-kernel compiled for this pixel count.
            macro_rules! select {
                ($blocks:literal, $vectors:literal: $($pixels:literal)*) => {{
                    match count {
                        $($pixels => simd.vectorize(Tiles::<$pixels, $blocks, $vectors> { conv: self, run }),)*
                        _ => unreachable!("RowSplit returns only these sizes"),
                    }
                    $blocks
                }};
            }
            done += match (S::F32_LANES, S::REGISTER_COUNT) {
                (16, _) if left >= 2 => select!(2, 2: 1 2 3 4 5 6 7 10 12 14),
                (16, _) => select!(1, 1: 1 2 3 4 5 6 7 10 12 14),
                (8, _) if left >= 2 && count <= 3 => select!(2, 4: 1 2 3),
                (8, _) => select!(1, 2: 1 2 3 4 5 6),
                (_, 32) => select!(1, 4: 1 2 3 4 5 6),
                _ => select!(1, 4: 1 2 3),
            };
        }
    }
}

/// Runs tiles of one size. Their common setup is done once, because it costs as much as a hundred multiplications.
struct Tiles<'a, 'b, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize> {
    conv: &'a mut Conv<'b>,
    run: TileRun<'a>,
}

impl<const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize> WithSimd
    for Tiles<'_, '_, PIXELS, BLOCKS, VECTORS>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { conv, run } = self;
        let spec = conv.spec;
        let output_block = run.first_block - if spec.has_full_output() { 0 } else { conv.blocks.start };
        let (output, plane) = (spec.output.pixel(output_block, run.row, run.column), spec.output.plane());
        let bias = std::array::from_fn(|block| &pixels(conv.bias)[run.first_block + block]);
        let rows = spec.weight_rows();
        let weights = pixels(conv.weights);
        let input = &spec.input;
        // The border holds at least the padding.
        let top = run.row * spec.stride[0] + input.border[0] - spec.padding[0];
        let start = top * input.pitch() + run.column * spec.stride[1] + input.border[1] - spec.padding[1];
        let residual = spec.residual.zip(conv.residual).map(|(buffer, data)| {
            (&pixels(data)[buffer.pixel(run.first_block, run.row, run.column)..], buffer.plane())
        });
        let bounds =
            (run.input_end == spec.input_blocks).then(|| spec.bounds.pair().map(|bound| simd.splat_f32s(bound)));
        let output = &mut pixels_mut(conv.output)[output..];
        /// Loops over the tiles: loads the accumulators, runs `$add` on them, and stores them.
        macro_rules! for_each_tile {
            (|$tile:ident, $sums:ident| $add:expr) => {
                for $tile in 0..run.tiles {
                    let first = $tile * PIXELS;
                    let mut sums = match run.input_start {
                        0 => tile::init_with_bias::<S, PIXELS, BLOCKS, VECTORS>(simd, bias),
                        _ => tile::load_partial_sums::<S, PIXELS, BLOCKS, VECTORS>(simd, plane, &output[first..]),
                    };
                    let $sums = &mut sums;
                    $add;
                    let epilogue = bounds.map(|bounds| Epilogue {
                        residual: residual.map(|(pixels, plane)| (&pixels[first..], plane)),
                        bounds,
                    });
                    tile::store::<S, PIXELS, BLOCKS, VECTORS>(simd, epilogue, plane, &sums, &mut output[first..]);
                }
            };
        }
        if spec.is_compact() {
            let weights = std::array::from_fn(|block| &weights[(run.first_block + block) * rows..][..rows]);
            let ((runs, length), lanes) = (spec.compact_runs(), input.lanes);
            let [dilate_row, dilate_column] = spec.dilation;
            let runs_per_row = runs / spec.kernel[0];
            let step = spec.stride[1] * lanes;
            for_each_tile!(|tile, sums| {
                let start = start + tile * PIXELS * spec.stride[1];
                let runs = (0..runs).map(|run| {
                    let (row, column) = (run / runs_per_row, run % runs_per_row);
                    (start + row * dilate_row * input.pitch() + column * dilate_column) * lanes
                });
                tile::compact::<S, PIXELS, BLOCKS, VECTORS>(simd, step, length, runs, conv.input, weights, sums);
            });
            return;
        }
        let rows_per_input = spec.kernel[0] * spec.kernel[1] * BLOCK;
        let weights = std::array::from_fn(|block| {
            let start = (run.first_block + block) * rows + run.input_start * rows_per_input;
            &weights[start..][..(run.input_end - run.input_start) * rows_per_input]
        });
        let first = spec.first_input_block[run.first_block] + run.input_start;
        let last_block = spec.first_input_block[run.first_block] + run.input_end - 1;
        let last_channels = input.shape.channels.saturating_sub(last_block * BLOCK).min(BLOCK);
        let geometry = Geometry {
            block_step: input.plane(),
            row_step: spec.dilation[0] * input.pitch(),
            column_step: spec.dilation[1],
            kernel: spec.kernel,
            input_blocks: run.input_end - run.input_start,
            last_channels,
            stride: spec.stride[1],
        };
        let input = &pixels(conv.input)[first * input.plane() + start..];
        let mut prefetch: [Prefetch<'_>; BLOCKS] = std::array::from_fn(|block| run.prefetch[block]);
        /// Loops over the tiles with a compile-time stride; 0 means that it is only known at run time.
        macro_rules! strided {
            ($stride:literal) => {
                for_each_tile!(|tile, sums| {
                    let input = &input[tile * PIXELS * geometry.stride..];
                    let prefetch = prefetch.each_mut().map(|lines| lines.take(run.lines_per_tile));
                    tile::blocked::<S, PIXELS, BLOCKS, VECTORS, $stride>(
                        simd, &geometry, input, weights, prefetch, sums,
                    );
                })
            };
        }
        match geometry.stride {
            1 => strided!(1),
            2 => strided!(2),
            _ => strided!(0),
        }
    }
}
