//! The parts of a TFLite file, with every index checked: flatbuffer verification covers offsets only.

use tract_tflite::tflite::{BuiltinOperator, Model, Operator, SubGraph, Tensor};

use crate::error::Error;

/// The first subgraph, which is the model. Others belong to control flow.
pub(super) struct Graph<'a> {
    pub(super) model: Model<'a>,
    pub(super) subgraph: SubGraph<'a>,
    pub(super) tensors: Vec<Tensor<'a>>,
    pub(super) nodes: Vec<Node<'a>>,
}

/// An operator with the indices of its input and output tensors. An optional input that is left out has the index -1.
pub(super) struct Node<'a> {
    pub(super) table: Operator<'a>,
    pub(super) code: BuiltinOperator,
    /// The name of a custom operator.
    pub(super) custom: Option<&'a str>,
    pub(super) inputs: Vec<i32>,
    pub(super) outputs: Vec<i32>,
}

/// The error for a file whose parts are inconsistent.
pub(super) fn damaged() -> Error {
    Error::Model("the TFLite file is damaged".to_owned())
}

impl<'a> Graph<'a> {
    pub(super) fn open(model: Model<'a>) -> Result<Self, Error> {
        let subgraph = model.subgraphs().filter(|all| !all.is_empty()).ok_or_else(damaged)?.get(0);
        let tensors: Vec<Tensor<'a>> = subgraph.tensors().ok_or_else(damaged)?.iter().collect();
        let buffers = model.buffers().map_or(0, |buffers| buffers.len());
        for tensor in &tensors {
            if tensor.buffer() as usize >= buffers {
                return Err(damaged());
            }
        }
        let is_valid = |index: i32| usize::try_from(index).is_ok_and(|index| index < tensors.len());
        for indices in [subgraph.inputs(), subgraph.outputs()] {
            if !indices.ok_or_else(damaged)?.iter().all(is_valid) {
                return Err(damaged());
            }
        }
        let mut nodes = Vec::new();
        for table in subgraph.operators().ok_or_else(damaged)? {
            let (code, custom) = operator_code(&model, &table)?;
            let inputs: Vec<i32> = table.inputs().ok_or_else(damaged)?.iter().collect();
            let outputs: Vec<i32> = table.outputs().ok_or_else(damaged)?.iter().collect();
            let is_valid_input = |index: i32| index == -1 || is_valid(index);
            if !outputs.iter().copied().all(is_valid) || !inputs.iter().copied().all(is_valid_input) {
                return Err(damaged());
            }
            nodes.push(Node { table, code, custom, inputs, outputs });
        }
        Ok(Self { model, subgraph, tensors, nodes })
    }

    /// `index` must come from the graph, which [`Graph::open`] has checked.
    pub(super) fn tensor(&self, index: i32) -> &Tensor<'a> {
        &self.tensors[index as usize]
    }

    /// The tensor's name, for messages.
    pub(super) fn tensor_name(&self, index: i32) -> &'a str {
        self.tensor(index).name().filter(|name| !name.is_empty()).unwrap_or("without a name")
    }

    /// The bytes of a constant tensor; none if the tensor is computed.
    pub(super) fn constant(&self, index: i32) -> Option<&'a [u8]> {
        self.buffer(self.tensor(index).buffer())
    }

    /// The bytes of a buffer; none if it is empty. Index 0 means no buffer.
    pub(super) fn buffer(&self, index: u32) -> Option<&'a [u8]> {
        let buffer = self.model.buffers().filter(|_| index != 0)?.get(index as usize);
        buffer.data().map(|data| data.bytes()).filter(|bytes| !bytes.is_empty())
    }
}

pub(super) fn name(code: BuiltinOperator) -> &'static str {
    code.variant_name().unwrap_or("with an unknown code")
}

/// The code is in the old one-byte field, unless that holds a placeholder because the code is above 126.
fn operator_code<'a>(model: &Model<'a>, operator: &Operator<'a>) -> Result<(BuiltinOperator, Option<&'a str>), Error> {
    let codes = model.operator_codes().ok_or_else(damaged)?;
    let index = operator.opcode_index() as usize;
    if index >= codes.len() {
        return Err(damaged());
    }
    let code = codes.get(index);
    let old_code = i32::from(code.deprecated_builtin_code());
    let is_placeholder = old_code == BuiltinOperator::PLACEHOLDER_FOR_GREATER_OP_CODES.0;
    let builtin = if is_placeholder { code.builtin_code() } else { BuiltinOperator(old_code) };
    Ok((builtin, code.custom_code()))
}
