//! What is computed over and over. Each kernel is a plain struct with a generic body, compiled once for each set of
//! instructions; none of them knows of graphs.

mod ahead;
mod conv;
mod dense;
mod depthwise;
mod ends;
mod pointwise;
mod pool;
#[cfg(test)]
mod tests;
mod tile;
pub(crate) mod winograd;

pub(crate) use conv::{Conv, Places};
pub(crate) use dense::Dense;
pub(crate) use depthwise::Depthwise;
pub(crate) use ends::{Softmax, append, read, write};
pub(crate) use pointwise::Pointwise;
pub(crate) use pool::{Pool, Reduction};
pub(crate) use winograd::Winograd;

use pulp::Simd;
use serde::{Deserialize, Serialize};

use crate::buffer::BLOCK;

/// Bounds of a result; none is infinite.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bounds {
    pub(crate) low: Option<f32>,
    pub(crate) high: Option<f32>,
}

impl Bounds {
    pub(crate) fn pair(self) -> [f32; 2] {
        [self.low.unwrap_or(f32::NEG_INFINITY), self.high.unwrap_or(f32::INFINITY)]
    }
}

/// A value held to its bounds. What is no number stays none, so that it is seen at the end.
#[inline(always)]
fn clamp<S: Simd>(simd: S, bounds: [S::f32s; 2], value: S::f32s) -> S::f32s {
    simd.min_f32s(bounds[1], simd.max_f32s(bounds[0], value))
}

/// Floats as pixels of one block.
#[inline(always)]
fn pixels(data: &[f32]) -> &[[f32; BLOCK]] {
    data.as_chunks().0
}

/// Vectors of a block.
#[inline(always)]
fn vectors<S: Simd>(block: &[f32; BLOCK]) -> &[S::f32s] {
    S::as_simd_f32s(block).0
}

/// `a * b + c`, rounded once where the processor does so by itself: what emulates that is slow.
#[inline(always)]
fn multiply_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
    if S::F32_LANES == 8 || S::REGISTER_COUNT == 32 {
        simd.mul_add_e_f32s(a, b, c)
    } else {
        simd.add_f32s(simd.mul_f32s(a, b), c)
    }
}

/// Pixels of one block, to be written.
#[inline(always)]
fn pixels_mut(data: &mut [f32]) -> &mut [[f32; BLOCK]] {
    data.as_chunks_mut().0
}

/// A share of `left` that splits it evenly into shares of at most `most`.
#[inline(always)]
fn even(left: usize, most: usize) -> usize {
    left.div_ceil(left.div_ceil(most))
}
