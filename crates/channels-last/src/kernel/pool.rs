//! Max, sum and mean pooling, vectorized over channels. Windows are clipped at the image border.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

use crate::buffer::{BLOCK, Buffer};
use crate::graph::Window;
use crate::kernel::simd::{pixels, pixels_mut, vectors};

/// How the elements under a window become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reduction {
    Max,
    Sum,
    /// Divides by the number of elements inside the image.
    Mean,
    /// Divides by the number of elements inside the image and its padding; padding adds zeros.
    MeanWithPadding,
}

/// The operands of a pooling layer.
pub(crate) struct Pool<'a> {
    pub(crate) from: &'a Buffer,
    pub(crate) to: &'a Buffer,
    pub(crate) window: &'a Window,
    pub(crate) reduction: Reduction,
    pub(crate) input: &'a [f32],
    pub(crate) output: &'a mut [f32],
}

impl WithSimd for Pool<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match self.reduction {
            Reduction::Max => self.pool::<S, true>(simd),
            _ => self.pool::<S, false>(simd),
        }
    }
}

impl Pool<'_> {
    #[inline(always)]
    fn pool<S: Simd, const MAX: bool>(self, simd: S) {
        let Self { from, to, window, .. } = self;
        let [dilate_row, dilate_column] = window.dilation;
        let identity = if MAX { f32::NEG_INFINITY } else { 0.0 };
        for block in 0..to.blocks() {
            for row in 0..to.shape.height {
                let (rows, first_row) = overlap(window, 0, row, from.shape.height);
                for column in 0..to.shape.width {
                    let (columns, first_column) = overlap(window, 1, column, from.shape.width);
                    // With an output size rounded up, the last window can miss the image entirely.
                    let rows = if columns.is_empty() { 0..0 } else { rows.clone() };
                    let factor = match self.reduction {
                        Reduction::Max | Reduction::Sum => 1.0,
                        Reduction::Mean => 1.0 / (rows.len() * columns.len()).max(1) as f32,
                        Reduction::MeanWithPadding => 1.0 / padded_count(window, from, row, column) as f32,
                    };
                    let output = &mut pixels_mut(self.output)[to.pixel(block, row, column)];
                    for vector in 0..BLOCK / S::F32_LANES {
                        let mut value = simd.splat_f32s(identity);
                        for row in rows.clone() {
                            let first = from.pixel(block, first_row + row * dilate_row, first_column);
                            let line = &pixels(self.input)[first..];
                            for column in columns.clone() {
                                let element = vectors::<S>(&line[column * dilate_column])[vector];
                                value = if MAX { simd.max_f32s(element, value) } else { simd.add_f32s(element, value) };
                            }
                        }
                        if !MAX {
                            value = simd.mul_f32s(value, simd.splat_f32s(factor));
                        }
                        S::as_mut_simd_f32s(output).0[vector] = value;
                    }
                }
            }
        }
    }
}

/// Along one axis, how many kernel elements of the window at output position `position` lie inside the image (as a range
/// from 0), and the image coordinate of the first.
#[inline(always)]
fn overlap(window: &Window, axis: usize, position: usize, length: usize) -> (Range<usize>, usize) {
    let (dilation, padding) = (window.dilation[axis], window.pad_before[axis]);
    // The division would cost more than the rest of a window, so skip it in the usual case.
    let elements = |pixels: usize| if dilation == 1 { pixels } else { pixels.div_ceil(dilation) };
    let start = position * window.stride[axis];
    let skipped = elements(padding.saturating_sub(start)).min(window.kernel[axis]);
    let first = start + skipped * dilation;
    let end = elements((length + padding).saturating_sub(first)).min(window.kernel[axis] - skipped);
    (0..end, first.saturating_sub(padding))
}

/// Kernel elements of a window that lie inside the image or its padding.
#[inline(always)]
fn padded_count(window: &Window, from: &Buffer, row: usize, column: usize) -> usize {
    let along = |axis: usize, position: usize, length: usize| {
        let padded = window.pad_before[axis] + length + window.pad_after[axis];
        let start = position * window.stride[axis];
        padded.saturating_sub(start).div_ceil(window.dilation[axis]).min(window.kernel[axis])
    };
    (along(0, row, from.shape.height) * along(1, column, from.shape.width)).max(1)
}
