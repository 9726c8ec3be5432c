//! Elementwise operations with per-channel parameters: affine, sum of two images, clamp.

use pulp::{Simd, WithSimd};

use crate::buffer::Buffer;
use crate::kernel::simd::{Bounds, clamp, multiply_add, pixels, pixels_mut, vectors};

/// The operands of `clamp(input * scale + shift + addend)`.
pub(crate) struct Pointwise<'a> {
    pub(crate) from: &'a Buffer,
    pub(crate) to: &'a Buffer,
    pub(crate) input: &'a [f32],
    pub(crate) addend: Option<(&'a Buffer, &'a [f32])>,
    pub(crate) output: &'a mut [f32],
    /// `[channel]`, padded to whole blocks.
    pub(crate) scale: &'a [f32],
    /// `[channel]`, padded to whole blocks.
    pub(crate) shift: &'a [f32],
    pub(crate) bounds: Bounds,
}

impl WithSimd for Pointwise<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { from, to, .. } = self;
        let bounds = self.bounds.pair().map(|bound| simd.splat_f32s(bound));
        for block in 0..to.blocks() {
            let scale = vectors::<S>(&pixels(self.scale)[block]);
            let shift = vectors::<S>(&pixels(self.shift)[block]);
            for row in 0..to.shape.height {
                let width = to.shape.width;
                let input = &pixels(self.input)[from.pixel(block, row, 0)..][..width];
                let addend = self.addend.map(|(buffer, data)| &pixels(data)[buffer.pixel(block, row, 0)..][..width]);
                let output = &mut pixels_mut(self.output)[to.pixel(block, row, 0)..][..width];
                for column in 0..width {
                    let (output, _) = S::as_mut_simd_f32s(&mut output[column]);
                    for (vector, output) in output.iter_mut().enumerate() {
                        let value = vectors::<S>(&input[column])[vector];
                        let mut value = multiply_add(simd, value, scale[vector], shift[vector]);
                        if let Some(addend) = addend {
                            value = simd.add_f32s(value, vectors::<S>(&addend[column])[vector]);
                        }
                        *output = clamp(simd, bounds, value);
                    }
                }
            }
        }
    }
}
