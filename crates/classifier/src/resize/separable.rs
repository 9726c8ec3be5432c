//! Resampling in single precision, one axis after the other, without rounding.

use super::axis::Axis;
use crate::pixels::Pixels;

/// The source pixels that contribute to one target pixel, and their weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Taps {
    pub(super) start: usize,
    pub(super) weights: Vec<f32>,
}

impl Taps {
    /// Taps at positions that may lie outside of the image: the edge's pixel stands for what is outside.
    pub(super) fn clamped(first: isize, weights: &[f32], from: usize) -> Self {
        let clamp = |position: isize| position.clamp(0, from as isize - 1) as usize;
        let start = clamp(first);
        let mut summed = vec![0.0; clamp(first + weights.len() as isize - 1) - start + 1];
        for (position, weight) in (first..).zip(weights) {
            summed[clamp(position) - start] += weight;
        }
        Self { start, weights: summed }
    }

    fn end(&self) -> usize {
        self.start + self.weights.len()
    }
}

/// Resizes with the taps of each axis, horizontally first.
pub(super) fn resize(source: &Pixels, x: &Axis, y: &Axis, taps: fn(&Axis) -> Vec<Taps>) -> Pixels<f32> {
    let (columns, mut rows) = (taps(x), taps(y));
    // Only the rows that the vertical pass reads.
    let first = rows.iter().map(|taps| taps.start).min().unwrap_or(0);
    let end = rows.iter().map(Taps::end).max().unwrap_or(0);
    rows.iter_mut().for_each(|taps| taps.start -= first);
    let stride = source.stride();
    let needed = &source.data[first * stride..end * stride];
    let narrow = match source.channels {
        1 => horizontal::<1>(needed, stride, &columns),
        _ => horizontal::<3>(needed, stride, &columns),
    };
    let width = columns.len();
    let data = vertical(&narrow, width * source.channels, &rows);
    Pixels { width, height: rows.len(), channels: source.channels, data }
}

fn horizontal<const CHANNELS: usize>(data: &[u8], stride: usize, columns: &[Taps]) -> Vec<f32> {
    let mut narrow = Vec::with_capacity(data.len() / stride * columns.len() * CHANNELS);
    for row in data.chunks_exact(stride) {
        let (pixels, _) = row.as_chunks::<CHANNELS>();
        for taps in columns {
            let mut sums = [0.0; CHANNELS];
            for (pixel, weight) in pixels[taps.start..].iter().zip(&taps.weights) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    *sum += f32::from(value) * weight;
                }
            }
            narrow.extend(sums);
        }
    }
    narrow
}

fn vertical(data: &[f32], stride: usize, rows: &[Taps]) -> Vec<f32> {
    let mut result = vec![0.0; stride * rows.len()];
    for (sums, taps) in result.chunks_exact_mut(stride).zip(rows) {
        for (row, weight) in data[taps.start * stride..].chunks_exact(stride).zip(&taps.weights) {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += value * weight;
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_counts_for_the_edge() {
        assert_eq!(Taps::clamped(-1, &[0.1, 0.2, 0.3, 0.4], 8), Taps { start: 0, weights: vec![0.1 + 0.2, 0.3, 0.4] });
        assert_eq!(Taps::clamped(6, &[0.25; 4], 8), Taps { start: 6, weights: vec![0.25, 0.75] });
        assert_eq!(Taps::clamped(-1, &[0.25; 4], 1), Taps { start: 0, weights: vec![1.0] });
    }
}
