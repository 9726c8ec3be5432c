//! Removes conversion operators from a TFLite file: [`plan`] decides what to change, [`apply`] writes it into a copy.
//!
//! Changes are made in place, because numbers and offsets of a flatbuffer have a fixed width. Only converted weights are
//! appended.

use std::collections::{BTreeMap, BTreeSet};

use tract_onnx::prelude::f16;
use tract_tflite::tflite::{Buffer, BuiltinOperator, Operator, SubGraph, Tensor, TensorType};

use super::advice::EXPORT_AS_FLOAT;
use super::graph::{Graph, Node, name};
use crate::error::Error;

/// The changes to a file. Tensors are given by index.
#[derive(Default)]
pub(super) struct Edits {
    /// Positions of the operators to remove.
    removed: BTreeSet<usize>,
    /// Maps the output of each removed operator to the tensor that replaces it.
    replacements: BTreeMap<i32, i32>,
    /// The uint8 input, and tensors that only change its shape.
    pixels: BTreeSet<i32>,
    /// Whether a CAST of those to float is removed.
    casts_pixels: bool,
    /// Half-precision constants to convert to float.
    half_constants: BTreeSet<i32>,
}

impl Edits {
    pub(super) fn is_empty(&self) -> bool {
        self.removed.is_empty()
    }

    /// Whether the file declares a uint8 input that becomes float.
    pub(super) fn declares_uint8_input(&self) -> bool {
        self.casts_pixels
    }

    fn remove(&mut self, position: usize, node: &Node<'_>) {
        let from = node.inputs[0];
        let from = *self.replacements.get(&from).unwrap_or(&from);
        self.removed.insert(position);
        self.replacements.insert(node.outputs[0], from);
    }
}

/// Decides what to change, and refuses quantized models.
pub(super) fn plan(graph: &Graph<'_>) -> Result<Edits, Error> {
    let mut edits = Edits::default();
    let inputs = graph.subgraph.inputs().into_iter().flatten();
    edits.pixels = inputs.filter(|&input| graph.type_of(input) == TensorType::UINT8).collect();
    for (position, node) in graph.nodes.iter().enumerate() {
        let Some(&from) = node.inputs.first() else { continue };
        let is_pixels = node.inputs.iter().any(|input| edits.pixels.contains(input));
        match node.code {
            BuiltinOperator::CAST | BuiltinOperator::DEQUANTIZE | BuiltinOperator::QUANTIZE => {
                let (source, target) = (graph.type_of(from), graph.type_of(node.outputs[0]));
                let is_float = target == TensorType::FLOAT32 && !is_quantized(graph, from);
                if source == target && !is_quantized(graph, from) && !is_quantized(graph, node.outputs[0]) {
                    if is_pixels {
                        edits.pixels.insert(node.outputs[0]);
                    }
                } else if is_float && is_pixels && node.code == BuiltinOperator::CAST {
                    edits.casts_pixels = true;
                } else if is_float && source == TensorType::FLOAT16 && graph.constant(from).is_some() {
                    edits.half_constants.insert(from);
                } else {
                    return Err(unsupported(node.code, &format!("converts {source:?} to {target:?}")));
                }
                edits.remove(position, node);
            }
            BuiltinOperator::RESHAPE
            | BuiltinOperator::EXPAND_DIMS
            | BuiltinOperator::SQUEEZE
            | BuiltinOperator::TRANSPOSE
                if is_pixels =>
            {
                edits.pixels.insert(node.outputs[0]);
            }
            code => {
                if node.inputs.iter().chain(&node.outputs).any(|&tensor| is_quantized(graph, tensor)) {
                    return Err(unsupported(code, "computes with quantized integers"));
                }
                if is_pixels {
                    return Err(unsupported(code, "computes with the uint8 input"));
                }
            }
        }
    }
    Ok(edits)
}

fn unsupported(code: BuiltinOperator, what: &str) -> Error {
    Error::Model(format!("operator {} {what}, which is not supported; {EXPORT_AS_FLOAT}", name(code)))
}

fn is_quantized(graph: &Graph<'_>, index: i32) -> bool {
    let tensor = graph.tensor(index);
    let is_scaled =
        tensor.quantization().and_then(|parameters| parameters.scale()).is_some_and(|scale| !scale.is_empty());
    match tensor.type_() {
        TensorType::INT8 | TensorType::INT4 => true,
        TensorType::UINT8 | TensorType::INT16 | TensorType::INT32 => is_scaled,
        _ => false,
    }
}

/// The changed file; none if a table of the file is damaged.
pub(super) fn apply(bytes: &[u8], graph: &Graph<'_>, edits: &Edits) -> Option<Vec<u8>> {
    let mut out = bytes.to_vec();
    for &index in edits.pixels.iter().filter(|_| edits.casts_pixels).chain(&edits.half_constants) {
        let tensor = graph.tensor(index)._tab;
        let slot = field(tensor.loc(), tensor.vtable().get(Tensor::VT_TYPE_))?;
        *out.get_mut(slot)? = TensorType::FLOAT32.0.to_le_bytes()[0];
    }
    for node in &graph.nodes {
        let table = node.table._tab;
        redirect(&mut out, field(table.loc(), table.vtable().get(Operator::VT_INPUTS))?, &edits.replacements)?;
    }
    let subgraph = graph.subgraph._tab;
    redirect(&mut out, field(subgraph.loc(), subgraph.vtable().get(SubGraph::VT_OUTPUTS))?, &edits.replacements)?;
    keep_operators(&mut out, graph, &edits.removed)?;
    let buffers: BTreeSet<u32> = edits.half_constants.iter().map(|&index| graph.tensor(index).buffer()).collect();
    for buffer in buffers {
        widen(&mut out, graph, buffer)?;
    }
    Some(out)
}

/// Rewrites the list of operators without the removed ones. Offsets are relative to their own position, so each is
/// recomputed.
fn keep_operators(out: &mut [u8], graph: &Graph<'_>, removed: &BTreeSet<usize>) -> Option<()> {
    let subgraph = graph.subgraph._tab;
    let list = follow(out, field(subgraph.loc(), subgraph.vtable().get(SubGraph::VT_OPERATORS))?)?;
    let kept = graph.nodes.iter().enumerate().filter(|(position, _)| !removed.contains(position));
    let mut count = 0;
    for (_, node) in kept {
        let slot = list + 4 + 4 * count;
        write(out, slot, u32::try_from(node.table._tab.loc().checked_sub(slot)?).ok()?)?;
        count += 1;
    }
    write(out, list, u32::try_from(count).ok()?)
}

/// Applies the replacements to a list of tensor indices.
fn redirect(out: &mut [u8], slot: usize, replacements: &BTreeMap<i32, i32>) -> Option<()> {
    let list = follow(out, slot)?;
    for position in 0..read(out, list)? as usize {
        let slot = list + 4 + 4 * position;
        if let Some(&tensor) = replacements.get(&read(out, slot)?.cast_signed()) {
            write(out, slot, tensor.cast_unsigned())?;
        }
    }
    Some(())
}

/// Appends the half-precision numbers of a buffer as floats and points the buffer to them.
fn widen(out: &mut Vec<u8>, graph: &Graph<'_>, index: u32) -> Option<()> {
    let (halves, rest) = graph.buffer(index)?.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    // Buffer data must start at a multiple of 16; its length comes before it.
    out.resize((out.len() + 4).next_multiple_of(16) - 4, 0);
    let list = out.len();
    out.extend(u32::try_from(halves.len() * 4).ok()?.to_le_bytes());
    out.extend(halves.iter().flat_map(|&half| f16::from_le_bytes(half).to_f32().to_le_bytes()));
    let buffer = graph.model.buffers()?.get(index as usize)._tab;
    let slot = field(buffer.loc(), buffer.vtable().get(Buffer::VT_DATA))?;
    write(out, slot, u32::try_from(list.checked_sub(slot)?).ok()?)
}

/// The position of a table's field; none if the table omits it.
fn field(table: usize, offset: u16) -> Option<usize> {
    (offset != 0).then(|| table + usize::from(offset))
}

/// The position that the offset at `slot` points to.
fn follow(bytes: &[u8], slot: usize) -> Option<usize> {
    slot.checked_add(read(bytes, slot)? as usize)
}

fn read(bytes: &[u8], position: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(position..)?.first_chunk()?))
}

fn write(bytes: &mut [u8], position: usize, value: u32) -> Option<()> {
    *bytes.get_mut(position..)?.first_chunk_mut()? = value.to_le_bytes();
    Some(())
}
