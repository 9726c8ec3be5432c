//! PyTorch's resampling of uint8 tensors, bit for bit as on processors with AVX2. (Elsewhere torchvision computes in floats and
//! rounds.)
//!
//! The passes are Pillow's, always horizontal then vertical, but a weight has only 16 bits. How many of them are fraction bits
//! depends on the largest weight of the axis.

use super::axis::Axis;
use super::pillow::{Contribution, PRECISION_BITS, horizontal_first};
use crate::pixels::Pixels;

/// A filter: its weight at a distance, how far it reaches, and whether it widens when the image shrinks.
struct Kernel {
    weight: fn(f64) -> f64,
    support: f64,
    antialias: bool,
}

pub(super) fn bilinear(source: &Pixels, x: &Axis, y: &Axis) -> Pixels {
    resize(source, x, y, &Kernel { weight: triangle, support: 1.0, antialias: false })
}

pub(super) fn bilinear_antialias(source: &Pixels, x: &Axis, y: &Axis) -> Pixels {
    resize(source, x, y, &Kernel { weight: triangle, support: 1.0, antialias: true })
}

pub(super) fn bicubic_antialias(source: &Pixels, x: &Axis, y: &Axis) -> Pixels {
    resize(source, x, y, &Kernel { weight: cubic, support: 2.0, antialias: true })
}

fn resize(source: &Pixels, x: &Axis, y: &Axis, kernel: &Kernel) -> Pixels {
    horizontal_first(source, &kernel.contributions(x), &kernel.contributions(y))
}

impl Kernel {
    fn contributions(&self, axis: &Axis) -> Vec<Contribution> {
        // The largest weight of the whole axis counts, not only of the wanted part.
        let largest = (0..axis.to).flat_map(|target| self.weights(axis, target).1).fold(0.0, f64::max);
        let too_large = |bits: u32| (0.5 + largest * f64::from(1_u32 << (bits + 1))) as i64 >= 1 << 15;
        let bits = (0..PRECISION_BITS).find(|&bits| too_large(bits)).unwrap_or(PRECISION_BITS);
        let fixed = |weight: f64| {
            let weight = weight * f64::from(1_u32 << bits);
            let rounded = (if weight < 0.0 { weight - 0.5 } else { weight + 0.5 }) as i32;
            rounded << (PRECISION_BITS - bits)
        };
        let contribution = |target: usize| {
            let (start, weights) = self.weights(axis, target);
            Contribution { start, weights: weights.into_iter().map(fixed).collect() }
        };
        axis.wanted.clone().map(contribution).collect()
    }

    /// The first source pixel of a target pixel, and the weights from there.
    fn weights(&self, axis: &Axis, target: usize) -> (usize, Vec<f64>) {
        let scale = axis.from as f64 / axis.to as f64;
        let width = if self.antialias { scale.max(1.0) } else { 1.0 };
        let support = self.support * width;
        let inverse = 1.0 / width;
        let center = scale * (target as f64 + 0.5);
        // Casting a negative number yields 0.
        let start = (center - support + 0.5) as usize;
        let end = ((center + support + 0.5) as usize).min(axis.from);
        let weight = |source: usize| (self.weight)(((source as f64 - center + 0.5) * inverse).abs());
        let weights: Vec<f64> = (start..end).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        let normalized = |weight: f64| if sum == 0.0 { weight } else { weight / sum };
        (start, weights.into_iter().map(normalized).collect())
    }
}

fn triangle(distance: f64) -> f64 {
    if distance < 1.0 { 1.0 - distance } else { 0.0 }
}

fn cubic(distance: f64) -> f64 {
    const A: f64 = -0.5;
    if distance < 1.0 {
        ((A + 2.0) * distance - (A + 3.0)) * distance * distance + 1.0
    } else if distance < 2.0 {
        ((A * distance - 5.0 * A) * distance + 8.0 * A) * distance - 4.0 * A
    } else {
        0.0
    }
}
