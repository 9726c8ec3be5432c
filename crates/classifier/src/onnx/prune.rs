//! Leaves only what the chosen output needs: no labels, no auxiliary outputs, no inputs that are not used.

use std::collections::BTreeSet;

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::type_proto::Value;
use tract_onnx::pb::{GraphProto, TensorProto, ValueInfoProto};

use super::graph::uses;

/// Makes `output` the graph's only output.
pub(super) fn keep(graph: &mut GraphProto, output: &str) {
    let declared = graph.output.iter().find(|declared| declared.name == output).cloned();
    graph.output = vec![declared.unwrap_or_else(|| ValueInfoProto { name: output.to_owned(), ..Default::default() })];
    unused(graph);
}

/// Removes nodes, constants and inputs that the output does not need.
pub(super) fn unused(graph: &mut GraphProto) {
    let mut needed: BTreeSet<String> = graph.output.iter().map(|output| output.name.clone()).collect();
    let mut kept = Vec::new();
    for node in std::mem::take(&mut graph.node).into_iter().rev() {
        if node.output.iter().any(|output| needed.contains(output)) {
            needed.extend(uses(&node).into_iter().map(str::to_owned));
            kept.push(node);
        }
    }
    kept.reverse();
    graph.node = kept;
    graph.initializer.retain(|tensor| needed.contains(&tensor.name));
    graph.input.retain(|input| needed.contains(&input.name));
    // tract needs none of it, and what it says of a symbolic batch contradicts a batch of 1.
    graph.value_info.clear();
}

/// Turns inputs that have a value of their own into constants: those with an initializer, and the switch between training and
/// inference.
pub(super) fn constant_inputs(graph: &mut GraphProto) {
    let initialized: BTreeSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    let is_switch = |input: &ValueInfoProto| {
        let name = input.name.to_ascii_lowercase();
        let is_bool = matches!(
            input.r#type.as_ref().and_then(|declared| declared.value.as_ref()),
            Some(Value::TensorType(tensor)) if tensor.elem_type == DataType::Bool as i32
        );
        is_bool && ["train", "learning_phase"].iter().any(|word| name.contains(word))
    };
    let (constant, inputs): (Vec<_>, Vec<_>) = std::mem::take(&mut graph.input)
        .into_iter()
        .partition(|input| initialized.contains(input.name.as_str()) || is_switch(input));
    let switches: Vec<TensorProto> = constant
        .into_iter()
        .filter(|input| !initialized.contains(input.name.as_str()))
        .map(|input| TensorProto {
            name: input.name,
            data_type: DataType::Bool as i32,
            raw_data: vec![0],
            ..TensorProto::default()
        })
        .collect();
    graph.input = inputs;
    graph.initializer.extend(switches);
}
