//! Pillow's resampling of 8-bit images, bit for bit as Pillow 13 does it.
//!
//! Two separable passes, each rounded to 8 bits: horizontal then vertical, or the other way round if the image shrinks far more
//! in height. The filter's support grows with the downscaling factor. Weights are normalized in `f64` and then rounded to fixed
//! point. A pass that does not change the size is skipped.

use std::f64::consts::PI;
use std::ops::Range;

use super::axis::Axis;
use crate::pixels::Pixels;

/// Fraction bits of a weight: 32 bits minus 8 for the result and 2 for headroom, because weights may be negative.
pub(super) const PRECISION_BITS: u32 = 32 - 8 - 2;

/// Resizes an image.
pub(super) fn resize(source: Pixels, x: &Axis, y: &Axis, kernel: &Kernel) -> Pixels {
    // Where Pillow skips a pass, its weights are 1 and 0, so a part of the image may go through it all the same.
    let columns = (!x.is_unchanged()).then(|| kernel.contributions(x));
    let rows = (!y.is_unchanged()).then(|| kernel.contributions(y));
    match (columns, rows) {
        (None, None) => source,
        (Some(columns), None) => horizontal(&source, 0..source.height, &columns),
        (None, Some(rows)) => vertical(&source, 0, &rows),
        (Some(columns), Some(rows)) if y.from as i64 - y.to as i64 > 2 * (x.from as i64 - x.to as i64).max(0) => {
            let source = vertical(&source, 0, &rows);
            horizontal(&source, 0..source.height, &columns)
        }
        (Some(columns), Some(rows)) => horizontal_first(&source, &columns, &rows),
    }
}

/// Both passes. The first computes only the rows that the second reads.
pub(super) fn horizontal_first(source: &Pixels, columns: &[Contribution], rows: &[Contribution]) -> Pixels {
    let first = rows.iter().map(|row| row.start).min().unwrap_or(0);
    let end = rows.iter().map(|row| row.start + row.weights.len()).max().unwrap_or(0);
    vertical(&horizontal(source, first..end, columns), first, rows)
}

/// The source pixels that contribute to one target pixel, and their weights.
pub(super) struct Contribution {
    pub(super) start: usize,
    pub(super) weights: Vec<i32>,
}

/// A filter's weight at a distance, and how far it reaches.
pub(super) struct Kernel {
    weight: fn(f64) -> f64,
    support: f64,
}

pub(super) const BOX: Kernel = Kernel { weight: box_weight, support: 0.5 };
pub(super) const BILINEAR: Kernel = Kernel { weight: bilinear_weight, support: 1.0 };
pub(super) const HAMMING: Kernel = Kernel { weight: hamming_weight, support: 1.0 };
pub(super) const BICUBIC: Kernel = Kernel { weight: bicubic_weight, support: 2.0 };
pub(super) const LANCZOS: Kernel = Kernel { weight: lanczos_weight, support: 3.0 };

impl Kernel {
    /// The contributions to each target pixel. The operations and their order are those of Pillow's `precompute_coeffs`, because
    /// another order would round differently.
    fn contributions(&self, axis: &Axis) -> Vec<Contribution> {
        let scale = axis.from as f64 / axis.to as f64;
        let filter_scale = scale.max(1.0);
        let support = self.support * filter_scale;
        let inverse = 1.0 / filter_scale;
        let mut contributions = Vec::with_capacity(axis.wanted.len());
        for target in axis.wanted.clone() {
            let center = (target as f64 + 0.5) * scale;
            // Casting a negative number yields 0, which is also Pillow's lower bound.
            let start = (center - support + 0.5) as usize;
            let end = ((center + support + 0.5) as usize).min(axis.from);
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

/// The horizontal pass over some rows of the source.
fn horizontal(source: &Pixels, rows: Range<usize>, contributions: &[Contribution]) -> Pixels {
    match source.channels {
        1 => horizontal_channels::<1>(source, rows, contributions),
        _ => horizontal_channels::<3>(source, rows, contributions),
    }
}

fn horizontal_channels<const CHANNELS: usize>(
    source: &Pixels,
    rows: Range<usize>,
    contributions: &[Contribution],
) -> Pixels {
    let (stride, height) = (source.stride(), rows.len());
    let mut data = Vec::with_capacity(contributions.len() * height * CHANNELS);
    for row in source.data[rows.start * stride..rows.end * stride].chunks_exact(stride) {
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
    Pixels { width: contributions.len(), height, channels: CHANNELS, data }
}

/// The vertical pass over a source that begins with row `first`.
fn vertical(source: &Pixels, first: usize, contributions: &[Contribution]) -> Pixels {
    let stride = source.stride();
    let mut data = Vec::with_capacity(stride * contributions.len());
    let mut sums = vec![HALF; stride];
    for contribution in contributions {
        sums.fill(HALF);
        let rows = source.data[(contribution.start - first) * stride..].chunks_exact(stride);
        for (row, weight) in rows.zip(&contribution.weights) {
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

    fn resize(source: Pixels, width: usize, height: usize, kernel: &Kernel) -> Pixels {
        let (x, y) = (Axis::whole(source.width, width), Axis::whole(source.height, height));
        super::resize(source, &x, &y, kernel)
    }

    const KERNELS: [&Kernel; 5] = [&BOX, &BILINEAR, &HAMMING, &BICUBIC, &LANCZOS];

    #[test]
    fn resizing_to_the_same_size_changes_nothing() {
        let source = grey(2, &[1, 2, 3, 4]);
        assert_eq!(resize(source.clone(), 2, 2, &LANCZOS), source);
    }

    #[test]
    fn box_averages_and_rounds_half_up() {
        assert_eq!(resize(grey(4, &[0, 1, 2, 4]), 2, 1, &BOX).data, [1, 3]);
    }

    #[test]
    fn overshoot_is_clipped() {
        let edge = grey(8, &[0, 0, 0, 0, 255, 255, 255, 255]);
        let resized = resize(edge, 32, 1, &LANCZOS).data;
        assert_eq!((resized[12], resized[31]), (0, 255));
    }

    #[test]
    fn one_pixel_fills_any_size() {
        for kernel in KERNELS {
            assert!(resize(grey(1, &[77]), 5, 3, kernel).data.iter().all(|&value| value == 77));
        }
    }

    #[test]
    fn a_part_has_the_pixels_of_the_whole() {
        let data: Vec<u8> = (0..40 * 30).map(|index| (index * index / 7 % 256) as u8).collect();
        // The last shrinks so much in height that the vertical pass comes first.
        for (kernel, (width, height)) in
            KERNELS.iter().flat_map(|kernel| [(*kernel, (17, 23)), (*kernel, (40, 9)), (*kernel, (39, 7))])
        {
            let source = grey(40, &data);
            let whole = resize(source.clone(), width, height, kernel);
            let x = Axis { wanted: 3..width - 5, ..Axis::whole(40, width) };
            let y = Axis { wanted: 2..height - 1, ..Axis::whole(30, height) };
            let part = super::resize(source, &x, &y, kernel);
            let rows = whole.data.chunks_exact(width).skip(2).take(height - 3);
            let expected: Vec<u8> = rows.flat_map(|row| row[3..width - 5].to_vec()).collect();
            assert_eq!(part.data, expected, "{width}x{height}");
        }
    }
}
