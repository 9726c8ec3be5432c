//! Resampling of 8-bit images, bit for bit as Pillow 9.5 to 12.3 does it.
//!
//! Two separable passes, horizontal then vertical, each rounded to 8 bits. The filter's support grows with the downscaling
//! factor. Weights are normalized in `f64` and then rounded to fixed point. A pass that does not change the size is skipped.
//! Pillow 13 starts with the vertical pass if an image shrinks far more in height than in width; its results differ slightly
//! there. `nearest` follows Pillow's affine transform, which accumulates the step instead of dividing per pixel.

use std::f64::consts::PI;

use crate::pixels::Pixels;
use crate::preprocess::Filter;

/// Fraction bits of a weight: 32 bits minus 8 for the result and 2 for headroom, because weights may be negative.
const PRECISION_BITS: u32 = 32 - 8 - 2;

/// Resizes an image to `width` × `height` pixels. Neither may be zero.
pub(crate) fn resize(source: Pixels, width: usize, height: usize, filter: Filter) -> Pixels {
    if (source.width, source.height) == (width, height) {
        return source;
    }
    let Some(kernel) = Kernel::for_filter(filter) else { return nearest(&source, width, height) };
    let source =
        if source.width == width { source } else { horizontal(&source, &kernel.contributions(source.width, width)) };
    if source.height == height { source } else { vertical(&source, &kernel.contributions(source.height, height)) }
}

fn nearest(source: &Pixels, width: usize, height: usize) -> Pixels {
    let columns = nearest_positions(source.width, width);
    let mut data = Vec::with_capacity(width * height * source.channels);
    for row in nearest_positions(source.height, height) {
        let row = &source.data[row * source.stride()..][..source.stride()];
        for &column in &columns {
            data.extend_from_slice(&row[column * source.channels..][..source.channels]);
        }
    }
    Pixels { width, height, channels: source.channels, data }
}

fn nearest_positions(from: usize, to: usize) -> Vec<usize> {
    let step = from as f64 / to as f64;
    let mut position = step * 0.5;
    let mut positions = Vec::with_capacity(to);
    for _ in 0..to {
        positions.push((position as usize).min(from - 1));
        position += step;
    }
    positions
}

/// The source pixels that contribute to one target pixel, and their weights.
struct Contribution {
    start: usize,
    weights: Vec<i32>,
}

struct Kernel {
    weight: fn(f64) -> f64,
    support: f64,
}

impl Kernel {
    /// The kernel of a filter; none for `nearest`, which has no weights.
    fn for_filter(filter: Filter) -> Option<Self> {
        let (weight, support): (fn(f64) -> f64, f64) = match filter {
            Filter::Box => (box_weight, 0.5),
            Filter::Bilinear => (bilinear_weight, 1.0),
            Filter::Hamming => (hamming_weight, 1.0),
            Filter::Bicubic => (bicubic_weight, 2.0),
            Filter::Lanczos => (lanczos_weight, 3.0),
            _ => return None,
        };
        Some(Self { weight, support })
    }

    /// The contributions to each target pixel. The operations and their order are those of Pillow's `precompute_coeffs`, because
    /// another order would round differently.
    fn contributions(&self, from: usize, to: usize) -> Vec<Contribution> {
        let scale = from as f64 / to as f64;
        let filter_scale = scale.max(1.0);
        let support = self.support * filter_scale;
        let inverse = 1.0 / filter_scale;
        let mut contributions = Vec::with_capacity(to);
        for target in 0..to {
            let center = (target as f64 + 0.5) * scale;
            // Casting a negative number yields 0, which is also Pillow's lower bound.
            let start = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(from);
            let weights: Vec<f64> =
                (start..end).map(|source| (self.weight)((source as f64 - center + 0.5) * inverse)).collect();
            let mut sum = 0.0;
            for weight in &weights {
                sum += weight;
            }
            let fixed = |weight: f64| {
                let weight = if sum == 0.0 { weight } else { weight / sum } * f64::from(1 << PRECISION_BITS);
                (if weight < 0.0 { weight - 0.5 } else { weight + 0.5 }) as i32
            };
            contributions.push(Contribution { start, weights: weights.into_iter().map(fixed).collect() });
        }
        contributions
    }
}

fn round_to_byte(sum: i32) -> u8 {
    (sum >> PRECISION_BITS).clamp(0, 255) as u8
}

/// Accumulators start at one half, so that the shift rounds to nearest.
const HALF: i32 = 1 << (PRECISION_BITS - 1);

fn horizontal(source: &Pixels, contributions: &[Contribution]) -> Pixels {
    match source.channels {
        1 => horizontal_channels::<1>(source, contributions),
        _ => horizontal_channels::<3>(source, contributions),
    }
}

fn horizontal_channels<const CHANNELS: usize>(source: &Pixels, contributions: &[Contribution]) -> Pixels {
    let mut data = Vec::with_capacity(contributions.len() * source.height * CHANNELS);
    for row in source.data.chunks_exact(source.stride()) {
        let (pixels, _) = row.as_chunks::<CHANNELS>();
        for contribution in contributions {
            let mut sums = [HALF; CHANNELS];
            for (pixel, weight) in pixels[contribution.start..].iter().zip(&contribution.weights) {
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    *sum += i32::from(value) * weight;
                }
            }
            data.extend(sums.map(round_to_byte));
        }
    }
    Pixels { width: contributions.len(), height: source.height, channels: CHANNELS, data }
}

fn vertical(source: &Pixels, contributions: &[Contribution]) -> Pixels {
    let stride = source.stride();
    let mut data = Vec::with_capacity(stride * contributions.len());
    let mut sums = vec![HALF; stride];
    for contribution in contributions {
        sums.fill(HALF);
        for (row, weight) in source.data[contribution.start * stride..].chunks_exact(stride).zip(&contribution.weights)
        {
            for (sum, &value) in sums.iter_mut().zip(row) {
                *sum += i32::from(value) * weight;
            }
        }
        data.extend(sums.iter().map(|&sum| round_to_byte(sum)));
    }
    Pixels { width: source.width, height: contributions.len(), channels: source.channels, data }
}

fn box_weight(x: f64) -> f64 {
    if x > -0.5 && x <= 0.5 { 1.0 } else { 0.0 }
}

fn bilinear_weight(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 { 1.0 - x } else { 0.0 }
}

fn hamming_weight(x: f64) -> f64 {
    let x = x.abs();
    if x == 0.0 {
        1.0
    } else if x >= 1.0 {
        0.0
    } else {
        let x = x * PI;
        // Pillow uses single precision for these two constants.
        x.sin() / x * (f64::from(0.54_f32) + f64::from(0.46_f32) * x.cos())
    }
}

fn bicubic_weight(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * A
    } else {
        0.0
    }
}

fn lanczos_weight(x: f64) -> f64 {
    if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let x = x * PI;
    x.sin() / x
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grey(width: usize, data: &[u8]) -> Pixels {
        Pixels { width, height: data.len() / width, channels: 1, data: data.to_vec() }
    }

    #[test]
    fn resizing_to_the_same_size_changes_nothing() {
        let source = grey(2, &[1, 2, 3, 4]);
        for filter in [Filter::Nearest, Filter::Lanczos] {
            assert_eq!(resize(source.clone(), 2, 2, filter), source);
        }
    }

    #[test]
    fn box_averages_and_rounds_half_up() {
        assert_eq!(resize(grey(4, &[0, 1, 2, 4]), 2, 1, Filter::Box).data, [1, 3]);
    }

    #[test]
    fn nearest_takes_the_pixel_at_the_center() {
        assert_eq!(resize(grey(4, &[10, 20, 30, 40]), 2, 1, Filter::Nearest).data, [20, 40]);
        assert_eq!(resize(grey(2, &[10, 20]), 4, 1, Filter::Nearest).data, [10, 10, 20, 20]);
    }

    #[test]
    fn overshoot_is_clipped() {
        let edge = grey(8, &[0, 0, 0, 0, 255, 255, 255, 255]);
        let resized = resize(edge, 32, 1, Filter::Lanczos).data;
        assert_eq!((resized[12], resized[31]), (0, 255));
    }

    #[test]
    fn one_pixel_fills_any_size() {
        for filter in
            [Filter::Nearest, Filter::Box, Filter::Bilinear, Filter::Hamming, Filter::Bicubic, Filter::Lanczos]
        {
            assert!(resize(grey(1, &[77]), 5, 3, filter).data.iter().all(|&value| value == 77), "{filter:?}");
        }
    }
}
