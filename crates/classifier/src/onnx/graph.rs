//! Reading and building the parts of an ONNX graph.
//!
//! Every rewriting has one shape: [`rewrite_nodes`] walks a graph in order, and a function replaces the nodes that it knows by
//! simpler ones. What is built uses only operators whose meaning is the same in every operator set.

use std::collections::HashMap;

use tract_onnx::pb::attribute_proto::AttributeType;
use tract_onnx::pb::tensor_proto::DataType;
use tract_onnx::pb::{AttributeProto, GraphProto, NodeProto, TensorProto};
use tract_onnx::prelude::f16;

use crate::error::Error;

/// The constants of a graph, by name.
pub(super) struct Constants<'a>(HashMap<&'a str, &'a TensorProto>);

impl<'a> Constants<'a> {
    pub(super) fn of(initializers: &'a [TensorProto], nodes: &'a [NodeProto]) -> Self {
        let stored = initializers.iter().map(|tensor| (tensor.name.as_str(), tensor));
        let computed = nodes.iter().filter(|node| node.op_type == "Constant").filter_map(|node| {
            let value = node.attribute.iter().find(|attribute| attribute.name == "value")?.t.as_ref()?;
            Some((node.output.first()?.as_str(), value))
        });
        Self(stored.chain(computed).collect())
    }

    pub(super) fn get(&self, name: &str) -> Option<&'a TensorProto> {
        self.0.get(name).copied()
    }
}

/// Collects the nodes and constants that replace a node.
pub(super) struct Builder {
    pub(super) nodes: Vec<NodeProto>,
    pub(super) constants: Vec<TensorProto>,
    prefix: String,
    made: usize,
}

impl Builder {
    /// Names what it builds after `prefix`, which must be unique in the model.
    pub(super) fn new(prefix: &str) -> Self {
        Self { nodes: Vec::new(), constants: Vec::new(), prefix: prefix.to_owned(), made: 0 }
    }

    fn fresh(&mut self) -> String {
        self.made += 1;
        format!("{}/rewritten_{}", self.prefix, self.made)
    }

    /// Adds an operator and returns the name of its output.
    pub(super) fn op(&mut self, op_type: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        let output = self.fresh();
        self.op_to(op_type, inputs, attributes, &output);
        output
    }

    /// Adds an operator whose output has a given name.
    pub(super) fn op_to(&mut self, op_type: &str, inputs: &[&str], attributes: Vec<AttributeProto>, output: &str) {
        self.nodes.push(node(op_type, inputs, attributes, output));
    }

    /// Adds a float constant and returns its name.
    pub(super) fn floats(&mut self, values: &[f32], shape: &[i64]) -> String {
        let name = self.fresh();
        self.constants.push(float_tensor(&name, values, shape.to_vec()));
        name
    }

    /// Adds a list of integers and returns its name.
    pub(super) fn ints(&mut self, values: &[i64]) -> String {
        let name = self.fresh();
        self.constants.push(TensorProto {
            name: name.clone(),
            dims: vec![values.len() as i64],
            data_type: DataType::Int64 as i32,
            int64_data: values.to_vec(),
            ..TensorProto::default()
        });
        name
    }
}

/// Replaces nodes: `replace` returns whether it has put a replacement for the node into the builder. Walks into the bodies of
/// `If` and other operators with graphs too.
pub(super) fn rewrite_nodes(
    graph: &mut GraphProto,
    replace: &dyn Fn(&NodeProto, &Constants<'_>, &mut Builder) -> Result<bool, Error>,
) -> Result<(), Error> {
    let nodes = std::mem::take(&mut graph.node);
    let mut kept = Vec::with_capacity(nodes.len());
    let mut added = Vec::new();
    {
        let constants = Constants::of(&graph.initializer, &nodes);
        for node in &nodes {
            let mut builder = Builder::new(node.output.iter().find(|name| !name.is_empty()).unwrap_or(&node.name));
            match replace(node, &constants, &mut builder)? {
                true => {
                    kept.append(&mut builder.nodes);
                    added.append(&mut builder.constants);
                }
                false => kept.push(node.clone()),
            }
        }
    }
    for body in kept.iter_mut().flat_map(|node| &mut node.attribute).flat_map(bodies_mut) {
        rewrite_nodes(body, replace)?;
    }
    graph.node = kept;
    graph.initializer.append(&mut added);
    Ok(())
}

/// The graphs in an attribute.
pub(super) fn bodies_mut(attribute: &mut AttributeProto) -> impl Iterator<Item = &mut GraphProto> {
    attribute.g.iter_mut().chain(&mut attribute.graphs)
}

/// Everything that a node reads: its inputs, and what its bodies take from outside (with names of their own, which does no
/// harm).
pub(super) fn uses(node: &NodeProto) -> Vec<&str> {
    let mut names: Vec<&str> = node.input.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    for body in node.attribute.iter().flat_map(|attribute| attribute.g.iter().chain(&attribute.graphs)) {
        names.extend(body.node.iter().flat_map(uses));
        names.extend(body.output.iter().map(|output| output.name.as_str()));
    }
    names
}

/// Makes everything that reads `from` read `to`.
pub(super) fn rename_uses(graph: &mut GraphProto, from: &str, to: &str) {
    for node in &mut graph.node {
        for input in node.input.iter_mut().filter(|input| *input == from) {
            to.clone_into(input);
        }
        for body in node.attribute.iter_mut().flat_map(bodies_mut) {
            rename_uses(body, from, to);
        }
    }
    for output in graph.output.iter_mut().filter(|output| output.name == from) {
        to.clone_into(&mut output.name);
    }
}

/// Removes the names of all nodes. Files may use one twice, which tract refuses; without, it names nodes after their outputs.
pub(super) fn forget_names(graph: &mut GraphProto) {
    for node in &mut graph.node {
        node.name.clear();
        node.attribute.iter_mut().flat_map(bodies_mut).for_each(forget_names);
    }
}

pub(super) fn node(op_type: &str, inputs: &[&str], attribute: Vec<AttributeProto>, output: &str) -> NodeProto {
    NodeProto {
        op_type: op_type.to_owned(),
        name: output.to_owned(),
        input: inputs.iter().map(|&name| name.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute,
        ..NodeProto::default()
    }
}

pub(super) fn float_tensor(name: &str, values: &[f32], dims: Vec<i64>) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims,
        data_type: DataType::Float as i32,
        float_data: values.to_vec(),
        ..TensorProto::default()
    }
}

pub(super) fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: AttributeType::Int as i32, i, ..AttributeProto::default() }
}

pub(super) fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: name.to_owned(), r#type: AttributeType::Float as i32, f, ..AttributeProto::default() }
}

pub(super) fn ints(name: &str, ints: &[i64]) -> AttributeProto {
    let (name, ints) = (name.to_owned(), ints.to_vec());
    AttributeProto { name, r#type: AttributeType::Ints as i32, ints, ..AttributeProto::default() }
}

/// The attribute of a Cast.
pub(super) fn to(data_type: DataType) -> Vec<AttributeProto> {
    vec![int("to", i64::from(data_type as i32))]
}

pub(super) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}

pub(super) fn int_attribute(node: &NodeProto, name: &str, default: i64) -> i64 {
    attribute(node, name).map_or(default, |attribute| attribute.i)
}

pub(super) fn float_attribute(node: &NodeProto, name: &str, default: f32) -> f32 {
    attribute(node, name).map_or(default, |attribute| attribute.f)
}

pub(super) fn text_attribute(node: &NodeProto, name: &str) -> String {
    attribute(node, name).map(|attribute| String::from_utf8_lossy(&attribute.s).into_owned()).unwrap_or_default()
}

/// The input at a position; none if it is left out.
pub(super) fn input(node: &NodeProto, position: usize) -> Option<&str> {
    node.input.get(position).map(String::as_str).filter(|name| !name.is_empty())
}

/// A node in words: `operator Conv "features.0"`.
pub(super) fn describe(node: &NodeProto) -> String {
    let name = [&node.name].into_iter().chain(&node.output).find(|name| !name.is_empty());
    let domain = match node.domain.as_str() {
        "" | "ai.onnx" => String::new(),
        domain => format!("{domain}."),
    };
    match name {
        Some(name) => format!("operator {domain}{} {name:?}", node.op_type),
        None => format!("operator {domain}{}", node.op_type),
    }
}

/// The values of a tensor as floats, whatever its number type; none if it has no numbers, or not as many as its shape says.
pub(super) fn values(tensor: &TensorProto) -> Option<Vec<f32>> {
    let count = tensor.dims.iter().try_fold(1_usize, |count, &side| count.checked_mul(usize::try_from(side).ok()?))?;
    let raw = &tensor.raw_data;
    let values: Vec<f32> = match DataType::try_from(tensor.data_type).ok()? {
        DataType::Float if raw.is_empty() => tensor.float_data.clone(),
        DataType::Float => read(raw, f32::from_le_bytes),
        DataType::Double if raw.is_empty() => tensor.double_data.iter().map(|&value| narrow(value)).collect(),
        DataType::Double => read(raw, |bytes| narrow(f64::from_le_bytes(bytes))),
        DataType::Float16 if raw.is_empty() => half(&tensor.int32_data, |bits| f16::from_bits(bits).to_f32()),
        DataType::Float16 => read(raw, |bytes| f16::from_le_bytes(bytes).to_f32()),
        DataType::Bfloat16 if raw.is_empty() => half(&tensor.int32_data, brain_float),
        DataType::Bfloat16 => read(raw, |bytes| brain_float(u16::from_le_bytes(bytes))),
        DataType::Int64 if raw.is_empty() => tensor.int64_data.iter().map(|&value| value as f32).collect(),
        DataType::Int64 => read(raw, |bytes| i64::from_le_bytes(bytes) as f32),
        _ if raw.is_empty() => tensor.int32_data.iter().map(|&value| value as f32).collect(),
        DataType::Int32 => read(raw, |bytes| i32::from_le_bytes(bytes) as f32),
        DataType::Uint8 | DataType::Bool => read(raw, |[byte]| f32::from(byte)),
        DataType::Int8 => read(raw, |bytes| f32::from(i8::from_le_bytes(bytes))),
        DataType::Int16 => read(raw, |bytes| f32::from(i16::from_le_bytes(bytes))),
        DataType::Uint16 => read(raw, |bytes| f32::from(u16::from_le_bytes(bytes))),
        _ => return None,
    };
    (values.len() == count).then_some(values)
}

fn read<const N: usize>(raw: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    raw.as_chunks::<N>().0.iter().map(|&bytes| value(bytes)).collect()
}

fn half(bits: &[i32], value: impl Fn(u16) -> f32) -> Vec<f32> {
    bits.iter().map(|&bits| value(bits as u16)).collect()
}

fn brain_float(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// A double as float. What is too large becomes the largest float: such values are limits and masks.
fn narrow(value: f64) -> f32 {
    match value.is_finite() {
        true => value.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32,
        false => value as f32,
    }
}
