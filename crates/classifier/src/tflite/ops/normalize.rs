//! Operators that relate an element to its neighbours along the last axis.

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::{Reducer, Softmax, SoftmaxKind};

use super::space::pad_with;
use crate::tflite::operator::Operator;

pub(super) fn softmax(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let beta = op.node.table.builtin_options_as_softmax_options().map_or(1.0, |options| options.beta());
    let mut value = op.input(0)?;
    // A file without the option has the default of its format, 0, and means 1.
    if beta != 1.0 && beta != 0.0 {
        value = op.scale(value, beta)?;
    }
    along_last_axis(op, value, SoftmaxKind::default())
}

pub(super) fn log_softmax(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    along_last_axis(op, value, SoftmaxKind::LogSoftmax)
}

fn along_last_axis(op: &mut Operator<'_, '_>, value: OutletId, kind: SoftmaxKind) -> TractResult<OutletId> {
    let last = last_axis(op, value)?;
    op.wire(Softmax { axes: tvec!(last), quant_output_dt: None, kind }, &[value])
}

fn last_axis(op: &Operator<'_, '_>, value: OutletId) -> TractResult<usize> {
    op.shape(value)?.len().checked_sub(1).context("its input has no axes")
}

/// Divides by the length of the vector.
pub(super) fn l2(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let last = last_axis(op, value)?;
    let squares = op.multiply(value, value)?;
    let sum = op.reduce(Reducer::Sum, squares, &[last])?;
    let sum = op.at_least(sum, 1e-6)?;
    let factor = op.wire(math::rsqrt(), &[sum])?;
    op.multiply(value, factor)
}

/// Divides by a power of the squares of the channels within a radius.
pub(super) fn local_response(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let options =
        op.node.table.builtin_options_as_local_response_normalization_options().context("it has no options")?;
    let value = op.input(0)?;
    let shape = op.shape(value)?;
    let last = last_axis(op, value)?;
    let radius = usize::try_from(options.radius())?.min(shape[last]);
    let mut pads = vec![(0, 0); shape.len()];
    pads[last] = (radius, radius);
    let squares = op.multiply(value, value)?;
    let padded = pad_with(op, squares, &pads, 0.0)?;
    let mut sum = op.slice(padded, last, 0, shape[last])?;
    for start in 1..=2 * radius {
        let next = op.slice(padded, last, start, start + shape[last])?;
        sum = op.add(sum, next)?;
    }
    let scaled = op.scale(sum, options.alpha())?;
    let base = op.with_number(Box::new(math::Add), scaled, options.bias())?;
    let factor = op.with_number(Box::new(math::Pow), base, -options.beta())?;
    op.multiply(value, factor)
}
