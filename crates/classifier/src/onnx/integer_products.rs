//! Matrix products and convolutions of integers, as onnxruntime's dynamic quantization writes them, become products of floats.
//! The factors are bytes, so every product is exact, and so is a sum below 2^24. tract's own integer operators are tens of times
//! slower than its float ones.

use tract_onnx::pb::NodeProto;
use tract_onnx::pb::tensor_proto::DataType;

use super::graph::{Builder, Constants, input, to};
use crate::error::Error;

/// The replacement of one node.
pub(super) fn rewrite(node: &NodeProto, constants: &Constants<'_>, builder: &mut Builder) -> Result<bool, Error> {
    let (op_type, attributes) = match node.op_type.as_str() {
        "MatMulInteger" => ("MatMul", Vec::new()),
        "ConvInteger" => ("Conv", node.attribute.clone()),
        "MatMulIntegerToFloat" => return Ok(to_float(node, builder)),
        "DynamicQuantizeMatMul" => return Ok(dynamic(node, builder)),
        _ => return Ok(false),
    };
    let [Some(left), Some(right)] = [input(node, 0), input(node, 1)] else { return Ok(false) };
    let left = shifted(builder, left, input(node, 2), None);
    // A zero point per output channel of a convolution.
    let channels = input(node, 3).and_then(|name| constants.get(name)).map_or(1, |tensor| tensor.dims.iter().product());
    let rank = input(node, 1).and_then(|name| constants.get(name)).map_or(4, |weights| weights.dims.len());
    let shape = (op_type == "Conv" && channels > 1).then(|| {
        let mut shape = vec![1; rank];
        shape[0] = channels;
        shape
    });
    let right = shifted(builder, right, input(node, 3), shape);
    let product = builder.op(op_type, &[&left, &right], attributes);
    builder.op_to("Cast", &[&product], to(DataType::Int32), &node.output[0]);
    Ok(true)
}

/// A, B, their scales, their zero points, bias.
fn to_float(node: &NodeProto, builder: &mut Builder) -> bool {
    let [Some(left), Some(right), Some(left_scale), Some(right_scale)] = [0, 1, 2, 3].map(|at| input(node, at)) else {
        return false;
    };
    let left = shifted(builder, left, input(node, 4), None);
    let left = builder.op("Mul", &[&left, left_scale], Vec::new());
    product(node, builder, &left, [Some(right), Some(right_scale), input(node, 5)], input(node, 6))
}

/// A as float, B, its scale and zero point, bias. onnxruntime quantizes A first.
fn dynamic(node: &NodeProto, builder: &mut Builder) -> bool {
    let Some(left) = input(node, 0) else { return false };
    let quantized = format!("{}/quantized", node.output[0]);
    let scale = format!("{quantized}_scale");
    let zero_point = format!("{quantized}_zero_point");
    let mut quantizer = super::graph::node("DynamicQuantizeLinear", &[left], Vec::new(), &quantized);
    quantizer.output.extend([scale.clone(), zero_point.clone()]);
    builder.nodes.push(quantizer);
    let left = shifted(builder, &quantized, Some(&zero_point), None);
    let left = builder.op("Mul", &[&left, &scale], Vec::new());
    product(node, builder, &left, [input(node, 1), input(node, 2), input(node, 3)], input(node, 4))
}

fn product(
    node: &NodeProto,
    builder: &mut Builder,
    left: &str,
    [right, scale, zero_point]: [Option<&str>; 3],
    bias: Option<&str>,
) -> bool {
    let (Some(right), Some(scale)) = (right, scale) else { return false };
    let right = shifted(builder, right, zero_point, None);
    let right = builder.op("Mul", &[&right, scale], Vec::new());
    match bias {
        Some(bias) => {
            let product = builder.op("MatMul", &[left, &right], Vec::new());
            builder.op_to("Add", &[&product, bias], Vec::new(), &node.output[0]);
        }
        None => builder.op_to("MatMul", &[left, &right], Vec::new(), &node.output[0]),
    }
    true
}

/// An integer tensor as floats, less its zero point.
fn shifted(builder: &mut Builder, tensor: &str, zero_point: Option<&str>, shape: Option<Vec<i64>>) -> String {
    let floats = builder.op("Cast", &[tensor], to(DataType::Float));
    let Some(zero_point) = zero_point else { return floats };
    let mut zero_point = builder.op("Cast", &[zero_point], to(DataType::Float));
    if let Some(shape) = shape {
        let shape = builder.ints(&shape);
        zero_point = builder.op("Reshape", &[&zero_point, &shape], Vec::new());
    }
    builder.op("Sub", &[&floats, &zero_point], Vec::new())
}
