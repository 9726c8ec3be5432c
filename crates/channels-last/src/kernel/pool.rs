//! Pooling along the channels; a window is cut where it leaves the image.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

use crate::buffer::{BLOCK, Buffer};
use crate::graph::Window;
use crate::kernel::{pixels, pixels_mut, vectors};

/// What is made of the elements under the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Reduction {
    Max,
    Sum,
    /// Of the elements that are inside.
    Mean,
    /// Padding counts as zeros.
    MeanWithPadding,
}

/// A pooling, ready to run.
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
            Reduction::Max => self.each::<S, true>(simd),
            _ => self.each::<S, false>(simd),
        }
    }
}

impl Pool<'_> {
    #[inline(always)]
    fn each<S: Simd, const MAX: bool>(self, simd: S) {
        let Self { from, to, window, .. } = self;
        let [down, across] = window.dilation;
        let none = if MAX { f32::NEG_INFINITY } else { 0.0 };
        for block in 0..to.blocks() {
            for row in 0..to.shape.height {
                let (rows, first_row) = inside(window, 0, row, from.shape.height);
                for column in 0..to.shape.width {
                    let (columns, first_column) = inside(window, 1, column, from.shape.width);
                    // Rounding up can leave a window that covers nothing.
                    let rows = if columns.is_empty() { 0..0 } else { rows.clone() };
                    let factor = match self.reduction {
                        Reduction::Max | Reduction::Sum => 1.0,
                        Reduction::Mean => 1.0 / (rows.len() * columns.len()).max(1) as f32,
                        Reduction::MeanWithPadding => 1.0 / covered(window, from, row, column) as f32,
                    };
                    let output = &mut pixels_mut(self.output)[to.pixel(block, row, column)];
                    for vector in 0..BLOCK / S::F32_LANES {
                        let mut value = simd.splat_f32s(none);
                        for row in rows.clone() {
                            let first = from.pixel(block, first_row + row * down, first_column);
                            let line = &pixels(self.input)[first..];
                            for column in columns.clone() {
                                let element = vectors::<S>(&line[column * across])[vector];
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

/// The elements of the window that are inside along one axis, counted from the first of them, and where that lies.
#[inline(always)]
fn inside(window: &Window, axis: usize, place: usize, length: usize) -> (Range<usize>, usize) {
    let (dilation, before) = (window.dilation[axis], window.before[axis]);
    // A division takes longer than all else that a window costs.
    let parts = |pixels: usize| if dilation == 1 { pixels } else { pixels.div_ceil(dilation) };
    let start = place * window.stride[axis];
    let skipped = parts(before.saturating_sub(start)).min(window.kernel[axis]);
    let first = start + skipped * dilation;
    let end = parts((length + before).saturating_sub(first)).min(window.kernel[axis] - skipped);
    (0..end, first.saturating_sub(before))
}

/// Elements of the window that are inside the image or its padding.
#[inline(always)]
fn covered(window: &Window, from: &Buffer, row: usize, column: usize) -> usize {
    let along = |axis: usize, place: usize, length: usize| {
        let padded = window.before[axis] + length + window.after[axis];
        let start = place * window.stride[axis];
        padded.saturating_sub(start).div_ceil(window.dilation[axis]).min(window.kernel[axis])
    };
    (along(0, row, from.shape.height) * along(1, column, from.shape.width)).max(1)
}
