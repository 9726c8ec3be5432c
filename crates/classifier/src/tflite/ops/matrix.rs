//! Products of matrices.

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::MultiBroadcastTo;
use tract_onnx::tract_core::ops::einsum::EinSum;
use tract_tflite::tflite::{ActivationFunctionType, FullyConnectedOptionsWeightsFormat};

use crate::tflite::operator::Operator;

/// Weights are `[outputs, inputs]`. The values before the last axis are rows; only `keep_num_dims` keeps their axes.
pub(super) fn fully_connected(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let (value, weights, bias) = (op.input(0)?, op.input(1)?, op.optional(2)?);
    let options = op.node.table.builtin_options_as_fully_connected_options();
    let keeps_axes = options.is_some_and(|options| options.keep_num_dims());
    let activation = options.map_or(ActivationFunctionType::NONE, |options| options.fused_activation_function());
    let format = options.map_or(FullyConnectedOptionsWeightsFormat::DEFAULT, |options| options.weights_format());
    ensure!(format == FullyConnectedOptionsWeightsFormat::DEFAULT, "its weights are shuffled");
    let (shape, matrix) = (op.shape(value)?, op.shape(weights)?);
    let &[outputs, inputs] = matrix.as_slice() else { bail!("its weights have shape {matrix:?}") };
    let elements: usize = shape.iter().product();
    ensure!(
        inputs > 0 && outputs > 0 && elements > 0 && elements.is_multiple_of(inputs),
        "its input has shape {shape:?} and its weights {matrix:?}"
    );
    let rows = op.reshape(value, &[elements / inputs, inputs])?;
    let einsum = EinSum { axes: "BI,OI->BO".parse()?, q_params: None, operating_dt: f32::datum_type() };
    let mut product = op.wire(einsum, &[rows, weights])?;
    if let Some(bias) = bias {
        product = op.add(product, bias)?;
    }
    let product = op.activation(product, activation)?;
    match shape.split_last() {
        Some((&last, before)) if keeps_axes && last == inputs => {
            let kept: Vec<usize> = before.iter().copied().chain([outputs]).collect();
            op.reshape(product, &kept)
        }
        _ => Ok(product),
    }
}

/// Products of the matrices in the last two axes. Axes before are repeated as needed.
pub(super) fn batch_matmul(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let (left, right) = (op.input(0)?, op.input(1)?);
    let options = op.node.table.builtin_options_as_batch_mat_mul_options();
    let (turn_left, turn_right) = options.map_or((false, false), |options| (options.adj_x(), options.adj_y()));
    let mut values = op.same_rank(&[left, right])?;
    let mut shapes = [op.shape(values[0])?, op.shape(values[1])?];
    let rank = shapes[0].len();
    ensure!((2..=8).contains(&rank), "its inputs have {rank} axes");
    for axis in 0..rank - 2 {
        let longest = shapes[0][axis].max(shapes[1][axis]);
        ensure!(shapes.iter().all(|shape| [1, longest].contains(&shape[axis])), "its inputs have shapes {shapes:?}");
        shapes.iter_mut().for_each(|shape| shape[axis] = longest);
    }
    for (value, shape) in values.iter_mut().zip(&shapes) {
        if op.shape(*value)? != *shape {
            *value = op.wire(MultiBroadcastTo { shape: ShapeFact::from_dims(shape.iter()) }, &[*value])?;
        }
    }
    let (last, before) = (rank - 1, rank - 2);
    let (row, left_sum) = if turn_left { (last, before) } else { (before, last) };
    let (column, right_sum) = if turn_right { (before, last) } else { (last, before) };
    ensure!(shapes[0][left_sum] == shapes[1][right_sum], "its inputs have shapes {shapes:?}");
    let mut axes = tvec!(
        Axis::new('M', 2, 1).input(0, row).output(0, before),
        Axis::new('N', 2, 1).input(1, column).output(0, last),
        Axis::new('K', 2, 1).input(0, left_sum).input(1, right_sum)
    );
    for (axis, name) in ('a'..).take(before).enumerate() {
        axes.push(Axis::new(name, 2, 1).input(0, axis).input(1, axis).output(0, axis));
    }
    let axes = AxesMapping::new(2, 1, axes)?;
    op.wire(EinSum { axes, q_params: None, operating_dt: f32::datum_type() }, &values)
}
