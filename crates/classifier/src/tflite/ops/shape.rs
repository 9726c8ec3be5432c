//! Operators on shapes, and those that only change one.

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::{MultiBroadcastTo, Tile};

use crate::tflite::operator::Operator;

/// Largest constant that an operator may fill. A file that declares more is damaged.
const MAX_FILL: usize = 1 << 26;

pub(super) fn reshape(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let from = op.shape(value)?;
    let mut to: Vec<i64> = match op.optional(1)? {
        Some(_) => op.integers(1)?,
        None => {
            let options = op.node.table.builtin_options_as_reshape_options();
            options.and_then(|options| options.new_shape()).into_iter().flatten().map(i64::from).collect()
        }
    };
    let elements: usize = from.iter().product();
    if to.iter().filter(|&&length| length == -1).count() == 1 {
        let known = sizes(&to.iter().copied().filter(|&length| length != -1).collect::<Vec<i64>>())?;
        let known = known.iter().try_fold(1usize, |product, &side| product.checked_mul(side)).unwrap_or(0);
        ensure!(known > 0 && elements.is_multiple_of(known), "cannot reshape {from:?} to {to:?}");
        to.iter_mut().filter(|length| **length == -1).for_each(|length| *length = (elements / known) as i64);
    }
    op.reshape(value, &sizes(&to)?)
}

/// Lengths as sizes.
pub(super) fn sizes(lengths: &[i64]) -> TractResult<Vec<usize>> {
    lengths.iter().map(|&length| usize::try_from(length).context("a length is negative")).collect()
}

pub(super) fn squeeze(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let from = op.shape(value)?;
    let options = op.node.table.builtin_options_as_squeeze_options();
    let axes = options.and_then(|options| options.squeeze_dims()).into_iter().flatten();
    let axes = axes.map(|axis| op.axis(i64::from(axis), from.len())).collect::<TractResult<Vec<usize>>>()?;
    ensure!(axes.iter().all(|&axis| from[axis] == 1), "it removes axes {axes:?} of {from:?}");
    let is_removed = |axis: usize| if axes.is_empty() { from[axis] == 1 } else { axes.contains(&axis) };
    let to: Vec<usize> = (0..from.len()).filter(|&axis| !is_removed(axis)).map(|axis| from[axis]).collect();
    op.reshape(value, &to)
}

pub(super) fn expand_dims(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let rank = op.shape(value)?.len();
    let axis = op.integers(1)?.first().copied().context("it has no axis")?;
    let axis = op.axis(axis, rank + 1)?;
    op.wire(AxisOp::Add(axis), &[value])
}

pub(super) fn transpose(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let rank = op.shape(value)?.len();
    let order = op.integers(1)?.into_iter().map(|axis| op.axis(axis, rank)).collect::<TractResult<Vec<usize>>>()?;
    ensure!((0..rank).all(|axis| order.contains(&axis)) && order.len() == rank, "it orders {rank} axes as {order:?}");
    op.permute(value, &order)
}

pub(super) fn shape(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let lengths: Vec<i64> = op.shape(value)?.iter().map(|&length| length as i64).collect();
    let to = op.output_type()?;
    op.constant(tensor1(&lengths).cast_to_dt(to)?.into_owned())
}

pub(super) fn rank(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let rank = op.shape(value)?.len() as i64;
    let to = op.output_type()?;
    op.constant(tensor0(rank).cast_to_dt(to)?.into_owned())
}

pub(super) fn fill(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let shape = sizes(&op.integers(0)?)?;
    let value = op.input(1)?;
    check_fill(&shape)?;
    let value = op.reshape(value, &vec![1; shape.len()])?;
    op.wire(MultiBroadcastTo { shape: ShapeFact::from_dims(shape.iter()) }, &[value])
}

pub(super) fn zeros_like(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let shape = op.shape(value)?;
    check_fill(&shape)?;
    let element = op.datum_type(value)?;
    op.constant(Tensor::zero_dt(element, &shape)?)
}

pub(super) fn broadcast_to(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let to = sizes(&op.integers(1)?)?;
    check_fill(&to)?;
    let from = op.shape(value)?;
    ensure!(from.len() <= to.len(), "cannot repeat {from:?} to {to:?}");
    let mut aligned = vec![1; to.len() - from.len()];
    aligned.extend(from.iter());
    ensure!(
        aligned.iter().zip(&to).all(|(own, wanted)| own == wanted || *own == 1),
        "cannot repeat {from:?} to {to:?}"
    );
    let value = op.reshape(value, &aligned)?;
    op.wire(MultiBroadcastTo { shape: ShapeFact::from_dims(to.iter()) }, &[value])
}

pub(super) fn tile(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let times = sizes(&op.integers(1)?)?;
    let shape = op.shape(value)?;
    ensure!(times.len() == shape.len(), "it repeats {shape:?} by {times:?}");
    let lengths = shape.iter().zip(&times).map(|(length, times)| length.saturating_mul(*times));
    check_fill(&lengths.collect::<Vec<usize>>())?;
    op.wire(Tile { multipliers: times.iter().map(ToDim::to_dim).collect() }, &[value])
}

/// From a start to a limit in steps, all constant.
pub(super) fn range(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let mut numbers = [0.0f64; 3];
    for (position, number) in numbers.iter_mut().enumerate() {
        let outlet = op.input(position)?;
        let value = op.constant_of(outlet).with_context(|| format!("its input {position} must be constant"))?;
        *number = value.cast_to_scalar::<f64>()?;
    }
    let [start, limit, step] = numbers;
    let count = ((limit - start) / step).ceil().max(0.0);
    ensure!(count <= MAX_FILL as f64, "it counts from {start} to {limit} in steps of {step}");
    let values: Vec<f64> = (0..count as usize).map(|position| start + position as f64 * step).collect();
    let to = op.output_type()?;
    op.constant(tensor1(&values).cast_to_dt(to)?.into_owned())
}

fn check_fill(shape: &[usize]) -> TractResult<()> {
    let elements = shape.iter().try_fold(1usize, |product, &side| product.checked_mul(side));
    ensure!(elements.is_some_and(|elements| elements <= MAX_FILL), "a value of shape {shape:?} is too large");
    Ok(())
}
