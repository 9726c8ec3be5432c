//! Small building blocks that all kernels share: views of floats as blocks and vectors, clamping, multiply-add.

use pulp::Simd;
use serde::{Deserialize, Serialize};

use crate::buffer::BLOCK;

/// The range a result is clamped to, for ReLU and ReLU6. `None` leaves a side unbounded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bounds {
    pub(crate) low: Option<f32>,
    pub(crate) high: Option<f32>,
}

impl Bounds {
    /// Low and high, infinite where there is no bound.
    pub(crate) fn pair(self) -> [f32; 2] {
        [self.low.unwrap_or(f32::NEG_INFINITY), self.high.unwrap_or(f32::INFINITY)]
    }
}

/// Clamps a vector to `[low, high]`. NaN stays NaN, so that the caller notices it.
#[inline(always)]
pub(super) fn clamp<S: Simd>(simd: S, bounds: [S::f32s; 2], value: S::f32s) -> S::f32s {
    simd.min_f32s(bounds[1], simd.max_f32s(bounds[0], value))
}

/// Views floats as the pixels of a block.
#[inline(always)]
pub(super) fn pixels(data: &[f32]) -> &[[f32; BLOCK]] {
    data.as_chunks().0
}

/// Views floats as the pixels of a block, for writing.
#[inline(always)]
pub(super) fn pixels_mut(data: &mut [f32]) -> &mut [[f32; BLOCK]] {
    data.as_chunks_mut().0
}

/// Views one pixel of a block as vectors.
#[inline(always)]
pub(super) fn vectors<S: Simd>(block: &[f32; BLOCK]) -> &[S::f32s] {
    S::as_simd_f32s(block).0
}

/// `a * b + c`, fused only if the processor has an instruction for it: emulating the single rounding is slow.
#[inline(always)]
pub(super) fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if S::F32_LANES == 8 || S::REGISTER_COUNT == 32 {
        simd.mul_add_e_f32s(a, b, c)
    } else {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    }
}

/// The size of the next share when `left` items are split into equal shares of at most `max`.
#[inline(always)]
pub(super) fn balanced_share(left: usize, max: usize) -> usize {
    left.div_ceil(left.div_ceil(max))
}
