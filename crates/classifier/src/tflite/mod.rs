//! Reading a TFLite file with tract.
//!
//! tract-tflite has no CAST and no DEQUANTIZE, and offers no way to register an operator from outside. What the usual
//! converters write with them needs no operator at run time, so the file is rewritten in memory before tract reads it:
//!
//! - a CAST of the uint8 input image to float is left out and the input becomes float: the bytes are exact in it;
//! - a DEQUANTIZE of constant half-precision weights is left out and the weights are widened to float;
//! - a conversion between equal types is left out.
//!
//! And tract-tflite computes a MEAN with an operator of integer arithmetic, which rounds it to a whole number; that one is
//! replaced by a multiplication once the model is read.
//!
//! Integer arithmetic is refused with the operator's name: tract does not compute it as TFLite does.

mod graph;
mod rewrite;

use tract_onnx::prelude::{Framework, TractError, TypedModel};
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::math::Mul;
use tract_onnx::tract_core::ops::quant::Scale;
use tract_tflite::tflite::BuiltinOperator;

use crate::error::Error;
use crate::import::broken;
use crate::input::ElementType;
use graph::Graph;

/// What to do with a file that tract-tflite cannot read: its ONNX reader knows more operators.
const TO_ONNX: &str = "convert it to ONNX: python -m tf2onnx.convert --opset 17 --tflite m.tflite --output m.onnx";

/// A model and the type of its input that the file declares, where tract's differs.
pub(crate) struct Read {
    pub(crate) model: TypedModel,
    pub(crate) input_type: Option<ElementType>,
}

/// Reads a float model, or one with half-precision weights.
pub(crate) fn read(bytes: &[u8]) -> Result<Read, Error> {
    let framework = tract_tflite::tflite();
    let mut proto = framework.proto_model_for_read(&mut &bytes[..]).map_err(broken)?;
    let graph = Graph::open(proto.root())?;
    let edits = rewrite::plan(&graph)?;
    let operators = graph.operator_names();
    let input_type = edits.takes_bytes().then_some(ElementType::Uint8);
    if !edits.is_empty() {
        let rewritten = rewrite::apply(bytes, &graph, &edits).ok_or_else(graph::damaged)?;
        drop(graph);
        proto = framework.proto_model_for_read(&mut rewritten.as_slice()).map_err(broken)?;
    }
    let mut model = framework.model_for_proto_model(&proto).map_err(|error| explain(error, &operators))?;
    keep_fractions(&mut model);
    Ok(Read { model, input_type })
}

/// tract has no error codes; what it says of an operator that it lacks begins with these words and the operator's code,
/// which converters of before 2020 put into the first field alone.
fn explain(error: TractError, operators: &str) -> Error {
    let code = |text: &str, field: &str| -> Option<String> {
        let value = text.split_once(field)?.1;
        Some(value.split([',', ' ']).next()?.to_owned())
    };
    let text = error.root_cause().to_string();
    if text.starts_with("Unsupported: OperatorCode") {
        let old = code(&text, " deprecated_builtin_code: ").and_then(|code| code.parse().ok());
        let name = match old {
            Some(old) if old < BuiltinOperator::PLACEHOLDER_FOR_GREATER_OP_CODES.0 => {
                Some(graph::name(BuiltinOperator(old)).to_owned())
            }
            _ => code(&text, " builtin_code: "),
        };
        if let Some(name) = name {
            return Error::Model(format!("operator {name} is not supported; {TO_ONNX}"));
        }
    }
    match broken(error) {
        Error::Model(cause) => Error::Model(format!("{cause} (its operators: {operators}); {TO_ONNX}")),
        other => other,
    }
}

/// No model that is read here has quantised tensors, so every scaling operator comes from a MEAN.
fn keep_fractions(model: &mut TypedModel) {
    for node in &mut model.nodes {
        if node.op_as::<TypedBinOp>().is_some_and(|operator| operator.0.is::<Scale>()) {
            node.op = Box::new(TypedBinOp(Box::new(Mul), None));
        }
    }
}
