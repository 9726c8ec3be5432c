//! Operators that compute each element on its own.

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::binary::BinMiniOp;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::logic::Iff;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::gelu_approximate::gelu_approximate;
use tract_onnx::tract_core::ops::nn::gelu_exact::gelu_exact;
use tract_tflite::tflite::ActivationFunctionType;

use crate::tflite::operator::Operator;

pub(super) fn unary(op: &mut Operator<'_, '_>, function: ElementWiseOp) -> TractResult<OutletId> {
    let value = op.input(0)?;
    op.wire(function, &[value])
}

pub(super) fn binary(op: &mut Operator<'_, '_>, function: Box<dyn BinMiniOp>) -> TractResult<OutletId> {
    let (left, right) = (op.input(0)?, op.input(1)?);
    op.binary(function, left, right)
}

/// A binary operator that may have an activation.
pub(super) fn arithmetic(op: &mut Operator<'_, '_>, function: Box<dyn BinMiniOp>) -> TractResult<OutletId> {
    let table = &op.node.table;
    let activation = table
        .builtin_options_as_add_options()
        .map(|options| options.fused_activation_function())
        .or_else(|| table.builtin_options_as_sub_options().map(|options| options.fused_activation_function()))
        .or_else(|| table.builtin_options_as_mul_options().map(|options| options.fused_activation_function()))
        .or_else(|| table.builtin_options_as_div_options().map(|options| options.fused_activation_function()));
    let value = binary(op, function)?;
    op.activation(value, activation.unwrap_or(ActivationFunctionType::NONE))
}

pub(super) fn add_n(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let mut sum = op.input(0)?;
    for position in 1..op.inputs() {
        let next = op.input(position)?;
        sum = op.add(sum, next)?;
    }
    Ok(sum)
}

pub(super) fn clamp(op: &mut Operator<'_, '_>, low: f32, high: f32) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let value = op.at_least(value, low)?;
    if high.is_finite() { op.at_most(value, high) } else { Ok(value) }
}

/// `x` if positive, otherwise `exp(x) - 1`.
pub(super) fn elu(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let (positive, negative) = (op.at_least(value, 0.0)?, op.at_most(value, 0.0)?);
    let exponential = op.wire(math::exp(), &[negative])?;
    let negative = op.with_number(Box::new(math::Sub), exponential, 1.0)?;
    op.add(positive, negative)
}

pub(super) fn gelu(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    match op.node.table.builtin_options_as_gelu_options().is_some_and(|options| options.approximate()) {
        true => unary(op, gelu_approximate(false)),
        false => unary(op, gelu_exact()),
    }
}

pub(super) fn leaky_relu(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let alpha = op.node.table.builtin_options_as_leaky_relu_options().map_or(0.0, |options| options.alpha());
    let value = op.input(0)?;
    op.leaky_relu(value, alpha)
}

/// `x` if positive, otherwise `alpha * x`.
pub(super) fn prelu(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let (value, alpha) = (op.input(0)?, op.input(1)?);
    let (positive, negative) = (op.at_least(value, 0.0)?, op.at_most(value, 0.0)?);
    let scaled = op.multiply(negative, alpha)?;
    op.add(positive, scaled)
}

pub(super) fn square(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    op.multiply(value, value)
}

pub(super) fn squared_difference(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let difference = binary(op, Box::new(math::Sub))?;
    op.multiply(difference, difference)
}

/// Rounds towards negative infinity, integers too.
pub(super) fn floor_div(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let (left, right) = (op.input(0)?, op.input(1)?);
    let element = op.datum_type(left)?;
    let (left, right) = (op.cast(left, DatumType::F64)?, op.cast(right, DatumType::F64)?);
    let quotient = op.binary(Box::new(math::Div), left, right)?;
    let floor = op.wire(math::floor(), &[quotient])?;
    op.cast(floor, element)
}

/// The remainder of [`floor_div`].
pub(super) fn floor_mod(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let (left, right) = (op.input(0)?, op.input(1)?);
    let quotient = floor_div(op)?;
    let product = op.multiply(quotient, right)?;
    op.binary(Box::new(math::Sub), left, product)
}

pub(super) fn cast(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let to = op.output_type()?;
    op.cast(value, to)
}

/// The second input where the first holds, otherwise the third. A condition of one axis chooses whole rows of SELECT.
pub(super) fn select(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let (mut condition, yes, no) = (op.input(0)?, op.input(1)?, op.input(2)?);
    let (own, shape) = (op.shape(condition)?, op.shape(yes)?);
    if op.node.code == tract_tflite::tflite::BuiltinOperator::SELECT && own.len() == 1 && shape.len() > 1 {
        let mut column = vec![1; shape.len()];
        column[0] = own[0];
        condition = op.reshape(condition, &column)?;
    }
    let values = op.same_rank(&[condition, yes, no])?;
    op.wire(Iff, &values)
}
