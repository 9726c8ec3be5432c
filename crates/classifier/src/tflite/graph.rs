//! The part of a TFLite file that the rewriting looks at, with every index checked: a flatbuffer's own verification
//! covers offsets only, and tract takes the indices on trust.

use tract_tflite::tflite::{BuiltinOperator, Model, Operator, SubGraph, Tensor, TensorType};

use crate::error::Error;

/// The first subgraph, which is the model; the others belong to control flow.
pub(super) struct Graph<'a> {
    pub(super) model: Model<'a>,
    pub(super) subgraph: SubGraph<'a>,
    pub(super) tensors: Vec<Tensor<'a>>,
    pub(super) nodes: Vec<Node<'a>>,
}

/// One operator and the tensors that it reads and writes.
pub(super) struct Node<'a> {
    pub(super) table: Operator<'a>,
    pub(super) code: BuiltinOperator,
    pub(super) inputs: Vec<i32>,
    pub(super) outputs: Vec<i32>,
}

/// A file whose parts do not fit together.
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
        let known = |index: i32| usize::try_from(index).is_ok_and(|index| index < tensors.len());
        for ends in [subgraph.inputs(), subgraph.outputs()] {
            if !ends.ok_or_else(damaged)?.iter().all(known) {
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
                    "operator {} leaves an optional input out, which is not supported; {}",
                    name(code),
                    super::TO_ONNX
                )));
            }
            if outputs.is_empty() || !inputs.iter().chain(&outputs).copied().all(known) {
                return Err(damaged());
            }
            nodes.push(Node { table, code, inputs, outputs });
        }
        Ok(Self { model, subgraph, tensors, nodes })
    }

    /// Of an index that [`Graph::open`] has checked.
    pub(super) fn tensor(&self, index: i32) -> &Tensor<'a> {
        &self.tensors[index as usize]
    }

    pub(super) fn type_of(&self, index: i32) -> TensorType {
        self.tensor(index).type_()
    }

    /// The bytes of a constant; none for a tensor that is computed.
    pub(super) fn constant(&self, index: i32) -> Option<&'a [u8]> {
        self.buffer(self.tensor(index).buffer())
    }

    /// Buffer 0 is the empty one that stands for no buffer.
    pub(super) fn buffer(&self, index: u32) -> Option<&'a [u8]> {
        let buffer = self.model.buffers().filter(|_| index != 0)?.get(index as usize);
        buffer.data().map(|data| data.bytes()).filter(|bytes| !bytes.is_empty())
    }

    /// Each operator once, in the order of the file.
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
    code.variant_name().unwrap_or("of an unknown code")
}

/// Codes above 126 do not fit the old field, which then holds a placeholder.
fn operator_code(model: &Model<'_>, operator: &Operator<'_>) -> Result<BuiltinOperator, Error> {
    let codes = model.operator_codes().ok_or_else(damaged)?;
    let index = operator.opcode_index() as usize;
    if index >= codes.len() {
        return Err(damaged());
    }
    let code = codes.get(index);
    let old = i32::from(code.deprecated_builtin_code());
    if old == BuiltinOperator::PLACEHOLDER_FOR_GREATER_OP_CODES.0 {
        Ok(code.builtin_code())
    } else {
        Ok(BuiltinOperator(old))
    }
}
