//! The parts of a TFLite file that the rewriting needs, with every index checked: flatbuffer verification covers offsets only,
//! and tract does not check indices.

use tract_tflite::tflite::{BuiltinOperator, Model, Operator, SubGraph, Tensor, TensorType};

use super::advice::CONVERT_TO_ONNX;
use crate::error::Error;

/// The first subgraph, which is the model. Others belong to control flow.
pub(super) struct Graph<'a> {
    pub(super) model: Model<'a>,
    pub(super) subgraph: SubGraph<'a>,
    pub(super) tensors: Vec<Tensor<'a>>,
    pub(super) nodes: Vec<Node<'a>>,
}

/// An operator with the indices of its input and output tensors.
pub(super) struct Node<'a> {
    pub(super) table: Operator<'a>,
    pub(super) code: BuiltinOperator,
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
            if tensor.name().is_none() || tensor.shape().is_none() || tensor.buffer() as usize >= buffers {
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
            let code = operator_code(&model, &table)?;
            let inputs: Vec<i32> = table.inputs().ok_or_else(damaged)?.iter().collect();
            let outputs: Vec<i32> = table.outputs().ok_or_else(damaged)?.iter().collect();
            if inputs.contains(&-1) {
                return Err(Error::Model(format!(
                    "operator {} omits an optional input, which is not supported; {CONVERT_TO_ONNX}",
                    name(code)
                )));
            }
            if outputs.is_empty() || !inputs.iter().chain(&outputs).copied().all(is_valid) {
                return Err(damaged());
            }
            nodes.push(Node { table, code, inputs, outputs });
        }
        Ok(Self { model, subgraph, tensors, nodes })
    }

    /// `index` must come from the graph, which [`Graph::open`] has checked.
    pub(super) fn tensor(&self, index: i32) -> &Tensor<'a> {
        &self.tensors[index as usize]
    }

    pub(super) fn type_of(&self, index: i32) -> TensorType {
        self.tensor(index).type_()
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

    /// The name of each kind of operator, in file order.
    pub(super) fn operator_names(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for node in &self.nodes {
            let name = name(node.code);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.join(", ")
    }
}

pub(super) fn name(code: BuiltinOperator) -> &'static str {
    code.variant_name().unwrap_or("with an unknown code")
}

/// The code is in the old one-byte field, unless that holds a placeholder because the code is above 126.
fn operator_code(model: &Model<'_>, operator: &Operator<'_>) -> Result<BuiltinOperator, Error> {
    let codes = model.operator_codes().ok_or_else(damaged)?;
    let index = operator.opcode_index() as usize;
    if index >= codes.len() {
        return Err(damaged());
    }
    let code = codes.get(index);
    let old_code = i32::from(code.deprecated_builtin_code());
    if old_code == BuiltinOperator::PLACEHOLDER_FOR_GREATER_OP_CODES.0 {
        Ok(code.builtin_code())
    } else {
        Ok(BuiltinOperator(old_code))
    }
}
