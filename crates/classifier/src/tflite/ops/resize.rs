//! Resizing images: rows and columns are picked, and mixed, with LiteRT's arithmetic.

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::math;

use crate::tflite::operator::Operator;

/// Largest side of a resized image. A file that declares more is damaged.
const MAX_SIDE: i64 = 1 << 14;

pub(super) fn nearest(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let options = op.node.table.builtin_options_as_resize_nearest_neighbor_options();
    let (align, centers) = options.map_or((false, false), |o| (o.align_corners(), o.half_pixel_centers()));
    let (mut image, shape, sides) = image_and_sides(op)?;
    for axis in [1, 2] {
        let (from, to) = (shape[axis], sides[axis - 1]);
        let scale = scale(from, to, align);
        let nearest = |position: usize| {
            let exact = (position as f32 + if centers { 0.5 } else { 0.0 }) * scale;
            let rounded = if align { exact.round() } else { exact.floor() };
            (rounded.max(0.0) as usize).min(from - 1)
        };
        image = op.pick(image, axis, &(0..to).map(nearest).collect::<Vec<usize>>())?;
    }
    Ok(image)
}

pub(super) fn bilinear(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let options = op.node.table.builtin_options_as_resize_bilinear_options();
    let (align, centers) = options.map_or((false, false), |o| (o.align_corners(), o.half_pixel_centers()));
    let (mut image, shape, sides) = image_and_sides(op)?;
    for axis in [1, 2] {
        let (from, to) = (shape[axis], sides[axis - 1]);
        let scale = scale(from, to, align);
        let (mut lower, mut upper, mut weights) = (Vec::new(), Vec::new(), Vec::new());
        for position in 0..to {
            let exact = match centers {
                true => (position as f32 + 0.5) * scale - 0.5,
                false => position as f32 * scale,
            };
            let below = (exact.floor().max(0.0) as usize).min(from - 1);
            lower.push(below);
            upper.push((exact.ceil().max(0.0) as usize).min(from - 1));
            weights.push(exact - below as f32);
        }
        let (below, above) = (op.pick(image, axis, &lower)?, op.pick(image, axis, &upper)?);
        let mut along = vec![1; shape.len()];
        along[axis] = to;
        let weights = op.constant(tensor1(&weights).into_shape(&along)?)?;
        let difference = op.binary(Box::new(math::Sub), above, below)?;
        let part = op.multiply(difference, weights)?;
        image = op.add(below, part)?;
    }
    Ok(image)
}

fn scale(from: usize, to: usize, align: bool) -> f32 {
    if align && to > 1 { (from - 1) as f32 / (to - 1) as f32 } else { from as f32 / to as f32 }
}

/// The image, its shape, and the height and width of the result.
fn image_and_sides(op: &mut Operator<'_, '_>) -> TractResult<(OutletId, TVec<usize>, Vec<usize>)> {
    let image = op.input(0)?;
    let shape = op.shape(image)?;
    let sides = op.integers(1)?;
    let valid = shape.len() == 4
        && shape.iter().all(|&length| length > 0)
        && sides.len() == 2
        && sides.iter().all(|side| (1..=MAX_SIDE).contains(side));
    ensure!(valid, "cannot resize an image of shape {shape:?} to {sides:?}");
    Ok((image, shape, sides.iter().map(|&side| side as usize).collect()))
}
