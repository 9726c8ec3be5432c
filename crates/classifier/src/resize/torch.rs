//! The taps of PyTorch's `interpolate` with `align_corners=False`, in single precision as there.

use super::axis::Axis;
use super::separable::Taps;

/// Two taps, whatever the scale.
pub(super) fn bilinear(axis: &Axis) -> Vec<Taps> {
    positions(axis)
        .map(|position| {
            let position = position.max(0.0);
            let start = (position as usize).min(axis.from - 1);
            let part = (position - start as f32).clamp(0.0, 1.0);
            Taps::clamped(start as isize, &[1.0 - part, part], axis.from)
        })
        .collect()
}

/// Four taps, whatever the scale, with a = -0.75.
pub(super) fn bicubic(axis: &Axis) -> Vec<Taps> {
    positions(axis)
        .map(|position| {
            let floor = position.floor();
            let part = position - floor;
            let weights = [part + 1.0, part, 1.0 - part, 2.0 - part].map(|distance| cubic(distance, -0.75));
            Taps::clamped(floor as isize - 1, &weights, axis.from)
        })
        .collect()
}

/// A triangle that is as wide as the scale.
pub(super) fn bilinear_antialias(axis: &Axis) -> Vec<Taps> {
    antialias(axis, 1.0, |distance| (1.0 - distance).max(0.0))
}

/// A cubic kernel that is as wide as the scale, with a = -0.5.
pub(super) fn bicubic_antialias(axis: &Axis) -> Vec<Taps> {
    antialias(axis, 2.0, |distance| cubic(distance, -0.5))
}

/// Where each target pixel's center lies in the source, counted from the first pixel's center. PyTorch's kernels are compiled
/// with fused multiply-add.
fn positions(axis: &Axis) -> impl Iterator<Item = f32> {
    let scale = axis.from as f32 / axis.to as f32;
    axis.wanted.clone().map(move |target| scale.mul_add(target as f32 + 0.5, -0.5))
}

fn antialias(axis: &Axis, support: f32, weight: fn(f32) -> f32) -> Vec<Taps> {
    let scale = axis.from as f32 / axis.to as f32;
    let width = scale.max(1.0);
    let (support, inverse) = (support * width, 1.0 / width);
    let taps = |target: usize| {
        let center = scale * (target as f32 + 0.5);
        let start = ((center - support + 0.5) as usize).min(axis.from - 1);
        let end = ((center + support + 0.5) as usize).clamp(start + 1, axis.from);
        let weights: Vec<f32> =
            (0..end - start).map(|tap| weight((((tap + start) as f32 - center + 0.5) * inverse).abs())).collect();
        let sum: f32 = weights.iter().sum();
        let normalized = |weight: f32| if sum == 0.0 { weight } else { weight / sum };
        Taps { start, weights: weights.into_iter().map(normalized).collect() }
    };
    axis.wanted.clone().map(taps).collect()
}

/// The convolution kernel of Keys at a distance of 0 to 2 and beyond.
pub(super) fn cubic(distance: f32, a: f32) -> f32 {
    if distance < 1.0 {
        ((a + 2.0) * distance - (a + 3.0)) * distance * distance + 1.0
    } else if distance < 2.0 {
        ((a * distance - 5.0 * a) * distance + 8.0 * a) * distance - 4.0 * a
    } else {
        0.0
    }
}
