//! Convolution of each channel by itself: a run of output pixels of one vector of channels in registers.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::buffer::BLOCK;
use crate::kernel::{Places, clamp, even, multiply_add, pixels, pixels_mut, vectors};

/// Pixels that are summed side by side; fewer would wait for one another.
const MOST: usize = 8;

/// A depthwise convolution, ready to run.
pub(crate) struct Depthwise<'a> {
    pub(crate) places: &'a Places,
    /// The blocks that are computed.
    pub(crate) blocks: Range<usize>,
    pub(crate) input: &'a [f32],
    pub(crate) output: &'a mut [f32],
    /// `[block][kernel row][kernel column][channel]`.
    pub(crate) weights: &'a [f32],
    /// One for each channel, whole blocks.
    pub(crate) bias: &'a [f32],
}

impl WithSimd for Depthwise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let places = self.places;
        for block in self.blocks.clone() {
            for row in 0..places.output.shape.height {
                let mut column = 0;
                while column < places.output.shape.width {
                    let count = even(places.output.shape.width - column, MOST);
                    self.run(simd, [block, row, column], count);
                    column += count;
                }
            }
        }
    }
}

impl Depthwise<'_> {
    /// Picks what was compiled for these pixels, this kernel and this stride.
    #[inline(always)]
    fn run<S: Simd>(&mut self, simd: S, spot: [usize; 3], count: usize) {
        macro_rules! pick {
            ($kernel:literal, $stride:literal) => {
                match count {
                    1 => simd.vectorize(Run::<1, $kernel, $stride> { depthwise: self, spot }),
                    2 => simd.vectorize(Run::<2, $kernel, $stride> { depthwise: self, spot }),
                    3 => simd.vectorize(Run::<3, $kernel, $stride> { depthwise: self, spot }),
                    4 => simd.vectorize(Run::<4, $kernel, $stride> { depthwise: self, spot }),
                    5 => simd.vectorize(Run::<5, $kernel, $stride> { depthwise: self, spot }),
                    6 => simd.vectorize(Run::<6, $kernel, $stride> { depthwise: self, spot }),
                    7 => simd.vectorize(Run::<7, $kernel, $stride> { depthwise: self, spot }),
                    _ => simd.vectorize(Run::<8, $kernel, $stride> { depthwise: self, spot }),
                }
            };
        }
        let places = self.places;
        let usual = places.kernel[0] == places.kernel[1] && places.dilation[1] == 1;
        match (usual, places.kernel[1], places.stride[1]) {
            (true, 3, 1) => pick!(3, 1),
            (true, 3, 2) => pick!(3, 2),
            (true, 5, 1) => pick!(5, 1),
            (true, 5, 2) => pick!(5, 2),
            _ => pick!(0, 0),
        }
    }
}

/// Some pixels of one row of one block. `KERNEL` and `STRIDE` are 0 where they are only known at run time.
struct Run<'a, 'b, const PIXELS: usize, const KERNEL: usize, const STRIDE: usize> {
    depthwise: &'a mut Depthwise<'b>,
    /// Block, row and column of the first pixel.
    spot: [usize; 3],
}

impl<const PIXELS: usize, const KERNEL: usize, const STRIDE: usize> WithSimd for Run<'_, '_, PIXELS, KERNEL, STRIDE> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { depthwise, spot: [block, row, column] } = self;
        let places = depthwise.places;
        let input = &places.input;
        let [rows, columns] = if KERNEL == 0 { places.kernel } else { [KERNEL; 2] };
        let stride = if STRIDE == 0 { places.stride[1] } else { STRIDE };
        let [dilate_row, dilate_column] = if KERNEL == 0 { places.dilation } else { [places.dilation[0], 1] };
        let top = row * places.stride[0] + input.border[0] - places.before[0];
        let left = column * stride + input.border[1] - places.before[1];
        // An input that holds only what is needed now begins with the first of these blocks.
        let held = if input.blocks() == places.output.blocks() { block } else { block - depthwise.blocks.start };
        let start = held * input.plane() + top * input.pitch() + left;
        let width = (PIXELS - 1) * stride + (columns - 1) * dilate_column + 1;
        let weights = &pixels(depthwise.weights)[block * rows * columns..][..rows * columns];
        let output = places.output.pixel(block, row, column);
        let output = &mut pixels_mut(depthwise.output)[output..][..PIXELS];
        let bounds = places.bounds.pair().map(|bound| simd.splat_f32s(bound));
        for vector in 0..BLOCK / S::F32_LANES {
            let mut sums = [vectors::<S>(&pixels(depthwise.bias)[block])[vector]; PIXELS];
            for row in 0..rows {
                let window = &pixels(depthwise.input)[start + row * dilate_row * input.pitch()..][..width];
                for column in 0..columns {
                    let weight = vectors::<S>(&weights[row * columns + column])[vector];
                    for pixel in 0..PIXELS {
                        let value = vectors::<S>(&window[pixel * stride + column * dilate_column])[vector];
                        sums[pixel] = multiply_add(simd, value, weight, sums[pixel]);
                    }
                }
            }
            for pixel in 0..PIXELS {
                S::as_mut_simd_f32s(&mut output[pixel]).0[vector] = clamp(simd, bounds, sums[pixel]);
            }
        }
    }
}
