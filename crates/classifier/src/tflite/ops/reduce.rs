//! Reductions over axes.

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::Reducer;

use crate::tflite::operator::Operator;

pub(super) fn reduce(op: &mut Operator<'_, '_>, reducer: Reducer) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let axes = axes(op, value)?;
    let reduced = op.reduce(reducer, value, &axes)?;
    without_axes(op, reduced, &axes)
}

pub(super) fn mean(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let (axes, shape) = (axes(op, value)?, op.shape(value)?);
    let count: usize = axes.iter().map(|&axis| shape[axis]).product();
    ensure!(count > 0, "its input is empty");
    let sum = op.reduce(Reducer::Sum, value, &axes)?;
    let mean = match op.datum_type(sum)? {
        DatumType::F32 => op.scale(sum, 1.0 / count as f32)?,
        integer => {
            let count = op.constant(tensor0(count as i64).cast_to_dt(integer)?.into_owned())?;
            op.binary(Box::new(math::Div), sum, count)?
        }
    };
    without_axes(op, mean, &axes)
}

/// The index of the largest or smallest element along an axis.
pub(super) fn arg(op: &mut Operator<'_, '_>, reducer: Reducer) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let rank = op.shape(value)?.len();
    let axis = op.integers(1)?.first().copied().context("it has no axis")?;
    let axis = op.axis(axis, rank)?;
    let index = op.reduce(reducer, value, &[axis])?;
    let index = op.wire(AxisOp::Rm(axis), &[index])?;
    let to = op.output_type()?;
    op.cast(index, to)
}

/// The axes in ascending order, each once.
fn axes(op: &mut Operator<'_, '_>, value: OutletId) -> TractResult<Vec<usize>> {
    let rank = op.shape(value)?.len();
    let mut axes = op.integers(1)?.into_iter().map(|axis| op.axis(axis, rank)).collect::<TractResult<Vec<usize>>>()?;
    axes.sort_unstable();
    axes.dedup();
    Ok(axes)
}

fn without_axes(op: &mut Operator<'_, '_>, value: OutletId, axes: &[usize]) -> TractResult<OutletId> {
    if op.node.table.builtin_options_as_reducer_options().is_some_and(|options| options.keep_dims()) {
        return Ok(value);
    }
    let mut value = value;
    for &axis in axes.iter().rev() {
        value = op.wire(AxisOp::Rm(axis), &[value])?;
    }
    Ok(value)
}
