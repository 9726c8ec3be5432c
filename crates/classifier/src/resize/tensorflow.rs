//! The taps of `tf.image.resize`, in single precision as there.

use super::axis::Axis;
use super::separable::Taps;

/// Two taps, whatever the scale, with half-pixel centers.
pub(super) fn bilinear(axis: &Axis) -> Vec<Taps> {
    positions(axis)
        .map(|position| {
            let floor = position.floor();
            let part = position - floor;
            Taps::clamped(floor as isize, &[1.0 - part, part], axis.from)
        })
        .collect()
}

/// `scale_and_translate` with a triangle that is as wide as the scale.
pub(super) fn bilinear_antialias(axis: &Axis) -> Vec<Taps> {
    let inverse = 1.0 / (axis.to as f32 / axis.from as f32);
    let width = inverse.max(1.0);
    let last = axis.from as isize - 1;
    let taps = |target: usize| {
        let center = (target as f32 + 0.5) * inverse;
        let start = ((center - width - 0.5).ceil() as isize).clamp(0, last);
        let end = ((center + width - 0.5).floor() as isize).clamp(start, last);
        let weight = |source: isize| (1.0 - ((source as f32 + 0.5 - center) / width).abs()).max(0.0);
        normalized(start as usize, (start..=end).map(weight).collect())
    };
    axis.wanted.clone().map(taps).collect()
}

/// Steps of the table from which the kernel's weights are read.
const TABLE: f64 = 1024.0;

/// Four taps, whatever the scale, with a = -0.5. Those outside of the image do not count.
pub(super) fn bicubic(axis: &Axis) -> Vec<Taps> {
    positions(axis)
        .map(|position| {
            let floor = position.floor();
            let part = (f64::from(position - floor) * TABLE).round_ties_even() / TABLE;
            let weights = [part + 1.0, part, 1.0 - part, 2.0 - part].map(cubic);
            let first = floor as isize - 1;
            let inside = |position: isize| (0..axis.from as isize).contains(&position);
            let taps = (first..).zip(weights).filter(|&(position, _)| inside(position));
            normalized(first.max(0) as usize, taps.map(|(_, weight)| weight).collect())
        })
        .collect()
}

/// The mean of the source pixels that a target pixel covers, in part or wholly.
pub(super) fn area(axis: &Axis) -> Vec<Taps> {
    let scale = axis.from as f32 / axis.to as f32;
    let taps = |target: usize| {
        let (from, to) = (target as f32 * scale, (target + 1) as f32 * scale);
        let start = (from as usize).min(axis.from - 1);
        let end = (to.ceil() as usize).clamp(start + 1, axis.from);
        let weight = |source: usize| {
            let (left, right) = (source as f32, source as f32 + 1.0);
            let covered = match (left < from, right > to) {
                (true, true) => scale,
                (true, false) => right - from,
                (false, true) => to - left,
                (false, false) => 1.0,
            };
            covered / scale
        };
        Taps { start, weights: (start..end).map(weight).collect() }
    };
    axis.wanted.clone().map(taps).collect()
}

/// Where each target pixel's center lies in the source, counted from the first pixel's center.
fn positions(axis: &Axis) -> impl Iterator<Item = f32> {
    let scale = axis.from as f32 / axis.to as f32;
    axis.wanted.clone().map(move |target| (target as f32 + 0.5) * scale - 0.5)
}

fn normalized(start: usize, weights: Vec<f32>) -> Taps {
    let sum: f32 = weights.iter().sum();
    Taps { start, weights: weights.into_iter().map(|weight| weight / sum).collect() }
}

fn cubic(distance: f64) -> f32 {
    const A: f64 = -0.5;
    let weight = if distance < 1.0 {
        ((A + 2.0) * distance - (A + 3.0)) * distance * distance + 1.0
    } else {
        ((A * distance - 5.0 * A) * distance + 8.0 * A) * distance - 4.0 * A
    };
    weight as f32
}
