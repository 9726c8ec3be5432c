//! Operators on quantized tensors, as onnxruntime's static quantization writes them, become DequantizeLinear, the operator on
//! floats, and QuantizeLinear. That is how ONNX defines the pairs of a QDQ model, and tract computes those.

use tract_onnx::pb::{AttributeProto, NodeProto};

use super::graph::{Builder, Constants, float_attribute, input, int, int_attribute, values};
use crate::error::Error;

/// Where an operator has its tensors: the position of each value, followed by those of its scale and zero point.
type Triple = [usize; 3];

/// The replacement of one node.
pub(super) fn rewrite(node: &NodeProto, constants: &Constants<'_>, builder: &mut Builder) -> Result<bool, Error> {
    match node.op_type.as_str() {
        "QLinearConv" => Ok(conv(node, constants, builder)),
        "QLinearMatMul" => {
            Ok(on_floats(node, builder, "MatMul", &[[0, 1, 2], [3, 4, 5]], [6, 7], node.attribute.clone()))
        }
        "QGemm" => Ok(gemm(node, constants, builder)),
        "QLinearAdd" => Ok(on_floats(node, builder, "Add", &[[0, 1, 2], [3, 4, 5]], [6, 7], Vec::new())),
        "QLinearMul" => Ok(on_floats(node, builder, "Mul", &[[0, 1, 2], [3, 4, 5]], [6, 7], Vec::new())),
        "QLinearSigmoid" => Ok(on_floats(node, builder, "Sigmoid", &[[0, 1, 2]], [3, 4], Vec::new())),
        "QLinearLeakyRelu" => Ok(on_floats(node, builder, "LeakyRelu", &[[0, 1, 2]], [3, 4], node.attribute.clone())),
        "QLinearSoftmax" => {
            let axis = int("axis", int_attribute(node, "axis", -1));
            Ok(on_floats(node, builder, "Softmax", &[[0, 1, 2]], [3, 4], vec![axis]))
        }
        "QLinearGlobalAveragePool" if int_attribute(node, "channels_last", 0) == 0 => {
            Ok(on_floats(node, builder, "GlobalAveragePool", &[[0, 1, 2]], [3, 4], Vec::new()))
        }
        "QLinearAveragePool" if int_attribute(node, "channels_last", 0) == 0 => {
            let attributes = node.attribute.iter().filter(|attribute| attribute.name != "channels_last");
            Ok(on_floats(node, builder, "AveragePool", &[[0, 1, 2]], [3, 4], attributes.cloned().collect()))
        }
        "QLinearConcat" => {
            // The output's scale and zero point come first, then each tensor with its own.
            let triples: Vec<Triple> = (2..node.input.len()).step_by(3).map(|at| [at, at + 1, at + 2]).collect();
            Ok(on_floats(node, builder, "Concat", &triples, [0, 1], node.attribute.clone()))
        }
        _ => Ok(false),
    }
}

/// The operator on dequantized inputs, with its output quantized. `false` if the node lacks an input.
fn on_floats(
    node: &NodeProto,
    builder: &mut Builder,
    op_type: &str,
    triples: &[Triple],
    quantizer: [usize; 2],
    attributes: Vec<AttributeProto>,
) -> bool {
    let Some(floats) =
        triples.iter().map(|&triple| dequantize(node, builder, triple, None)).collect::<Option<Vec<_>>>()
    else {
        return false;
    };
    let floats: Vec<&str> = floats.iter().map(String::as_str).collect();
    let result = builder.op(op_type, &floats, attributes);
    quantize(node, builder, &result, quantizer);
    true
}

fn conv(node: &NodeProto, constants: &Constants<'_>, builder: &mut Builder) -> bool {
    let Some(image) = dequantize(node, builder, [0, 1, 2], None) else { return false };
    let Some(weights) = dequantize(node, builder, [3, 4, 5], Some(0)) else { return false };
    let mut inputs = vec![image, weights];
    if input(node, 8).is_some() {
        let Some(bias) = bias(node, constants, builder, 8, [1, 4]) else { return false };
        inputs.push(bias);
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    let result = builder.op("Conv", &inputs, node.attribute.clone());
    quantize(node, builder, &result, [6, 7]);
    true
}

/// QGemm has inputs A, its scale and zero point, B, its scale and zero point, C, and the output's scale and zero point, without
/// which the output is float.
fn gemm(node: &NodeProto, constants: &Constants<'_>, builder: &mut Builder) -> bool {
    let Some(left) = dequantize(node, builder, [0, 1, 2], None) else { return false };
    let columns = if int_attribute(node, "transB", 0) == 0 { 1 } else { 0 };
    let Some(right) = dequantize(node, builder, [3, 4, 5], Some(columns)) else { return false };
    let mut inputs = vec![left, right];
    if input(node, 6).is_some() {
        // alpha is part of the bias's scale, and Gemm does not apply it to the bias.
        let Some(bias) = bias(node, constants, builder, 6, [1, 4]) else { return false };
        let alpha = float_attribute(node, "alpha", 1.0);
        inputs.push(if alpha == 1.0 {
            bias
        } else {
            let alpha = builder.floats(&[alpha], &[]);
            builder.op("Mul", &[&bias, &alpha], Vec::new())
        });
    }
    let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
    if input(node, 7).is_some() {
        let result = builder.op("Gemm", &inputs, node.attribute.clone());
        quantize(node, builder, &result, [7, 8]);
    } else {
        builder.op_to("Gemm", &inputs, node.attribute.clone(), &node.output[0]);
    }
    true
}

/// A 32-bit bias as floats. Its scale is the product of the scales of input and weights.
fn bias(
    node: &NodeProto,
    constants: &Constants<'_>,
    builder: &mut Builder,
    position: usize,
    scales: [usize; 2],
) -> Option<String> {
    let bias = constants.get(input(node, position)?)?;
    let image = values(constants.get(input(node, scales[0])?)?)?;
    let weights = values(constants.get(input(node, scales[1])?)?)?;
    let mut floats = values(bias)?;
    for (channel, value) in floats.iter_mut().enumerate() {
        *value *= image.first()? * weights.get(channel).or_else(|| weights.first().filter(|_| weights.len() == 1))?;
    }
    Some(builder.floats(&floats, &bias.dims))
}

fn dequantize(
    node: &NodeProto,
    builder: &mut Builder,
    [value, scale, zero_point]: Triple,
    axis: Option<i64>,
) -> Option<String> {
    let mut inputs = vec![input(node, value)?, input(node, scale)?];
    inputs.extend(input(node, zero_point));
    let attributes = axis.map(|axis| int("axis", axis)).into_iter().collect();
    Some(builder.op("DequantizeLinear", &inputs, attributes))
}

fn quantize(node: &NodeProto, builder: &mut Builder, result: &str, [scale, zero_point]: [usize; 2]) {
    let parameters = [scale, zero_point].into_iter().filter_map(|position| input(node, position));
    let inputs: Vec<&str> = [result].into_iter().chain(parameters).collect();
    builder.op_to("QuantizeLinear", &inputs, Vec::new(), &node.output[0]);
}
