//! Where the numbers lie that a graph takes, seen from the arithmetic with which it begins.
//!
//! Graphs that normalize begin with additions and multiplications by constants: Keras's Rescaling and Normalization layers, or
//! a wrapper that was exported with its transforms. Together they are `a * x + b` per channel, and a network's first layer wants
//! numbers of about one in size, so `a` tells how large `x` is.

use tract_onnx::prelude::{OutletId, Tensor, TypedModel};
use tract_onnx::tract_core::ops::binary::TypedBinOp;

use super::kinds::InputRange;

/// How far apart black and white may lie once they are normalized: 1 to 4.5 in the common schemes. The ranges of `a` that this
/// allows for the two input ranges do not overlap.
const SPREAD: std::ops::RangeInclusive<f32> = 0.3..=12.0;

/// The range, if the graph begins with arithmetic that only one range explains.
pub(super) fn range(model: &TypedModel) -> Option<InputRange> {
    let mut outlet = *model.inputs.first()?;
    let (mut factor, mut offset) = (1.0_f32, 0.0_f32);
    let mut is_arithmetic = false;
    while let [successor] = model.outlet_successors(outlet) {
        let node = model.node(successor.node);
        if let Some(operator) = node.op_as::<TypedBinOp>() {
            let Some(step) = Step::of(model, operator.0.name(), &node.inputs, outlet) else { break };
            (factor, offset) = step.after(factor, offset);
            is_arithmetic = true;
        } else if !moves_values(node.op().name().as_ref()) {
            break;
        }
        outlet = OutletId::new(successor.node, 0);
    }
    if !is_arithmetic {
        return None;
    }
    // A mean of bytes that is subtracted without any division, as in Caffe's models, leaves numbers of the size of bytes.
    let is_caffe = (factor.abs() - 1.0).abs() < 1e-6 && (16.0..=255.0).contains(&offset.abs());
    if is_caffe || SPREAD.contains(&(factor.abs() * 255.0)) {
        return Some(InputRange::Bytes);
    }
    let is_unit = SPREAD.contains(&factor.abs()) && offset.abs() <= *SPREAD.end();
    is_unit.then_some(InputRange::Unit)
}

/// One addition or multiplication by a constant, of which the average over the channels counts.
struct Step {
    factor: f32,
    offset: f32,
}

impl Step {
    fn of(model: &TypedModel, operator: &str, inputs: &[OutletId], from: OutletId) -> Option<Self> {
        let position = inputs.iter().position(|&input| input == from)?;
        let other = *inputs.get(1 - position)?;
        let value = average(model.outlet_fact(other).ok()?.konst.as_ref()?)?;
        let (factor, offset) = match (operator, position) {
            ("Add", _) => (1.0, value),
            ("Mul", _) => (value, 0.0),
            ("Sub", 0) => (1.0, -value),
            ("Sub", _) => (-1.0, value),
            ("Div", 0) if value != 0.0 => (1.0 / value, 0.0),
            _ => return None,
        };
        Some(Self { factor, offset })
    }

    fn after(&self, factor: f32, offset: f32) -> (f32, f32) {
        (self.factor * factor, self.factor * offset + self.offset)
    }
}

fn average(tensor: &Tensor) -> Option<f32> {
    let tensor = tensor.cast_to::<f32>().ok()?;
    let plain = tensor.try_as_plain_ram().ok()?;
    let values = plain.as_slice::<f32>().ok()?;
    // A constant with more elements than an image has channels is something else.
    (1..=4).contains(&values.len()).then(|| values.iter().sum::<f32>() / values.len() as f32)
}

/// Operators that change no value.
fn moves_values(name: &str) -> bool {
    ["AddAxis", "Cast", "Identity", "IntoShape", "MoveAxis", "Reshape", "RmAxis"].contains(&name)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use tract_onnx::prelude::{DatumType, TypedFact, tensor1};
    use tract_onnx::tract_core::model::SpecialOps as _;
    use tract_onnx::tract_core::ops::binary::TypedBinOp;
    use tract_onnx::tract_core::ops::math::{Add, Div, Mul, Sub};
    use tract_onnx::tract_core::ops::nn::Sigmoid;

    use super::*;

    /// A graph that begins with these operators, each with a constant per channel.
    fn begins_with(steps: &[(&str, &[f32])]) -> Option<InputRange> {
        let mut model = TypedModel::default();
        let fact = TypedFact::dt_shape(DatumType::F32, [1, 4, 4, 3]);
        let mut outlet = model.add_source("image", fact).unwrap();
        for (number, (operator, values)) in steps.iter().enumerate() {
            let constant = tensor1(values).into_shape(&[1, 1, 1, values.len()]).unwrap();
            let constant = model.add_const(format!("constant {number}"), constant).unwrap();
            let operator = match *operator {
                "Add" => TypedBinOp(Box::new(Add), None),
                "Sub" => TypedBinOp(Box::new(Sub), None),
                "Mul" => TypedBinOp(Box::new(Mul), None),
                _ => TypedBinOp(Box::new(Div), None),
            };
            outlet = model.wire_node(format!("step {number}"), operator, &[outlet, constant]).unwrap()[0];
        }
        let last = tract_onnx::tract_core::ops::element_wise::ElementWiseOp(Box::new(Sigmoid {}), None);
        let outputs = model.wire_node("network", last, &[outlet]).unwrap();
        model.select_output_outlets(&outputs).unwrap();
        range(&model)
    }

    #[test]
    fn a_rescaling_layer_takes_bytes() {
        assert_eq!(begins_with(&[("Mul", &[1.0 / 255.0])]), Some(InputRange::Bytes));
        assert_eq!(begins_with(&[("Mul", &[1.0 / 127.5]), ("Add", &[-1.0])]), Some(InputRange::Bytes));
        assert_eq!(begins_with(&[("Div", &[255.0])]), Some(InputRange::Bytes));
        let mean = [123.675, 116.28, 103.53];
        assert_eq!(begins_with(&[("Sub", &mean), ("Div", &[58.4, 57.1, 57.4])]), Some(InputRange::Bytes));
        assert_eq!(begins_with(&[("Sub", &mean)]), Some(InputRange::Bytes));
    }

    #[test]
    fn the_statistics_of_imagenet_take_the_unit_range() {
        let (mean, std) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
        assert_eq!(begins_with(&[("Sub", &mean), ("Div", &std)]), Some(InputRange::Unit));
        assert_eq!(begins_with(&[("Mul", &[2.0]), ("Sub", &[1.0])]), Some(InputRange::Unit));
        // Divided by 255 first, it takes bytes.
        assert_eq!(begins_with(&[("Div", &[255.0]), ("Sub", &mean), ("Div", &std)]), Some(InputRange::Bytes));
    }

    #[test]
    fn other_beginnings_tell_nothing() {
        assert_eq!(begins_with(&[]), None);
        assert_eq!(begins_with(&[("Mul", &[0.0])]), None);
        assert_eq!(begins_with(&[("Mul", &[0.01, 0.02, 0.03, 0.04, 0.05])]), None);
        assert_eq!(begins_with(&[("Mul", &[1e6])]), None);
    }
}
