//! Operators that tract computes in a way that overflows become the same in safe steps.

use tract_onnx::pb::NodeProto;

use super::graph::{Builder, Constants, input, int};
use crate::error::Error;

/// The replacement of one node: log Σ exp(x) = max + log Σ exp(x - max). Without that, log-probabilities become NaN.
pub(super) fn rewrite(node: &NodeProto, _constants: &Constants<'_>, builder: &mut Builder) -> Result<bool, Error> {
    let Some(value) = input(node, 0).filter(|_| node.op_type == "ReduceLogSumExp") else { return Ok(false) };
    // ReduceMax has the same attributes and inputs in every operator set.
    let with = |value| -> Vec<&str> { [value].into_iter().chain(node.input[1..].iter().map(String::as_str)).collect() };
    let mut kept = node.attribute.clone();
    kept.retain(|attribute| attribute.name != "keepdims");
    kept.push(int("keepdims", 1));
    let shift = builder.op("ReduceMax", &with(value), kept);
    let shifted = builder.op("Sub", &[value, &shift], Vec::new());
    let sum = builder.op("ReduceLogSumExp", &with(&shifted), node.attribute.clone());
    let largest = builder.op("ReduceMax", &with(value), node.attribute.clone());
    builder.op_to("Add", &[&sum, &largest], Vec::new(), &node.output[0]);
    Ok(true)
}
