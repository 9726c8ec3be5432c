//! Operators of the domain `ai.onnx.ml`, as skl2onnx writes them for scikit-learn's pipelines. tract computes trees and
//! Normalizer itself.

use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

use super::graph::{Builder, Constants, attribute, input, int, ints, text_attribute, to};
use crate::error::Error;

/// The replacement of one node.
pub(super) fn rewrite(node: &NodeProto, _constants: &Constants<'_>, builder: &mut Builder) -> Result<bool, Error> {
    match node.op_type.as_str() {
        "Scaler" => Ok(scaler(node, builder)),
        "LinearClassifier" => Ok(linear_classifier(node, builder)),
        "TreeEnsembleClassifier" => Ok(numbered_classes(node, builder)),
        _ => Ok(false),
    }
}

/// (value - offset) · scale.
fn scaler(node: &NodeProto, builder: &mut Builder) -> bool {
    let Some(value) = input(node, 0) else { return false };
    let mut floats = |name: &str, default: f32| {
        let values =
            attribute(node, name).map(|attribute| attribute.floats.clone()).filter(|values| !values.is_empty());
        let values = values.unwrap_or_else(|| vec![default]);
        builder.floats(&values, &[values.len() as i64])
    };
    let (offset, scale) = (floats("offset", 0.0), floats("scale", 1.0));
    let value = builder.op("Cast", &[value], to(DataType::Float));
    let centered = builder.op("Sub", &[&value, &offset], Vec::new());
    builder.op_to("Mul", &[&centered, &scale], Vec::new(), &node.output[0]);
    true
}

/// A dense layer with an activation, if there is a row of coefficients per class. The label is not computed.
fn linear_classifier(node: &NodeProto, builder: &mut Builder) -> bool {
    let (Some(value), Some(scores)) = (input(node, 0), node.output.get(1)) else { return false };
    let classes = class_names(node).len();
    let floats = |name: &str| attribute(node, name).map(|attribute| attribute.floats.clone()).unwrap_or_default();
    let (coefficients, intercepts) = (floats("coefficients"), floats("intercepts"));
    if classes < 2
        || coefficients.is_empty()
        || coefficients.len() % classes != 0
        || ![0, classes].contains(&intercepts.len())
        // With a multiple of `classes` coefficients, only the number of intercepts tells one row from one per class.
        || intercepts.is_empty()
    {
        return false;
    }
    let activation = match text_attribute(node, "post_transform").as_str() {
        "" | "NONE" => None,
        "LOGISTIC" => Some(("Sigmoid", Vec::new())),
        "SOFTMAX" => Some(("Softmax", vec![int("axis", 1)])),
        _ => return false,
    };
    let features = coefficients.len() / classes;
    let columns: Vec<f32> =
        (0..features).flat_map(|feature| coefficients[feature..].iter().step_by(features).copied()).collect();
    let weights = builder.floats(&columns, &[features as i64, classes as i64]);
    let bias = builder.floats(&intercepts, &[classes as i64]);
    let value = builder.op("Cast", &[value], to(DataType::Float));
    let product = builder.op("MatMul", &[&value, &weights], Vec::new());
    match activation {
        Some((op_type, attributes)) => {
            let sum = builder.op("Add", &[&product, &bias], Vec::new());
            builder.op_to(op_type, &[&sum], attributes, scores);
        }
        None => builder.op_to("Add", &[&product, &bias], Vec::new(), scores),
    }
    true
}

/// tract cannot look up labels that are texts, and nobody reads the label: numbers serve as well.
fn numbered_classes(node: &NodeProto, builder: &mut Builder) -> bool {
    let count = attribute(node, "classlabels_strings").map_or(0, |labels| labels.strings.len() as i64);
    if count == 0 {
        return false;
    }
    let mut numbered = node.clone();
    numbered.attribute.retain(|attribute| !attribute.name.starts_with("classlabels"));
    numbered.attribute.push(ints("classlabels_int64s", &(0..count).collect::<Vec<i64>>()));
    builder.nodes.push(numbered);
    true
}

/// The names of the classes in a classifier or ZipMap node.
pub(super) fn class_names(node: &NodeProto) -> Vec<String> {
    let listed = |name: &str| attribute(node, name);
    let strings = ["classlabels_strings"].into_iter().filter_map(listed).flat_map(|attribute| &attribute.strings);
    let strings: Vec<String> = strings.map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    if !strings.is_empty() {
        return strings;
    }
    let numbers = ["classlabels_int64s", "classlabels_ints"].into_iter().filter_map(listed);
    numbers.flat_map(|attribute| &attribute.ints).map(i64::to_string).collect()
}

/// The names of the classes that a graph's classifier or ZipMap lists, or of which its label is looked up; empty if there are
/// none.
pub(super) fn class_names_of(graph: &GraphProto) -> Vec<String> {
    let listed = graph.node.iter().rev().map(class_names).find(|names| !names.is_empty());
    let constants = Constants::of(&graph.initializer, &graph.node);
    let looked_up = || {
        let lookups = graph.node.iter().rev().filter(|node| node.op_type == "ArrayFeatureExtractor");
        lookups.filter_map(|node| constants.get(input(node, 0)?)).map(texts).find(|names| !names.is_empty())
    };
    listed.or_else(looked_up).unwrap_or_default()
}

fn texts(tensor: &TensorProto) -> Vec<String> {
    tensor.string_data.iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
}
