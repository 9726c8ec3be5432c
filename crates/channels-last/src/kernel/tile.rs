//! The convolution micro-kernels. A tile of pixels × output channels is accumulated in registers: each input value is
//! broadcast and multiplied with the vectors of one weight row.
//!
//! Tile sizes are compile-time constants, so that loops unroll, accumulators stay in registers, and the inner loop checks no
//! index.

use pulp::Simd;

use crate::buffer::BLOCK;
use crate::kernel::prefetch::Prefetch;
use crate::kernel::simd::{clamp, multiply_add, vectors};

/// Unrolls a loop over a tile's pixels. The compiler unrolls only short loops by itself, and spills the accumulators of longer
/// ones to memory.
macro_rules! unroll {
    ($pixel:ident < $pixels:ident, $body:block) => {
        unroll!($pixel < $pixels, $body, 0 1 2 3 4 5 6 7 8 9 10 11 12 13);
    };
    ($pixel:ident < $pixels:ident, $body:block, $($number:literal)*) => {
        const { assert!($pixels <= [$($number),*].len()) };
        $(if $number < $pixels {
            let $pixel = $number;
            $body
        })*
    };
}

/// The geometry that all tiles of a run share. Distances are in pixels of the input buffer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Geometry {
    /// From one input block to the next.
    pub(super) block_step: usize,
    /// From one kernel row to the next.
    pub(super) row_step: usize,
    /// From one kernel column to the next.
    pub(super) column_step: usize,
    pub(super) kernel: [usize; 2],
    pub(super) input_blocks: usize,
    /// Channels in the last input block.
    pub(super) last_channels: usize,
    /// From one output pixel's input to the next one's.
    pub(super) stride: usize,
}

/// Accumulators of a tile: `VECTORS` vectors for each of `PIXELS` pixels.
type Accumulators<S, const PIXELS: usize, const VECTORS: usize> = [[<S as Simd>::f32s; VECTORS]; PIXELS];

/// Accumulates a range of input blocks and prefetches weights. A `STRIDE` of 0 means that it is only known at run time: then
/// each pixel needs its own pointer, for which there may be too few registers.
#[inline(always)]
pub(super) fn blocked<S: Simd, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize, const STRIDE: usize>(
    simd: S,
    geometry: &Geometry,
    input: &[[f32; BLOCK]],
    weights: [&[[f32; BLOCK]]; BLOCKS],
    mut prefetch: [Prefetch<'_>; BLOCKS],
    sums: &mut Accumulators<S, PIXELS, VECTORS>,
) {
    let lines_per_step = prefetch[0].lines_per_step(geometry.input_blocks * geometry.kernel[0] * geometry.kernel[1]);
    let stride = if STRIDE == 0 { geometry.stride } else { STRIDE };
    let mut position = 0;
    for block in 0..geometry.input_blocks {
        // Limiting the trip count to a block removes the bounds checks on each pixel.
        let channels = if block + 1 == geometry.input_blocks { geometry.last_channels.min(BLOCK) } else { BLOCK };
        for row in 0..geometry.kernel[0] {
            for column in 0..geometry.kernel[1] {
                let first = block * geometry.block_step + row * geometry.row_step + column * geometry.column_step;
                let window = &input[first..][..(PIXELS - 1) * stride + 1];
                // Resolved before the loop: with a run-time stride the loop would check each index.
                let mut pixels = [&window[0]; PIXELS];
                unroll!(pixel < PIXELS, { pixels[pixel] = &window[pixel * stride] });
                let rows: [&[[f32; BLOCK]; BLOCK]; BLOCKS] = std::array::from_fn(|block| {
                    let (rows, _) = weights[block].as_chunks::<BLOCK>();
                    &rows[position]
                });
                for channel in 0..channels {
                    let row = std::array::from_fn(|block| &rows[block][channel]);
                    multiply::<S, PIXELS, BLOCKS, VECTORS>(simd, |pixel| pixels[pixel][channel], row, sums);
                }
                for lines in &mut prefetch {
                    lines.take(lines_per_step).issue();
                }
                position += 1;
            }
        }
    }
}

/// Accumulates a compact input (few channels, no padding lanes). `runs` yields the start of each contiguous run of `length`
/// floats: one run per kernel row, or one per kernel element if the kernel is dilated. `step` is the distance in floats from
/// one pixel's input to the next one's.
#[inline(always)]
pub(super) fn compact<S: Simd, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize>(
    simd: S,
    step: usize,
    length: usize,
    runs: impl Iterator<Item = usize>,
    input: &[f32],
    weights: [&[[f32; BLOCK]]; BLOCKS],
    sums: &mut Accumulators<S, PIXELS, VECTORS>,
) {
    for (run, first) in runs.enumerate() {
        let mut window = [&input[..0]; PIXELS];
        unroll!(pixel < PIXELS, { window[pixel] = &input[first + pixel * step..][..length] });
        let rows: [&[[f32; BLOCK]]; BLOCKS] = std::array::from_fn(|block| &weights[block][run * length..][..length]);
        for element in 0..length {
            let row = std::array::from_fn(|block| &rows[block][element]);
            multiply::<S, PIXELS, BLOCKS, VECTORS>(simd, |pixel| window[pixel][element], row, sums);
        }
    }
}

/// Multiplies one input value of each pixel with one weight row.
#[inline(always)]
fn multiply<S: Simd, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize>(
    simd: S,
    value: impl Fn(usize) -> f32,
    row: [&[f32; BLOCK]; BLOCKS],
    sums: &mut Accumulators<S, PIXELS, VECTORS>,
) {
    let vectors_per_block = VECTORS / BLOCKS;
    if VECTORS > PIXELS {
        // With fewer pixels than vectors, keep the pixels in registers instead of the weights.
        let values: [_; PIXELS] = std::array::from_fn(|pixel| simd.splat_f32s(value(pixel)));
        for vector in 0..VECTORS {
            let weight = vectors::<S>(row[vector / vectors_per_block])[vector % vectors_per_block];
            for pixel in 0..PIXELS {
                sums[pixel][vector] = multiply_add(simd, values[pixel], weight, sums[pixel][vector]);
            }
        }
    } else {
        unroll!(pixel < PIXELS, {
            let value = simd.splat_f32s(value(pixel));
            for vector in 0..VECTORS {
                let weight = vectors::<S>(row[vector / vectors_per_block])[vector % vectors_per_block];
                sums[pixel][vector] = multiply_add(simd, value, weight, sums[pixel][vector]);
            }
        });
    }
}

/// Accumulators that start with the bias.
#[inline(always)]
pub(super) fn init_with_bias<S: Simd, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize>(
    simd: S,
    bias: [&[f32; BLOCK]; BLOCKS],
) -> Accumulators<S, PIXELS, VECTORS> {
    let vectors_per_block = VECTORS / BLOCKS;
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; PIXELS];
    for vector in 0..VECTORS {
        let bias = vectors::<S>(bias[vector / vectors_per_block])[vector % vectors_per_block];
        unroll!(pixel < PIXELS, { sums[pixel][vector] = bias });
    }
    sums
}

/// Accumulators that continue from what an earlier weight tile stored in the output.
#[inline(always)]
pub(super) fn load_partial_sums<S: Simd, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize>(
    simd: S,
    plane: usize,
    output: &[[f32; BLOCK]],
) -> Accumulators<S, PIXELS, VECTORS> {
    let vectors_per_block = VECTORS / BLOCKS;
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; PIXELS];
    for block in 0..BLOCKS {
        let output = &output[block * plane..][..PIXELS];
        unroll!(pixel < PIXELS, {
            for vector in 0..vectors_per_block {
                sums[pixel][block * vectors_per_block + vector] = vectors::<S>(&output[pixel])[vector];
            }
        });
    }
    sums
}

/// What is fused into the convolution: a residual to add, then a clamp.
#[derive(Clone, Copy)]
pub(super) struct Epilogue<'a, S: Simd> {
    /// The residual's pixels at the tile, and the distance in pixels from one block to the next.
    pub(super) residual: Option<(&'a [[f32; BLOCK]], usize)>,
    pub(super) bounds: [S::f32s; 2],
}

/// Stores the accumulators, after the epilogue if this was the last weight tile.
#[inline(always)]
pub(super) fn store<S: Simd, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize>(
    simd: S,
    epilogue: Option<Epilogue<'_, S>>,
    plane: usize,
    sums: &Accumulators<S, PIXELS, VECTORS>,
    output: &mut [[f32; BLOCK]],
) {
    let vectors_per_block = VECTORS / BLOCKS;
    for block in 0..BLOCKS {
        let output = &mut output[block * plane..][..PIXELS];
        let residual =
            epilogue.and_then(|epilogue| epilogue.residual).map(|(pixels, plane)| &pixels[block * plane..][..PIXELS]);
        unroll!(pixel < PIXELS, {
            let (output, _) = S::as_mut_simd_f32s(&mut output[pixel]);
            for vector in 0..vectors_per_block {
                let mut value = sums[pixel][block * vectors_per_block + vector];
                if let Some(residual) = residual {
                    value = simd.add_f32s(value, vectors::<S>(&residual[pixel])[vector]);
                }
                if let Some(epilogue) = epilogue {
                    value = clamp(simd, epilogue.bounds, value);
                }
                output[vector] = value;
            }
        });
    }
}
