//! `cv2.resize` for 8-bit images: fixed point with 11 bits per axis, or sums of areas.

use super::axis::Axis;
use crate::pixels::Pixels;

/// Fraction bits of a weight.
const BITS: u32 = 11;

/// Two neighboring source pixels and their weights; the second is the same as the first at the edge.
struct Pair {
    positions: [usize; 2],
    weights: [i32; 2],
}

/// `INTER_LINEAR`.
pub(super) fn linear(source: &Pixels, x: &Axis, y: &Axis) -> Pixels {
    // Halving both sides is left to the area filter.
    if x.from == 2 * x.to && y.from == 2 * y.to {
        return area(source, x, y);
    }
    interpolate(source, &linear_positions(x), &linear_positions(y))
}

/// `INTER_AREA`, which only averages if neither side grows.
pub(super) fn area(source: &Pixels, x: &Axis, y: &Axis) -> Pixels {
    if x.from < x.to || y.from < y.to {
        return interpolate(source, &growing_positions(x), &growing_positions(y));
    }
    if x.from.is_multiple_of(x.to) && y.from.is_multiple_of(y.to) {
        return whole_areas(source, x, y);
    }
    partial_areas(source, x, y)
}

fn interpolate(source: &Pixels, columns: &[(isize, f32)], rows: &[(isize, f32)]) -> Pixels {
    let columns: Vec<Pair> = columns.iter().map(|&position| Pair::column(source.width, position)).collect();
    let rows: Vec<Pair> = rows.iter().map(|&position| Pair::new(source.height, position)).collect();
    let channels = source.channels;
    let stride = source.stride();
    let across = |row: usize| -> Vec<i32> {
        let row = &source.data[row * stride..][..stride];
        let mut sums = Vec::with_capacity(columns.len() * channels);
        for Pair { positions, weights } in &columns {
            let [left, right] = positions.map(|position| &row[position * channels..][..channels]);
            sums.extend(left.iter().zip(right).map(|(&a, &b)| i32::from(a) * weights[0] + i32::from(b) * weights[1]));
        }
        sums
    };
    let mut data = Vec::with_capacity(columns.len() * rows.len() * channels);
    let mut known: [(usize, Vec<i32>); 2] = [(usize::MAX, Vec::new()), (usize::MAX, Vec::new())];
    for Pair { positions, weights } in &rows {
        // Rows come in order, so the one that was below is often above now.
        if known[1].0 == positions[0] {
            known.swap(0, 1);
        }
        for (slot, &row) in known.iter_mut().zip(positions) {
            if slot.0 != row {
                *slot = (row, across(row));
            }
        }
        let [(_, above), (_, below)] = &known;
        let part = |value: i32, weight: i32| (weight * (value >> 4)) >> 16;
        data.extend(above.iter().zip(below).map(|(&above, &below)| {
            ((part(above, weights[0]) + part(below, weights[1]) + 2) >> 2).clamp(0, 255) as u8
        }));
    }
    Pixels { width: columns.len(), height: rows.len(), channels, data }
}

/// Where the centers of `INTER_LINEAR` lie: a source pixel, maybe outside of the image, and the share of the one after it.
fn linear_positions(axis: &Axis) -> Vec<(isize, f32)> {
    let scale = 1.0 / (axis.to as f64 / axis.from as f64);
    let position = |target: usize| {
        let position = ((target as f64 + 0.5) * scale - 0.5) as f32;
        let floor = position.floor();
        (floor as isize, position - floor)
    };
    axis.wanted.clone().map(position).collect()
}

/// The same for `INTER_AREA` where the image grows.
fn growing_positions(axis: &Axis) -> Vec<(isize, f32)> {
    let inverse = axis.to as f64 / axis.from as f64;
    let scale = 1.0 / inverse;
    let position = |target: usize| {
        let start = (target as f64 * scale).floor();
        let part = ((target as f64 + 1.0) - (start + 1.0) * inverse) as f32;
        (start as isize, if part <= 0.0 { 0.0 } else { part - part.floor() })
    };
    axis.wanted.clone().map(position).collect()
}

impl Pair {
    fn new(from: usize, (start, part): (isize, f32)) -> Self {
        let fixed = |weight: f32| (weight * (1 << BITS) as f32).round_ties_even() as i32;
        let inside = |position: isize| position.clamp(0, from as isize - 1) as usize;
        Self { positions: [inside(start), inside(start + 1)], weights: [fixed(1.0 - part), fixed(part)] }
    }

    /// Columns outside of the image have no weight. Rows outside of it do: the edge's row counts twice, and each half is
    /// rounded.
    fn column(from: usize, (start, part): (isize, f32)) -> Self {
        let outside = start < 0 || start >= from as isize - 1;
        Self::new(from, (start, if outside { 0.0 } else { part }))
    }
}

/// Both scales are whole numbers: sums of bytes.
fn whole_areas(source: &Pixels, x: &Axis, y: &Axis) -> Pixels {
    let (across, down) = (x.from / x.to, y.from / y.to);
    let (channels, stride) = (source.channels, source.stride());
    let share = 1.0 / (across * down) as f32;
    let mean = |sum: u32| match (across, down) {
        (2, 2) => ((sum + 2) >> 2) as u8,
        _ => (sum as f32 * share).round_ties_even() as u8,
    };
    let mut data = Vec::with_capacity(x.wanted.len() * y.wanted.len() * channels);
    for row in y.wanted.clone() {
        for column in x.wanted.clone() {
            for channel in 0..channels {
                let sum = (row * down..(row + 1) * down)
                    .map(|row| {
                        let pixels = &source.data[row * stride + column * across * channels..][..across * channels];
                        pixels.iter().skip(channel).step_by(channels).map(|&value| u32::from(value)).sum::<u32>()
                    })
                    .sum();
                data.push(mean(sum));
            }
        }
    }
    Pixels { width: x.wanted.len(), height: y.wanted.len(), channels, data }
}

/// A source pixel's share of a target pixel.
struct Share {
    source: usize,
    weight: f32,
}

/// The shares of each wanted target pixel, in the order in which they are added.
fn shares(axis: &Axis) -> Vec<Vec<Share>> {
    let scale = 1.0 / (axis.to as f64 / axis.from as f64);
    let of = |target: usize| {
        let from = target as f64 * scale;
        let to = from + scale;
        let cell = scale.min(axis.from as f64 - from);
        let end = (to.floor() as usize).min(axis.from - 1);
        let start = (from.ceil() as usize).min(end);
        let mut shares = Vec::new();
        if start as f64 - from > 1e-3 {
            shares.push(Share { source: start - 1, weight: ((start as f64 - from) / cell) as f32 });
        }
        shares.extend((start..end).map(|source| Share { source, weight: (1.0 / cell) as f32 }));
        if to - end as f64 > 1e-3 {
            shares.push(Share { source: end, weight: ((to - end as f64).min(1.0).min(cell) / cell) as f32 });
        }
        shares
    };
    axis.wanted.clone().map(of).collect()
}

fn partial_areas(source: &Pixels, x: &Axis, y: &Axis) -> Pixels {
    let (channels, stride) = (source.channels, source.stride());
    let columns = shares(x);
    let across = |row: usize| -> Vec<f32> {
        let row = &source.data[row * stride..][..stride];
        let mut sums = vec![0.0; columns.len() * channels];
        for (sums, shares) in sums.chunks_exact_mut(channels).zip(&columns) {
            for Share { source, weight } in shares {
                for (sum, &value) in sums.iter_mut().zip(&row[source * channels..]) {
                    *sum += f32::from(value) * weight;
                }
            }
        }
        sums
    };
    let mut data = Vec::with_capacity(columns.len() * y.wanted.len() * channels);
    for shares in shares(y) {
        let mut sums = vec![0.0; columns.len() * channels];
        for Share { source, weight } in shares {
            for (sum, value) in sums.iter_mut().zip(across(source)) {
                *sum += weight * value;
            }
        }
        data.extend(sums.iter().map(|sum: &f32| sum.round_ties_even() as u8));
    }
    Pixels { width: columns.len(), height: y.wanted.len(), channels, data }
}
