//! Finds operators that nothing computes before tract does, and says in words what tract cannot do.

use std::collections::BTreeSet;

use tract_onnx::Onnx;
use tract_onnx::pb::{GraphProto, NodeProto};
use tract_onnx::prelude::TractError;

use super::graph::describe;
use crate::error::Error;
use crate::tract_error;

/// Operators of onnxruntime's own domain that tract computes. Others share only their name with one of ONNX.
const CONTRIB: [&str; 12] = [
    "BiasGelu",
    "DequantizeLinear",
    "FastGelu",
    "Gelu",
    "GroupQueryAttention",
    "MatMulNBits",
    "MultiHeadAttention",
    "QuantizeLinear",
    "QuickGelu",
    "SimplifiedLayerNormalization",
    "SkipLayerNormalization",
    "SkipSimplifiedLayerNormalization",
];

/// Refuses a graph with operators that tract does not know.
pub(super) fn check(graph: &GraphProto, framework: &Onnx) -> Result<(), Error> {
    missing(graph)?;
    let mut unknown: Vec<String> = Vec::new();
    collect(graph, framework, &mut unknown);
    let operators = match &unknown[..] {
        [] => return Ok(()),
        [one] => one.clone(),
        [first, others @ ..] => format!("{first} and {} others", others.len()),
    };
    if operators.contains("SVMClassifier") {
        return Err(Error::Model(format!(
            "{operators} is not supported; train a LinearSVC, a LogisticRegression, a RandomForestClassifier or an \
             MLPClassifier instead of an SVC"
        )));
    }
    Err(Error::Model(format!(
        "{operators} is not supported; export the model with standard ONNX operators only (in PyTorch: \
         torch.onnx.export(model, example, \"model.onnx\", opset_version=17), not optimized by another tool)"
    )))
}

/// Refuses a graph that reads a tensor that nothing provides.
fn missing(graph: &GraphProto) -> Result<(), Error> {
    let mut provided: BTreeSet<&str> = graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
    provided.extend(graph.sparse_initializer.iter().filter_map(|sparse| Some(sparse.values.as_ref()?.name.as_str())));
    provided.extend(graph.input.iter().map(|input| input.name.as_str()));
    provided.extend(graph.node.iter().flat_map(|node| &node.output).map(String::as_str));
    let lost = |name: &&str| !name.is_empty() && !provided.contains(name);
    for node in &graph.node {
        if let Some(name) = node.input.iter().map(String::as_str).find(lost) {
            return Err(Error::Model(format!(
                "{} needs {name:?}, which the file does not contain; export the model again",
                describe(node)
            )));
        }
    }
    match graph.output.iter().map(|output| output.name.as_str()).find(lost) {
        Some(name) => Err(Error::Model(format!("nothing in it computes its output {name:?}; export the model again"))),
        None => Ok(()),
    }
}

fn collect(graph: &GraphProto, framework: &Onnx, unknown: &mut Vec<String>) {
    for node in &graph.node {
        if !is_known(node, framework) {
            unknown.push(describe(node));
        }
        for body in node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs)) {
            collect(body, framework, unknown);
        }
    }
}

fn is_known(node: &NodeProto, framework: &Onnx) -> bool {
    let registered = framework.op_register.0.contains_key(&node.op_type);
    match node.domain.as_str() {
        "" | "ai.onnx" | "ai.onnx.ml" => registered,
        "com.microsoft" => registered && CONTRIB.contains(&node.op_type.as_str()),
        _ => false,
    }
}

/// What tract's error says, with the operator that it is about.
pub(super) fn explain(error: &TractError, graph: &GraphProto) -> Error {
    let chain = format!("{error:?}");
    // tract writes a node's name in quotes; the longest that matches is the most specific.
    let about = graph
        .node
        .iter()
        .filter(|node| {
            [&node.name, node.output.first().unwrap_or(&node.name)]
                .iter()
                .any(|name| !name.is_empty() && chain.contains(&format!("\"{name}\"")))
        })
        .max_by_key(|node| node.name.len());
    let cause = tract_error::cause(error);
    let advice = "simplify the model (python -m onnxsim model.onnx simple.onnx) or export it with fixed shapes";
    Error::Model(match about {
        Some(node) => format!("{} cannot be computed: {cause}; {advice}", describe(node)),
        None => format!("it cannot be computed: {cause}; {advice}"),
    })
}
