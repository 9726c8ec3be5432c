//! Operators of onnxruntime's own domain `com.microsoft`, which its optimizer writes, become those of ONNX. tract knows Gelu,
//! FastGelu, BiasGelu, QuickGelu and SkipLayerNormalization itself.

use tract_onnx::pb::{AttributeProto, NodeProto};

use super::graph::{
    Builder, Constants, attribute, float, float_attribute, input, int, int_attribute, ints, text_attribute, values,
};
use crate::error::Error;

/// The replacement of one node.
pub(super) fn rewrite(node: &NodeProto, constants: &Constants<'_>, builder: &mut Builder) -> Result<bool, Error> {
    if node.domain != "com.microsoft" {
        return Ok(false);
    }
    match node.op_type.as_str() {
        "FusedConv" => Ok(fused_conv(node, builder)),
        "FusedGemm" => Ok(fused_gemm(node, builder)),
        "FusedMatMul" | "TransposeMatMul" => Ok(fused_matmul(node, builder)),
        "NhwcMaxPool" => Ok(nhwc_max_pool(node, builder)),
        "Attention" => Ok(attention(node, constants, builder)),
        "BiasAdd" => Ok(bias_add(node, builder)),
        _ => Ok(false),
    }
}

const ACTIVATION: [&str; 3] = ["activation", "activation_params", "activation_alpha"];

/// A convolution, a tensor that is added to it, an activation.
fn fused_conv(node: &NodeProto, builder: &mut Builder) -> bool {
    let attributes = node.attribute.iter().filter(|attribute| !ACTIVATION.contains(&attribute.name.as_str()));
    let inputs: Vec<&str> = (0..3).filter_map(|position| input(node, position)).collect();
    let mut result = builder.op("Conv", &inputs, attributes.cloned().collect());
    if let Some(added) = input(node, 3) {
        result = builder.op("Add", &[&result, added], Vec::new());
    }
    let parameters = attribute(node, "activation_params").map(|attribute| attribute.floats.clone()).unwrap_or_default();
    activate(node, builder, &result, &parameters)
}

fn fused_gemm(node: &NodeProto, builder: &mut Builder) -> bool {
    let attributes = node.attribute.iter().filter(|attribute| !attribute.name.starts_with("activation"));
    let inputs: Vec<&str> = (0..3).filter_map(|position| input(node, position)).collect();
    let result = builder.op("Gemm", &inputs, attributes.cloned().collect());
    let parameters: Vec<f32> = ["activation_alpha", "activation_beta"]
        .into_iter()
        .filter_map(|name| attribute(node, name).map(|attribute| attribute.f))
        .collect();
    activate(node, builder, &result, &parameters)
}

/// The activation that a fused operator names; `false` if it is none that is known.
fn activate(node: &NodeProto, builder: &mut Builder, result: &str, parameters: &[f32]) -> bool {
    let parameter = |position: usize, name: &str| parameters.get(position).map(|&value| float(name, value));
    let (op_type, attributes): (&str, Vec<AttributeProto>) = match text_attribute(node, "activation").as_str() {
        "" => ("Identity", Vec::new()),
        "Relu" => ("Relu", Vec::new()),
        "Tanh" => ("Tanh", Vec::new()),
        "Sigmoid" => ("Sigmoid", Vec::new()),
        "LeakyRelu" => ("LeakyRelu", parameter(0, "alpha").into_iter().collect()),
        "HardSigmoid" => ("HardSigmoid", parameter(0, "alpha").into_iter().chain(parameter(1, "beta")).collect()),
        "Clip" => {
            let [low, high] = [0, 1].map(|at| parameters.get(at).copied());
            let mut clipped = result.to_owned();
            for (op_type, limit) in [("Max", low), ("Min", high)] {
                if let Some(limit) = limit {
                    let limit = builder.floats(&[limit], &[]);
                    clipped = builder.op(op_type, &[&clipped, &limit], Vec::new());
                }
            }
            builder.op_to("Identity", &[&clipped], Vec::new(), &node.output[0]);
            return true;
        }
        _ => return false,
    };
    builder.op_to(op_type, &[result], attributes, &node.output[0]);
    true
}

/// alpha · A · B, with the last two dimensions of A or B swapped. The ranks are not known here, so Einsum does the swapping.
fn fused_matmul(node: &NodeProto, builder: &mut Builder) -> bool {
    let [Some(left), Some(right)] = [input(node, 0), input(node, 1)] else { return false };
    if int_attribute(node, "transBatchA", 0) != 0 || int_attribute(node, "transBatchB", 0) != 0 {
        return false;
    }
    let order = |name: &str, plain: &'static str, swapped: &'static str| match int_attribute(node, name, 0) {
        0 => plain,
        _ => swapped,
    };
    let equation = format!("{},{}->...ij", order("transA", "...ik", "...ki"), order("transB", "...kj", "...jk"));
    let equation = AttributeProto {
        name: "equation".to_owned(),
        r#type: tract_onnx::pb::attribute_proto::AttributeType::String as i32,
        s: equation.into_bytes(),
        ..AttributeProto::default()
    };
    let (op_type, attributes) = match equation.s == b"...ik,...kj->...ij" {
        true => ("MatMul", Vec::new()),
        false => ("Einsum", vec![equation]),
    };
    let alpha = float_attribute(node, "alpha", 1.0);
    if alpha == 1.0 {
        builder.op_to(op_type, &[left, right], attributes, &node.output[0]);
    } else {
        let alpha = builder.floats(&[alpha], &[]);
        let product = builder.op(op_type, &[left, right], attributes);
        builder.op_to("Mul", &[&product, &alpha], Vec::new(), &node.output[0]);
    }
    true
}

/// A pool whose input has its channels last. Its bytes are quantized values, whose order is that of the numbers.
fn nhwc_max_pool(node: &NodeProto, builder: &mut Builder) -> bool {
    let Some(image) = input(node, 0) else { return false };
    let planes = builder.op("Transpose", &[image], vec![ints("perm", &[0, 3, 1, 2])]);
    let pooled = builder.op("MaxPool", &[&planes], node.attribute.clone());
    builder.op_to("Transpose", &[&pooled], vec![ints("perm", &[0, 2, 3, 1])], &node.output[0]);
    true
}

fn bias_add(node: &NodeProto, builder: &mut Builder) -> bool {
    let [Some(value), Some(bias), Some(skip)] = [0, 1, 2].map(|at| input(node, at)) else { return false };
    let sum = builder.op("Add", &[value, bias], Vec::new());
    builder.op_to("Add", &[&sum, skip], Vec::new(), &node.output[0]);
    true
}

/// Self-attention without mask or cache: input [batch, tokens, width], weights [width, 3 · hidden], bias [3 · hidden].
fn attention(node: &NodeProto, constants: &Constants<'_>, builder: &mut Builder) -> bool {
    let [Some(tokens), Some(weights), Some(bias)] = [0, 1, 2].map(|at| input(node, at)) else { return false };
    let heads = int_attribute(node, "num_heads", 0);
    let plain = (3..node.input.len()).all(|at| input(node, at).is_none())
        && node.output.iter().filter(|name| !name.is_empty()).count() == 1
        && int_attribute(node, "unidirectional", 0) == 0
        && int_attribute(node, "do_rotary", 0) == 0
        && attribute(node, "qkv_hidden_sizes").is_none_or(|sizes| sizes.ints.windows(2).all(|pair| pair[0] == pair[1]));
    let Some(&[width, triple]) = constants.get(weights).map(|tensor| tensor.dims.as_slice()) else { return false };
    let Some(all_weights) = constants.get(weights).and_then(values) else { return false };
    let Some(all_bias) = constants.get(bias).and_then(values) else { return false };
    if !plain || heads < 1 || triple % (3 * heads) != 0 || all_bias.len() as i64 != triple {
        return false;
    }
    let hidden = triple / 3;
    let size = hidden / heads;
    // Slicing and transposing constants here leaves tract plain products.
    let mut split = |part: usize| {
        let columns = part * hidden as usize..(part + 1) * hidden as usize;
        let rows = all_weights.chunks_exact(triple as usize);
        let weights: Vec<f32> = rows.flat_map(|row| row[columns.clone()].to_vec()).collect();
        let weights = builder.floats(&weights, &[width, hidden]);
        let bias = builder.floats(&all_bias[columns], &[hidden]);
        let product = builder.op("MatMul", &[tokens, &weights], Vec::new());
        let sum = builder.op("Add", &[&product, &bias], Vec::new());
        let shape = builder.ints(&[0, -1, heads, size]);
        builder.op("Reshape", &[&sum, &shape], Vec::new())
    };
    let (query, key, value) = (split(0), split(1), split(2));
    let query = builder.op("Transpose", &[&query], vec![ints("perm", &[0, 2, 1, 3])]);
    let key = builder.op("Transpose", &[&key], vec![ints("perm", &[0, 2, 3, 1])]);
    let value = builder.op("Transpose", &[&value], vec![ints("perm", &[0, 2, 1, 3])]);
    let scale = match float_attribute(node, "scale", 0.0) {
        0.0 => 1.0 / (size as f32).sqrt(),
        scale => scale,
    };
    let scale = builder.floats(&[scale], &[]);
    let products = builder.op("MatMul", &[&query, &key], Vec::new());
    let scaled = builder.op("Mul", &[&products, &scale], Vec::new());
    let shares = builder.op("Softmax", &[&scaled], vec![int("axis", 3)]);
    let mixed = builder.op("MatMul", &[&shares, &value], Vec::new());
    let mixed = builder.op("Transpose", &[&mixed], vec![ints("perm", &[0, 2, 1, 3])]);
    let shape = builder.ints(&[0, -1, hidden]);
    builder.op_to("Reshape", &[&mixed, &shape], Vec::new(), &node.output[0]);
    true
}
