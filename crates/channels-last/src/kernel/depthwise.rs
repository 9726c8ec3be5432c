//! Depthwise convolution. A run of neighboring output pixels of one vector of channels is accumulated in registers.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use crate::buffer::BLOCK;
use crate::kernel::conv::ConvSpec;
use crate::kernel::simd::{balanced_share, clamp, multiply_add, pixels, pixels_mut, vectors};

/// Pixels that are accumulated together. With fewer, each multiply-add would wait for the one before it.
const MAX_PIXELS: usize = 8;

/// The operands of a depthwise convolution.
pub(crate) struct Depthwise<'a> {
    pub(crate) spec: &'a ConvSpec,
    /// The channel blocks to compute.
    pub(crate) blocks: Range<usize>,
    pub(crate) input: &'a [f32],
    pub(crate) output: &'a mut [f32],
    /// `[block][kernel row][kernel column][channel]`.
    pub(crate) weights: &'a [f32],
    /// `[channel]`, padded to whole blocks.
    pub(crate) bias: &'a [f32],
}

impl WithSimd for Depthwise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let spec = self.spec;
        for block in self.blocks.clone() {
            for row in 0..spec.output.shape.height {
                let mut column = 0;
                while column < spec.output.shape.width {
                    let count = balanced_share(spec.output.shape.width - column, MAX_PIXELS);
                    self.dispatch(simd, [block, row, column], count);
                    column += count;
                }
            }
        }
    }
}

impl Depthwise<'_> {
    /// Selects the code compiled for this pixel count, kernel size and stride.
    #[inline(always)]
    fn dispatch<S: Simd>(&mut self, simd: S, position: [usize; 3], count: usize) {
        macro_rules! select {
            ($kernel:literal, $stride:literal) => {
                match count {
                    1 => simd.vectorize(PixelRun::<1, $kernel, $stride> { depthwise: self, position }),
                    2 => simd.vectorize(PixelRun::<2, $kernel, $stride> { depthwise: self, position }),
                    3 => simd.vectorize(PixelRun::<3, $kernel, $stride> { depthwise: self, position }),
                    4 => simd.vectorize(PixelRun::<4, $kernel, $stride> { depthwise: self, position }),
                    5 => simd.vectorize(PixelRun::<5, $kernel, $stride> { depthwise: self, position }),
                    6 => simd.vectorize(PixelRun::<6, $kernel, $stride> { depthwise: self, position }),
                    7 => simd.vectorize(PixelRun::<7, $kernel, $stride> { depthwise: self, position }),
                    _ => simd.vectorize(PixelRun::<8, $kernel, $stride> { depthwise: self, position }),
                }
            };
        }
        let spec = self.spec;
        let is_square = spec.kernel[0] == spec.kernel[1] && spec.dilation[1] == 1;
        match (is_square, spec.kernel[1], spec.stride[1]) {
            (true, 3, 1) => select!(3, 1),
            (true, 3, 2) => select!(3, 2),
            (true, 5, 1) => select!(5, 1),
            (true, 5, 2) => select!(5, 2),
            _ => select!(0, 0),
        }
    }
}

/// `PIXELS` neighboring pixels of one row of one block. `KERNEL` and `STRIDE` are 0 if they are only known at run time.
struct PixelRun<'a, 'b, const PIXELS: usize, const KERNEL: usize, const STRIDE: usize> {
    depthwise: &'a mut Depthwise<'b>,
    /// Block, row and column of the first pixel.
    position: [usize; 3],
}

impl<const PIXELS: usize, const KERNEL: usize, const STRIDE: usize> WithSimd
    for PixelRun<'_, '_, PIXELS, KERNEL, STRIDE>
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { depthwise, position: [block, row, column] } = self;
        let spec = depthwise.spec;
        let input = &spec.input;
        let [rows, columns] = if KERNEL == 0 { spec.kernel } else { [KERNEL; 2] };
        let stride = if STRIDE == 0 { spec.stride[1] } else { STRIDE };
        let [dilate_row, dilate_column] = if KERNEL == 0 { spec.dilation } else { [spec.dilation[0], 1] };
        let top = row * spec.stride[0] + input.border[0] - spec.padding[0];
        let left = column * stride + input.border[1] - spec.padding[1];
        // If a convolution is fused before this one, the input holds only the current blocks.
        let input_block = if input.blocks() == spec.output.blocks() { block } else { block - depthwise.blocks.start };
        let start = input_block * input.plane() + top * input.pitch() + left;
        let width = (PIXELS - 1) * stride + (columns - 1) * dilate_column + 1;
        let weights = &pixels(depthwise.weights)[block * rows * columns..][..rows * columns];
        let output = spec.output.pixel(block, row, column);
        let output = &mut pixels_mut(depthwise.output)[output..][..PIXELS];
        let bounds = spec.bounds.pair().map(|bound| simd.splat_f32s(bound));
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
