//! Winograd convolution for 3×3 kernels: F(2×2, 3×3) of Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks"
//! (2015).
//!
//! The output is cut into tiles of 2×2 pixels, each of which reads 4×4 input pixels. The input transform turns those into 16
//! sums and differences. Each of the 16 positions is multiplied with its own transformed weights, and the output transform
//! adds the products up: 16 multiplications per tile instead of 36.
//!
//! The transforms only add, and halve when weights are packed, so rounding errors stay close to those of direct
//! convolution. Within a tile, though, every pixel gets the rounding error of the largest value, and one infinity makes the
//! whole tile NaN.
//!
//! The products of one position are a 1×1 convolution over a batch of tiles, and are computed as one.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::buffer::BLOCK;
use crate::graph::{Shape, Window};
use crate::isa::Isa;
use crate::kernel::conv::{Conv, ConvSpec};
use crate::kernel::simd::{clamp, pixels, pixels_mut, vectors};

/// Values of a transformed tile.
pub(crate) const POSITIONS: usize = 16;
/// Input rows, and columns, that a tile reads.
const SIDE: usize = 4;
/// Output blocks that are multiplied before their output transform.
pub(crate) const PANEL: usize = 2;
/// The position that the output transform adds to all four pixels unchanged. The bias is added there.
pub(crate) const BIAS_POSITION: usize = 5;
/// Tiles per batch at most, so that a transformed batch stays in the second-level cache.
const MAX_TILES: usize = 58;
/// Distance, in pixels of a block, at which addresses fall into the same cache set (4 KB).
const ALIAS: usize = 64;

/// Whether a convolution over all channels gains from Winograd. It must be worth 16 weights instead of 9: every inference
/// reads them, and the stored model contains them. Measured on AVX2, relative to direct convolution: 0.73 of the time with 64
/// channels, 0.65 with 128.
pub(crate) fn is_worthwhile(window: &Window, input: Shape, output: Shape) -> bool {
    let is_plain_3x3 = window.kernel == [3, 3] && window.stride == [1, 1] && window.dilation == [1, 1];
    let [tile_rows, tile_columns] = tile_grid(output);
    is_plain_3x3
        && input.channels >= 32
        && input.channels.is_multiple_of(BLOCK)
        && output.channels >= 32
        && tile_rows * tile_columns >= 100
}

/// Tiles per batch. All batches have this size; the last one overlaps its predecessor if needed.
pub(crate) fn batch_size(input: Shape, output: Shape) -> usize {
    let [tile_rows, tile_columns] = tile_grid(output);
    let total = tile_rows * tile_columns;
    let tiles = total.div_ceil(total.div_ceil(MAX_TILES));
    // The 16 values of a transformed tile lie this many pixels apart. They must not evict each other from the cache.
    let distance = tiles * input.channels / BLOCK;
    tiles + usize::from(distance.is_multiple_of(ALIAS))
}

/// Rows and columns of tiles that cover the output.
fn tile_grid(output: Shape) -> [usize; 2] {
    [output.height.div_ceil(2), output.width.div_ceil(2)]
}

/// The operands of a Winograd convolution.
pub(crate) struct Winograd<'a> {
    pub(crate) spec: &'a ConvSpec,
    /// The 1×1 convolution over a batch of tiles, from `[position][tile][channel]` to `[block][position][tile]`.
    pub(crate) pointwise: &'a ConvSpec,
    pub(crate) input: &'a [f32],
    /// Room for the products of [`PANEL`] blocks, then for the transformed input of a batch.
    pub(crate) scratch: &'a mut [f32],
    pub(crate) output: &'a mut [f32],
    pub(crate) residual: Option<&'a [f32]>,
    /// `[position][output block][input channel][output channel]`.
    pub(crate) weights: &'a [f32],
    /// `[position][output channel]`, padded to whole blocks.
    pub(crate) bias: &'a [f32],
}

impl Winograd<'_> {
    /// Runs batch by batch. Each stage is a kernel call of its own, so that the convolution is compiled only once.
    pub(crate) fn run(self, isa: Isa) {
        let Self { spec, pointwise, input, scratch, output, residual, weights, bias } = self;
        let (blocks, batch) = (spec.output_blocks(), pointwise.output.shape.width);
        let (products, transformed) = scratch.split_at_mut(pointwise.output.len());
        let [tile_rows, tile_columns] = tile_grid(spec.output.shape);
        for first in (0..tile_rows * tile_columns).step_by(batch) {
            let first = first.min(tile_rows * tile_columns - batch);
            let tiles = Tiles { spec, per_row: tile_columns, tiles: first..first + batch };
            isa.run(InputTransform { tiles: &tiles, input: pixels(input), output: pixels_mut(transformed) });
            for panel in (0..blocks).step_by(PANEL) {
                let panel = panel..(panel + PANEL).min(blocks);
                for position in 0..POSITIONS {
                    isa.run(Conv {
                        spec: pointwise,
                        blocks: panel.clone(),
                        input: &transformed[position * batch * pointwise.input.lanes..],
                        output: &mut products[position * batch * BLOCK..],
                        residual: None,
                        weights: &weights[position * weights.len() / POSITIONS..],
                        bias: &bias[position * blocks * BLOCK..],
                    });
                }
                isa.run(OutputTransform {
                    tiles: &tiles,
                    panel,
                    products: pixels(products),
                    residual: residual.map(pixels),
                    output: pixels_mut(output),
                });
            }
        }
    }
}

/// A batch of consecutive tiles, counted row by row.
struct Tiles<'a> {
    spec: &'a ConvSpec,
    /// Tiles in one row of the image.
    per_row: usize,
    tiles: Range<usize>,
}

impl Tiles<'_> {
    /// For each tile, its index in the batch and its first output pixel `[row, column]`.
    #[inline(always)]
    fn positions(&self) -> impl Iterator<Item = (usize, [usize; 2])> + use<> {
        let per_row = self.per_row;
        let mut position = [self.tiles.start / per_row, self.tiles.start % per_row];
        (0..self.tiles.len()).map(move |tile| {
            let [row, column] = position;
            position = if column + 1 == per_row { [row + 1, 0] } else { [row, column + 1] };
            (tile, [2 * row, 2 * column])
        })
    }
}

/// Transforms the input pixels of each tile into its 16 positions.
struct InputTransform<'a> {
    tiles: &'a Tiles<'a>,
    input: &'a [[f32; BLOCK]],
    output: &'a mut [[f32; BLOCK]],
}

impl WithSimd for InputTransform<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (spec, batch) = (self.tiles.spec, self.tiles.tiles.len());
        let from = &spec.input;
        let [top, left] = [from.border[0] - spec.padding[0], from.border[1] - spec.padding[1]];
        for block in 0..from.blocks() {
            for (tile, [row, column]) in self.tiles.positions() {
                let first = block * from.plane() + (top + row) * from.pitch() + left + column;
                let rows: [&[[f32; BLOCK]]; SIDE] =
                    std::array::from_fn(|row| &self.input[first + row * from.pitch()..][..SIDE]);
                for vector in 0..BLOCK / S::F32_LANES {
                    let columns: [_; SIDE] = std::array::from_fn(|column| {
                        transform_input(simd, std::array::from_fn(|row| vectors::<S>(&rows[row][column])[vector]))
                    });
                    for row in 0..SIDE {
                        let sums = transform_input(simd, columns.map(|column| column[row]));
                        for (column, sum) in sums.into_iter().enumerate() {
                            let output =
                                &mut self.output[((row * SIDE + column) * batch + tile) * from.blocks() + block];
                            S::as_mut_simd_f32s(output).0[vector] = sum;
                        }
                    }
                }
            }
        }
    }
}

/// Adds the products of each tile up to its output pixels, and applies residual and clamp.
struct OutputTransform<'a> {
    tiles: &'a Tiles<'a>,
    /// The output blocks that the products belong to.
    panel: Range<usize>,
    products: &'a [[f32; BLOCK]],
    residual: Option<&'a [[f32; BLOCK]]>,
    output: &'a mut [[f32; BLOCK]],
}

impl WithSimd for OutputTransform<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let (spec, batch) = (self.tiles.spec, self.tiles.tiles.len());
        let to = &spec.output;
        let residual = spec.residual.as_ref().zip(self.residual);
        let bounds = spec.bounds.pair().map(|bound| simd.splat_f32s(bound));
        for (index, block) in self.panel.clone().enumerate() {
            let products = &self.products[index * POSITIONS * batch..][..POSITIONS * batch];
            for (tile, [row, column]) in self.tiles.positions() {
                // A tile at the edge can reach beyond the image: those pixels are dropped.
                let (rows, columns) = ((to.shape.height - row).min(2), (to.shape.width - column).min(2));
                for vector in 0..BLOCK / S::F32_LANES {
                    let product = |position: usize| vectors::<S>(&products[position * batch + tile])[vector];
                    let sums: [_; SIDE] = std::array::from_fn(|column| {
                        transform_output(simd, std::array::from_fn(|row| product(row * SIDE + column)))
                    });
                    for down in 0..rows {
                        let values = transform_output(simd, sums.map(|sum| sum[down]));
                        for (across, mut value) in values.into_iter().enumerate().take(columns) {
                            if let Some((buffer, residual)) = residual {
                                let residual = &residual[buffer.pixel(block, row + down, column + across)];
                                value = simd.add_f32s(value, vectors::<S>(residual)[vector]);
                            }
                            let output = &mut self.output[to.pixel(block, row + down, column + across)];
                            S::as_mut_simd_f32s(output).0[vector] = clamp(simd, bounds, value);
                        }
                    }
                }
            }
        }
    }
}

/// The input transform of four pixels in a line.
#[inline(always)]
fn transform_input<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; SIDE]) -> [S::f32s; SIDE] {
    [simd.sub_f32s(a, c), simd.add_f32s(b, c), simd.sub_f32s(c, b), simd.sub_f32s(b, d)]
}

/// The output transform of four products in a line.
#[inline(always)]
fn transform_output<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; SIDE]) -> [S::f32s; 2] {
    [simd.add_f32s(a, simd.add_f32s(b, c)), simd.sub_f32s(simd.sub_f32s(b, c), d)]
}

/// Transforms the nine weights of a 3×3 kernel, `[row][column]`, into one weight per position.
pub(crate) fn transform_weights(kernel: &[f32]) -> [f32; POSITIONS] {
    let transform = |[a, b, c]: [f64; 3]| [a, (a + b + c) / 2.0, (a - b + c) / 2.0, c];
    let columns: [[f64; SIDE]; 3] =
        std::array::from_fn(|column| transform(std::array::from_fn(|row| f64::from(kernel[row * 3 + column]))));
    let mut weights = [0.0; POSITIONS];
    for (row, weights) in weights.chunks_exact_mut(SIDE).enumerate() {
        for (weight, exact) in weights.iter_mut().zip(transform(columns.map(|column| column[row]))) {
            *weight = exact as f32;
        }
    }
    weights
}
