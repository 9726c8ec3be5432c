//! What the last operator of a graph leaves.

use tract_onnx::prelude::TypedModel;
use tract_onnx::tract_core::ops::element_wise::ElementWiseOp;
use tract_onnx::tract_core::ops::math::Ln;
use tract_onnx::tract_core::ops::nn::{Sigmoid, Softmax, SoftmaxKind};

use super::kinds::OutputKind;

/// Follows the output back over operators that only store or reshape it, to the one that makes it.
pub(super) fn kind(model: &TypedModel) -> Option<OutputKind> {
    let mut outlet = *model.outputs.first()?;
    let mut is_logarithm = false;
    // Every step goes to an earlier node, so the walk ends.
    loop {
        let node = model.node(outlet.node);
        if let Some(softmax) = node.op_as::<Softmax>() {
            return Some(match softmax.kind {
                SoftmaxKind::Softmax if !is_logarithm => OutputKind::Probabilities,
                _ => OutputKind::LogProbabilities,
            });
        }
        let function = node.op_as::<ElementWiseOp>().map(|operator| &operator.0);
        if function.is_some_and(|function| function.is::<Sigmoid>()) && !is_logarithm {
            return Some(OutputKind::Independent);
        }
        if function.is_some_and(|function| function.is::<Ln>()) && !is_logarithm {
            is_logarithm = true;
        } else if !keeps_values(node.op().name().as_ref()) {
            return None;
        }
        outlet = *node.inputs.first()?;
    }
}

/// Operators that keep an output's values, at most rounded to the steps of a quantized type.
fn keeps_values(name: &str) -> bool {
    const KEEPING: [&str; 11] = [
        "FakeQuantize",
        "AddAxis",
        "Cast",
        "DequantizeLinearF32",
        "Identity",
        "IntoShape",
        "MoveAxis",
        "QuantizeLinearI8",
        "QuantizeLinearU8",
        "Reshape",
        "RmAxis",
    ];
    KEEPING.contains(&name)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use tract_onnx::prelude::{DatumType, TypedFact, TypedOp, tvec};
    use tract_onnx::tract_core::model::SpecialOps as _;
    use tract_onnx::tract_core::ops::array::Slice;
    use tract_onnx::tract_core::ops::cast::cast;
    use tract_onnx::tract_core::ops::change_axes::AxisOp;
    use tract_onnx::tract_core::ops::math::{ln, tanh};
    use tract_onnx::tract_core::ops::nn::sigmoid;

    use super::*;

    /// A graph that ends with these operators.
    fn ends_with(operators: Vec<Box<dyn TypedOp>>) -> Option<OutputKind> {
        let mut model = TypedModel::default();
        let mut outlet = model.add_source("features", TypedFact::dt_shape(DatumType::F32, [1, 4])).unwrap();
        for (number, operator) in operators.into_iter().enumerate() {
            outlet = model.wire_node(format!("step {number}"), operator, &[outlet]).unwrap()[0];
        }
        model.select_output_outlets(&[outlet]).unwrap();
        kind(&model)
    }

    fn softmax(kind: SoftmaxKind) -> Box<dyn TypedOp> {
        Box::new(Softmax { axes: tvec!(1), quant_output_dt: None, kind })
    }

    #[test]
    fn the_last_activation_tells() {
        let plain = SoftmaxKind::Softmax;
        assert_eq!(ends_with(vec![softmax(plain)]), Some(OutputKind::Probabilities));
        assert_eq!(ends_with(vec![softmax(SoftmaxKind::LogSoftmax)]), Some(OutputKind::LogProbabilities));
        assert_eq!(ends_with(vec![softmax(plain), Box::new(ln())]), Some(OutputKind::LogProbabilities));
        assert_eq!(ends_with(vec![Box::new(sigmoid())]), Some(OutputKind::Independent));
    }

    #[test]
    fn reshapes_and_casts_are_looked_through() {
        let add = Box::new(AxisOp::Add(2));
        let half = Box::new(cast(DatumType::F16));
        assert_eq!(ends_with(vec![softmax(SoftmaxKind::Softmax), add, half]), Some(OutputKind::Probabilities));
    }

    #[test]
    fn other_operators_tell_nothing() {
        assert_eq!(ends_with(vec![]), None);
        assert_eq!(ends_with(vec![softmax(SoftmaxKind::Softmax), Box::new(tanh())]), None);
        assert_eq!(ends_with(vec![Box::new(sigmoid()), Box::new(ln())]), None);
        // Half of a distribution is none.
        assert_eq!(ends_with(vec![softmax(SoftmaxKind::Softmax), Box::new(Slice::new(1, 0, 2))]), None);
    }
}
