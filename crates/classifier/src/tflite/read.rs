//! Reads a TFLite file with tract.
//!
//! tract-tflite has neither CAST nor DEQUANTIZE and cannot be extended from outside. The usual converters use them only where no
//! operator is needed at run time, so the file is rewritten in memory before tract reads it:
//!
//! - A CAST of the uint8 input image to float is removed and the input becomes float, which represents bytes exactly.
//! - A DEQUANTIZE of constant half-precision weights is removed and the weights are converted to float.
//! - A conversion between equal types is removed.
//!
//! tract-tflite computes MEAN with an integer operator that rounds the result. After reading, it is replaced by a
//! multiplication.
//!
//! Quantized models are refused with the operator's name: tract does not compute integers as TFLite does.

use tract_onnx::prelude::{Framework, TractError, TypedModel};
use tract_onnx::tract_core::ops::binary::TypedBinOp;
use tract_onnx::tract_core::ops::math::Mul;
use tract_onnx::tract_core::ops::quant::Scale;
use tract_tflite::tflite::BuiltinOperator;

use super::advice::CONVERT_TO_ONNX;
use super::graph::{self, Graph};
use super::rewrite;
use crate::error::Error;
use crate::model_info::ElementType;
use crate::tract_error::model_error;

/// A parsed TFLite file.
pub(crate) struct TfliteModel {
    pub(crate) model: TypedModel,
    /// The input type that the file declares, if the rewritten model has another.
    pub(crate) input_type: Option<ElementType>,
}

/// Reads a model with float or half-precision weights.
pub(crate) fn read(bytes: &[u8]) -> Result<TfliteModel, Error> {
    let framework = tract_tflite::tflite();
    let mut proto = framework.proto_model_for_read(&mut &bytes[..]).map_err(model_error)?;
    let graph = Graph::open(proto.root())?;
    let edits = rewrite::plan(&graph)?;
    let operators = graph.operator_names();
    let input_type = edits.declares_uint8_input().then_some(ElementType::Uint8);
    if !edits.is_empty() {
        let rewritten = rewrite::apply(bytes, &graph, &edits).ok_or_else(graph::damaged)?;
        drop(graph);
        proto = framework.proto_model_for_read(&mut rewritten.as_slice()).map_err(model_error)?;
    }
    let mut model = framework.model_for_proto_model(&proto).map_err(|error| explain(error, &operators))?;
    fix_means(&mut model);
    Ok(TfliteModel { model, input_type })
}

/// Names the operator that tract lacks. tract has no error codes, so this parses its message, which contains the operator's
/// code. Converters before 2020 fill only the field `deprecated_builtin_code`.
fn explain(error: TractError, operators: &str) -> Error {
    let code = |text: &str, field: &str| -> Option<String> {
        let value = text.split_once(field)?.1;
        Some(value.split([',', ' ']).next()?.to_owned())
    };
    let text = error.root_cause().to_string();
    if text.starts_with("Unsupported: OperatorCode") {
        let old_code = code(&text, " deprecated_builtin_code: ").and_then(|code| code.parse().ok());
        let name = match old_code {
            Some(old) if old < BuiltinOperator::PLACEHOLDER_FOR_GREATER_OP_CODES.0 => {
                Some(graph::name(BuiltinOperator(old)).to_owned())
            }
            _ => code(&text, " builtin_code: "),
        };
        if let Some(name) = name {
            return Error::Model(format!("operator {name} is not supported; {CONVERT_TO_ONNX}"));
        }
    }
    match model_error(error) {
        Error::Model(cause) => Error::Model(format!("{cause} (its operators: {operators}); {CONVERT_TO_ONNX}")),
        other => other,
    }
}

/// Replaces the integer scaling operator of MEAN by a multiplication. Quantized models are refused, so every scaling operator
/// comes from a MEAN.
fn fix_means(model: &mut TypedModel) {
    for node in &mut model.nodes {
        if node.op_as::<TypedBinOp>().is_some_and(|operator| operator.0.is::<Scale>()) {
            node.op = Box::new(TypedBinOp(Box::new(Mul), None));
        }
    }
}
