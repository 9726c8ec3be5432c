//! Parts of tensors, and tensors put together.

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::{Gather, TypedConcat};
use tract_tflite::tflite::ActivationFunctionType;

use super::shape::sizes;
use crate::tflite::operator::Operator;

/// A size of -1 means all that follows.
pub(super) fn slice(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let mut value = op.input(0)?;
    let shape = op.shape(value)?;
    let (starts, lengths) = (sizes(&op.integers(1)?)?, op.integers(2)?);
    ensure!(starts.len() == shape.len() && lengths.len() == shape.len(), "it slices {shape:?} from {starts:?}");
    for axis in 0..shape.len() {
        let end = match usize::try_from(lengths[axis]) {
            Ok(length) => starts[axis].saturating_add(length),
            Err(_) => shape[axis],
        };
        value = op.slice(value, axis, starts[axis], end)?;
    }
    Ok(value)
}

/// Python's slices: begin, end and step of each axis. Bits of the masks stand for the entries: ignore the begin, ignore the
/// end, all axes between, a new axis, an axis to remove.
pub(super) fn strided_slice(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let options = op.node.table.builtin_options_as_strided_slice_options().context("it has no options")?;
    let mut value = op.input(0)?;
    let (begins, ends, steps) = (op.integers(1)?, op.integers(2)?, op.integers(3)?);
    let entries = begins.len();
    ensure!(entries == ends.len() && entries == steps.len() && entries <= 32, "its inputs differ in length");
    let has = |mask: i32, entry: usize| mask & (1i32 << entry) != 0;
    let is_new = |entry: usize| has(options.new_axis_mask(), entry) && !has(options.ellipsis_mask(), entry);
    let used = (0..entries).filter(|&entry| !is_new(entry) && !has(options.ellipsis_mask(), entry)).count();
    let rank = op.shape(value)?.len();
    ensure!(used <= rank, "it slices {used} of {rank} axes");
    let mut axis = 0;
    for entry in 0..entries {
        if has(options.ellipsis_mask(), entry) {
            axis += rank - used;
            continue;
        }
        if is_new(entry) {
            value = op.wire(AxisOp::Add(axis), &[value])?;
            axis += 1;
            continue;
        }
        let length = op.shape(value)?.get(axis).copied().context("an axis is out of range")? as i64;
        let (begin, end, step) = (begins[entry], ends[entry], steps[entry]);
        let from_start = |index: i64| if index < 0 { index.saturating_add(length) } else { index };
        if has(options.shrink_axis_mask(), entry) {
            let at = usize::try_from(from_start(begin)).context("an index is out of range")?;
            value = op.slice(value, axis, at, at + 1)?;
            value = op.wire(AxisOp::Rm(axis), &[value])?;
            continue;
        }
        ensure!(step != 0, "it has a step of 0");
        // A negative step walks from the last element to before the first.
        let (first, last) = if step > 0 { (0, length) } else { (-1, length - 1) };
        let begin = match (has(options.begin_mask(), entry), step > 0) {
            (true, true) => 0,
            (true, false) => length - 1,
            _ => from_start(begin).clamp(first, last),
        };
        let end = match (has(options.end_mask(), entry), step > 0) {
            (true, true) => length,
            (true, false) => -1,
            _ => from_start(end).clamp(first, last),
        };
        if step == 1 {
            value = op.slice(value, axis, begin as usize, end.max(begin) as usize)?;
        } else {
            let mut indices = Vec::new();
            let mut index = begin;
            while (step > 0 && index < end) || (step < 0 && index > end) {
                indices.push(usize::try_from(index)?);
                index = index.saturating_add(step);
            }
            value = op.pick(value, axis, &indices)?;
        }
        axis += 1;
    }
    Ok(value)
}

/// Inputs: axis, value. Equal parts.
pub(super) fn split(op: &mut Operator<'_, '_>) -> TractResult<TVec<OutletId>> {
    let axis = op.integers(0)?.first().copied().context("it has no axis")?;
    let value = op.input(1)?;
    let shape = op.shape(value)?;
    let axis = op.axis(axis, shape.len())?;
    let parts = op.node.outputs.len();
    ensure!(parts > 0 && shape[axis].is_multiple_of(parts), "it splits an axis of {} into {parts}", shape[axis]);
    parts_of(op, value, axis, &vec![(shape[axis] / parts) as i64; parts])
}

/// Inputs: value, lengths, axis. One length may be -1: the rest.
pub(super) fn split_v(op: &mut Operator<'_, '_>) -> TractResult<TVec<OutletId>> {
    let value = op.input(0)?;
    let axis = op.integers(2)?.first().copied().context("it has no axis")?;
    let lengths = op.integers(1)?;
    let shape = op.shape(value)?;
    let axis = op.axis(axis, shape.len())?;
    parts_of(op, value, axis, &lengths)
}

fn parts_of(op: &mut Operator<'_, '_>, value: OutletId, axis: usize, lengths: &[i64]) -> TractResult<TVec<OutletId>> {
    let total = op.shape(value)?[axis];
    let known = lengths.iter().filter_map(|&length| usize::try_from(length).ok()).fold(0usize, usize::saturating_add);
    let mut start = 0usize;
    let mut parts = tvec![];
    for &length in lengths {
        let length = usize::try_from(length).unwrap_or_else(|_| total.saturating_sub(known));
        let end = start.saturating_add(length);
        parts.push(op.slice(value, axis, start, end)?);
        start = end;
    }
    Ok(parts)
}

pub(super) fn unpack(op: &mut Operator<'_, '_>) -> TractResult<TVec<OutletId>> {
    let value = op.input(0)?;
    let axis = op.node.table.builtin_options_as_unpack_options().map_or(0, |options| options.axis());
    let axis = op.axis(i64::from(axis), op.shape(value)?.len())?;
    let mut parts = tvec![];
    for position in 0..op.node.outputs.len() {
        let part = op.slice(value, axis, position, position + 1)?;
        parts.push(op.wire(AxisOp::Rm(axis), &[part])?);
    }
    Ok(parts)
}

pub(super) fn pack(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let axis = op.node.table.builtin_options_as_pack_options().map_or(0, |options| options.axis());
    let first = op.input(0)?;
    let axis = op.axis(i64::from(axis), op.shape(first)?.len() + 1)?;
    let mut values = tvec![];
    for position in 0..op.inputs() {
        let value = op.input(position)?;
        values.push(op.wire(AxisOp::Add(axis), &[value])?);
    }
    op.wire(TypedConcat::new(axis), &values)
}

pub(super) fn concatenation(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let options = op.node.table.builtin_options_as_concatenation_options();
    let values = (0..op.inputs()).map(|position| op.input(position)).collect::<TractResult<TVec<_>>>()?;
    let &first = values.first().context("it has no input")?;
    let axis = options.map_or(0, |options| options.axis());
    let axis = op.axis(i64::from(axis), op.shape(first)?.len())?;
    let value = if values.len() == 1 { first } else { op.wire(TypedConcat::new(axis), &values)? };
    op.activation(value, options.map_or(ActivationFunctionType::NONE, |options| options.fused_activation_function()))
}

pub(super) fn gather(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let (value, indices) = (op.input(0)?, op.input(1)?);
    let options = op.node.table.builtin_options_as_gather_options();
    ensure!(options.is_none_or(|options| options.batch_dims() == 0), "its option batch_dims is not supported");
    let shape = op.shape(value)?;
    let axis = op.axis(options.map_or(0, |options| i64::from(options.axis())), shape.len())?;
    if op.constant_of(indices).is_some() {
        let indices = op.integers(1)?;
        let valid = indices.iter().all(|&index| usize::try_from(index).is_ok_and(|index| index < shape[axis]));
        ensure!(valid, "an index is out of range for an axis of {}", shape[axis]);
    }
    let indices = op.cast(indices, DatumType::I64)?;
    op.wire(Gather::new(axis), &[value, indices])
}

pub(super) fn reverse(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let mut value = op.input(0)?;
    let shape = op.shape(value)?;
    for axis in op.integers(1)? {
        let axis = op.axis(axis, shape.len())?;
        value = op.pick(value, axis, &(0..shape[axis]).rev().collect::<Vec<usize>>())?;
    }
    Ok(value)
}
