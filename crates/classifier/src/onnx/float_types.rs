//! float16, bfloat16 and double become float32: the other types of a model are often only those of its file, tract computes some
//! operators in float32 alone, and the kernels know nothing else.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::type_proto::Value;
use tract_onnx::pb::{AttributeProto, GraphProto, TensorProto, ValueInfoProto};

use super::graph::{bodies_mut, values};
use crate::error::Error;

/// Whether a type becomes float32.
pub(super) fn is_float(data_type: i32) -> bool {
    [DataType::Float16, DataType::Bfloat16, DataType::Double].iter().any(|&other| other as i32 == data_type)
}

/// Makes every float of a graph a float32.
///
/// # Errors
///
/// [`crate::Error::Model`] if a tensor is damaged.
pub(super) fn rewrite(graph: &mut GraphProto) -> Result<(), Error> {
    for tensor in &mut graph.initializer {
        widen(tensor)?;
    }
    let declared = graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info);
    declared.for_each(declare);
    for node in &mut graph.node {
        let op_type = node.op_type.clone();
        for attribute in &mut node.attribute {
            rewrite_attribute(&op_type, attribute)?;
        }
    }
    Ok(())
}

fn rewrite_attribute(op_type: &str, attribute: &mut AttributeProto) -> Result<(), Error> {
    let names_type = match op_type {
        "Cast" => attribute.name == "to",
        "LayerNormalization" | "RMSNormalization" => false,
        _ => ["dtype", "output_dtype", "precision", "softmax_precision"].contains(&attribute.name.as_str()),
    };
    if names_type && i32::try_from(attribute.i).is_ok_and(is_float) {
        attribute.i = i64::from(DataType::Float as i32);
    }
    for tensor in attribute.t.iter_mut().chain(&mut attribute.tensors) {
        widen(tensor)?;
    }
    bodies_mut(attribute).try_for_each(rewrite)
}

fn widen(tensor: &mut TensorProto) -> Result<(), Error> {
    if !is_float(tensor.data_type) {
        return Ok(());
    }
    let Some(values) = values(tensor) else {
        return Err(Error::Model(format!(
            "the weights {:?} are damaged: their length does not match their shape",
            tensor.name
        )));
    };
    tensor.data_type = DataType::Float as i32;
    tensor.raw_data = Vec::new();
    tensor.int32_data = Vec::new();
    tensor.double_data = Vec::new();
    tensor.float_data = values;
    Ok(())
}

fn declare(value: &mut ValueInfoProto) {
    if let Some(Value::TensorType(tensor)) = value.r#type.as_mut().and_then(|declared| declared.value.as_mut())
        && is_float(tensor.elem_type)
    {
        tensor.elem_type = DataType::Float as i32;
    }
}
