//! Filters that take one source pixel for each target pixel.

use super::axis::Axis;
use crate::pixels::Pixels;

/// Takes the pixels at the positions of each axis.
pub(super) fn pick(source: &Pixels, x: &Axis, y: &Axis, positions: fn(&Axis) -> Vec<usize>) -> Pixels {
    let (columns, rows) = (positions(x), positions(y));
    let mut data = Vec::with_capacity(columns.len() * rows.len() * source.channels);
    for &row in &rows {
        let row = &source.data[row * source.stride()..][..source.stride()];
        for &column in &columns {
            data.extend_from_slice(&row[column * source.channels..][..source.channels]);
        }
    }
    Pixels { width: columns.len(), height: rows.len(), channels: source.channels, data }
}

/// Pillow's affine transform accumulates the step instead of multiplying per pixel.
pub(super) fn pillow(axis: &Axis) -> Vec<usize> {
    let step = axis.from as f64 / axis.to as f64;
    let mut position = step * 0.5;
    let mut positions = Vec::with_capacity(axis.wanted.len());
    for target in 0..axis.wanted.end {
        if target >= axis.wanted.start {
            positions.push((position as usize).min(axis.from - 1));
        }
        position += step;
    }
    positions
}

/// `resize_nearest_neighbor` with half-pixel centers, in single precision.
pub(super) fn tensorflow(axis: &Axis) -> Vec<usize> {
    let scale = axis.from as f32 / axis.to as f32;
    axis.wanted.clone().map(|target| (((target as f32 + 0.5) * scale) as usize).min(axis.from - 1)).collect()
}

/// `INTER_NEAREST`: the pixel at the target's left edge, not at its center.
pub(super) fn opencv(axis: &Axis) -> Vec<usize> {
    let scale = 1.0 / (axis.to as f64 / axis.from as f64);
    axis.wanted.clone().map(|target| ((target as f64 * scale) as usize).min(axis.from - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_library_has_its_own_pixel() {
        let axis = Axis::whole(4, 2);
        assert_eq!((pillow(&axis), tensorflow(&axis), opencv(&axis)), (vec![1, 3], vec![1, 3], vec![0, 2]));
        let part = Axis { from: 2, to: 4, wanted: 1..3 };
        assert_eq!((pillow(&part), tensorflow(&part), opencv(&part)), (vec![0, 1], vec![0, 1], vec![0, 1]));
    }
}
