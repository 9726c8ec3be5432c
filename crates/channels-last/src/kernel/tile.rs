//! The innermost loops of convolution: a tile of pixels times blocks of output channels, held in registers.
//!
//! An input value is broadcast and multiplied with the vectors of one row of weights. Lengths are compile-time
//! constants, so that loops unroll, sums stay in registers and no index is checked in the loop.

use pulp::Simd;

use crate::buffer::BLOCK;
use crate::kernel::ahead::Ahead;
use crate::kernel::{clamp, multiply_add, vectors};

/// A loop over a tile's pixels, written out: compilers unroll short loops by themselves, and keep the sums of longer ones in
/// memory.
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

/// What tiles of one convolution have in common; distances are in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    /// Pixels from one input block to the next.
    pub(super) plane: usize,
    /// Pixels from one row of the kernel to the next.
    pub(super) row: usize,
    /// Pixels from one column of the kernel to the next.
    pub(super) column: usize,
    pub(super) kernel: [usize; 2],
    /// Input blocks.
    pub(super) blocks: usize,
    /// Input channels in the last of them.
    pub(super) last: usize,
    /// Pixels of input from one pixel of output to the next.
    pub(super) stride: usize,
}

/// Sums of a tile: `PIXELS` pixels, `VECTORS` vectors each.
type Sums<S, const PIXELS: usize, const VECTORS: usize> = [[<S as Simd>::f32s; VECTORS]; PIXELS];

/// Adds what the input blocks contribute, and asks for what is needed later. `STRIDE` is 0 where it is not known to the
/// compiler: then each pixel's place is kept, for which there may be too few registers.
#[inline(always)]
pub(super) fn blocked<S: Simd, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize, const STRIDE: usize>(
    simd: S,
    walk: &Walk,
    input: &[[f32; BLOCK]],
    weights: [&[[f32; BLOCK]]; BLOCKS],
    mut ahead: [Ahead<'_>; BLOCKS],
    sums: &mut Sums<S, PIXELS, VECTORS>,
) {
    let each = ahead[0].each(walk.blocks * walk.kernel[0] * walk.kernel[1]);
    let stride = if STRIDE == 0 { walk.stride } else { STRIDE };
    let mut position = 0;
    for block in 0..walk.blocks {
        // The trip count is at most a block, which spares the checks on each pixel.
        let channels = if block + 1 == walk.blocks { walk.last.min(BLOCK) } else { BLOCK };
        for row in 0..walk.kernel[0] {
            for column in 0..walk.kernel[1] {
                let first = block * walk.plane + row * walk.row + column * walk.column;
                let window = &input[first..][..(PIXELS - 1) * stride + 1];
                // Taken before the loop: a stride that is not known would be checked in it.
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
                for ahead in &mut ahead {
                    ahead.take(each).fetch();
                }
                position += 1;
            }
        }
    }
}

/// Adds what an input of few channels contributes, whose pixels lie close together: `runs` of `length` floats, one for
/// each row of the kernel, or one for each element where it is dilated.
#[inline(always)]
pub(super) fn flat<S: Simd, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize>(
    simd: S,
    step: usize,
    length: usize,
    runs: impl Iterator<Item = usize>,
    input: &[f32],
    weights: [&[[f32; BLOCK]]; BLOCKS],
    sums: &mut Sums<S, PIXELS, VECTORS>,
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

/// One input value of each pixel times one row of weights.
#[inline(always)]
fn multiply<S: Simd, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize>(
    simd: S,
    value: impl Fn(usize) -> f32,
    row: [&[f32; BLOCK]; BLOCKS],
    sums: &mut Sums<S, PIXELS, VECTORS>,
) {
    let each = VECTORS / BLOCKS;
    if VECTORS > PIXELS {
        // Fewer pixels than vectors: it is the pixels that are kept in registers.
        let values: [_; PIXELS] = std::array::from_fn(|pixel| simd.splat_f32s(value(pixel)));
        for vector in 0..VECTORS {
            let weight = vectors::<S>(row[vector / each])[vector % each];
            for pixel in 0..PIXELS {
                sums[pixel][vector] = multiply_add(simd, values[pixel], weight, sums[pixel][vector]);
            }
        }
    } else {
        unroll!(pixel < PIXELS, {
            let value = simd.splat_f32s(value(pixel));
            for vector in 0..VECTORS {
                let weight = vectors::<S>(row[vector / each])[vector % each];
                sums[pixel][vector] = multiply_add(simd, value, weight, sums[pixel][vector]);
            }
        });
    }
}

/// Sums that begin with the bias.
#[inline(always)]
pub(super) fn begin<S: Simd, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize>(
    simd: S,
    bias: [&[f32; BLOCK]; BLOCKS],
) -> Sums<S, PIXELS, VECTORS> {
    let each = VECTORS / BLOCKS;
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; PIXELS];
    for vector in 0..VECTORS {
        let bias = vectors::<S>(bias[vector / each])[vector % each];
        unroll!(pixel < PIXELS, { sums[pixel][vector] = bias });
    }
    sums
}

/// Sums that go on from what an earlier part has left.
#[inline(always)]
pub(super) fn resume<S: Simd, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize>(
    simd: S,
    plane: usize,
    output: &[[f32; BLOCK]],
) -> Sums<S, PIXELS, VECTORS> {
    let each = VECTORS / BLOCKS;
    let mut sums = [[simd.splat_f32s(0.0); VECTORS]; PIXELS];
    for block in 0..BLOCKS {
        let output = &output[block * plane..][..PIXELS];
        unroll!(pixel < PIXELS, {
            for vector in 0..each {
                sums[pixel][block * each + vector] = vectors::<S>(&output[pixel])[vector];
            }
        });
    }
    sums
}

/// What happens to finished sums.
#[derive(Clone, Copy)]
pub(super) struct Finish<'a, S: Simd> {
    /// What is added: the tile's pixels and the pixels from one block to the next.
    pub(super) residual: Option<(&'a [[f32; BLOCK]], usize)>,
    pub(super) bounds: [S::f32s; 2],
}

/// Writes sums, finished if nothing more is to come.
#[inline(always)]
pub(super) fn end<S: Simd, const PIXELS: usize, const BLOCKS: usize, const VECTORS: usize>(
    simd: S,
    finish: Option<Finish<'_, S>>,
    plane: usize,
    sums: &Sums<S, PIXELS, VECTORS>,
    output: &mut [[f32; BLOCK]],
) {
    let each = VECTORS / BLOCKS;
    for block in 0..BLOCKS {
        let output = &mut output[block * plane..][..PIXELS];
        let residual =
            finish.and_then(|finish| finish.residual).map(|(pixels, plane)| &pixels[block * plane..][..PIXELS]);
        unroll!(pixel < PIXELS, {
            let (output, _) = S::as_mut_simd_f32s(&mut output[pixel]);
            for vector in 0..each {
                let mut value = sums[pixel][block * each + vector];
                if let Some(residual) = residual {
                    value = simd.add_f32s(value, vectors::<S>(&residual[pixel])[vector]);
                }
                if let Some(finish) = finish {
                    value = clamp(simd, finish.bounds, value);
                }
                output[vector] = value;
            }
        });
    }
}
