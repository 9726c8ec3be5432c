//! Pooling.

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::cnn::{MaxPool, PoolSpec, SumPool};
use tract_tflite::tflite::ActivationFunctionType;

use super::window::Window;
use crate::tflite::operator::Operator;

/// Padding does not count.
pub(super) fn average(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let (image, pool_spec, activation) = pool(op)?;
    let value = op.wire(SumPool { pool_spec, normalize: true, count_include_pad: false }, &[image])?;
    op.activation(value, activation)
}

pub(super) fn max(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let (image, pool_spec, activation) = pool(op)?;
    let value = op.wire(MaxPool { pool_spec, with_index_outputs: None }, &[image])?;
    op.activation(value, activation)
}

fn pool(op: &mut Operator<'_, '_>) -> TractResult<(OutletId, PoolSpec, ActivationFunctionType)> {
    let image = op.input(0)?;
    let options = op.node.table.builtin_options_as_pool_2_doptions().context("it has no options")?;
    let window = Window {
        kernel: [options.filter_height(), options.filter_width()].map(|side| usize::try_from(side).unwrap_or(0)),
        stride: [options.stride_h(), options.stride_w()],
        dilation: [1, 1],
        padding: options.padding(),
    };
    let shape = op.shape(image)?;
    let pool_spec = window.pool_spec(&shape, shape.last().copied().unwrap_or(0))?;
    Ok((image, pool_spec, options.fused_activation_function()))
}
