//! Loads an ONNX or TFLite file with tract, and lets the channels-last kernels compute what they support.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use tract_channels_last::Rewritten;
use tract_onnx::prelude::{DatumType, Framework, InferenceFact, InferenceModelExt, IntoRunnable, TypedModel};
use tract_onnx::tract_hir::infer::Factoid;
use tract_onnx::tract_hir::internal::DimLike;

use crate::engine::{Engine, Operators};
use crate::error::Error;
use crate::evidence::Evidence;
use crate::model::{Backend, Model};
use crate::model_info::{ElementType, Layout, ModelInfo};
use crate::preprocess::Preprocess;
use crate::resolve::resolve;
use crate::tflite::{self, TfliteModel};
use crate::tract_error::model_error;
use crate::tract_plan::TractPlan;

/// Loads a model file only to inspect it. `file_name` tells ONNX from TFLite by its extension.
///
/// # Errors
///
/// [`Error::Model`] if the file is unreadable, uses an unsupported operator, or its input or output is not that of an image
/// classifier.
pub fn inspect(file_name: &str, bytes: &[u8], preprocess: &Preprocess) -> Result<(ModelInfo, Operators), Error> {
    let model = load(file_name, bytes, preprocess, Engine::default())?;
    Ok((model.info, model.operators))
}

/// Loads a model file. `file_name` tells ONNX from TFLite by its extension.
pub(crate) fn load(file_name: &str, bytes: &[u8], preprocess: &Preprocess, engine: Engine) -> Result<Model, Error> {
    let extension =
        Path::new(file_name).extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
    let parse = match extension.as_deref() {
        Some("onnx") => parse_onnx,
        Some("tflite") => parse_tflite,
        _ => {
            return Err(Error::Model(format!("reading model {file_name}: the file name must end in .onnx or .tflite")));
        }
    };
    // tract panics on some damaged files. Packaging loads every model and turns the panic into an error here. The function
    // itself aborts on a panic, but only sees files that passed packaging.
    catch_unwind(AssertUnwindSafe(|| parse(bytes, preprocess).and_then(|(model, info)| build(model, info, engine))))
        .unwrap_or_else(|_| {
            Err(Error::Model("the file is damaged, or uses an operator in an unsupported way".to_owned()))
        })
        .map_err(|error| match error {
            Error::Model(message) if !message.starts_with("reading model") => {
                Error::Model(format!("reading model {file_name}: {message}"))
            }
            other => other,
        })
}

/// Rewrites and optimizes a parsed model.
fn build(mut model: TypedModel, mut info: ModelInfo, engine: Engine) -> Result<Model, Error> {
    let output = model.output_fact(0).map_err(model_error)?;
    info.classes = match output.shape.as_concrete() {
        Some(&[1, classes]) if classes > 0 && output.datum_type.is_float() => classes,
        _ => {
            return Err(Error::Model(format!(
                "its output is {output:?}; a classifier must return floats of shape [1, classes]"
            )));
        }
    };
    let evidence = Evidence::of(&model);
    let isa = channels_last::Isa::detect();
    let rewritten = match engine {
        Engine::ChannelsLast => tract_channels_last::rewrite(&mut model, isa).map_err(model_error)?,
        Engine::Tract => Rewritten { left: tract_channels_last::operators(&model), ..Rewritten::default() },
    };
    let input_type = model.input_fact(0).map_err(model_error)?.datum_type;
    let backend = match rewritten.whole_model {
        Some(program) if accepts_input(&program, &info, input_type) => Backend::channels_last(program, isa),
        _ => {
            let plan = model.into_optimized().and_then(IntoRunnable::into_runnable).map_err(model_error)?;
            Backend::Tract(TractPlan { plan, input_type })
        }
    };
    Ok(Model { backend, info, operators: Operators { taken: rewritten.taken, left: rewritten.left }, evidence })
}

/// Whether a program's input and output are those of the model.
fn accepts_input(program: &channels_last::Program, info: &ModelInfo, input_type: DatumType) -> bool {
    let elements = info.input_shape.iter().product();
    let element_type = match input_type {
        DatumType::U8 => channels_last::ElementType::U8,
        _ => channels_last::ElementType::F32,
    };
    program.inputs().eq([(elements, element_type)]) && program.outputs() == [info.classes]
}

fn parse_onnx(mut bytes: &[u8], preprocess: &Preprocess) -> Result<(TypedModel, ModelInfo), Error> {
    let mut model = tract_onnx::onnx().model_for_read(&mut bytes).map_err(model_error)?;
    check_input_and_output_count(model.inputs.len(), model.outputs.len())?;
    let input = model.input_fact(0).map_err(model_error)?.clone();
    let dimensions: Vec<Option<usize>> = match input.shape.is_open() {
        true => Vec::new(),
        false => input.shape.dims().map(|length| length.concretize().and_then(|n| n.to_usize().ok())).collect(),
    };
    let datum_type = input.datum_type.concretize().unwrap_or(DatumType::F32);
    let info = resolve(&dimensions, element_type(datum_type)?, preprocess, Layout::Nchw)?;
    // With a symbolic batch size tract would choose slower operators.
    let fixed = InferenceFact::dt_shape(datum_type, info.input_shape.as_slice());
    model.set_input_fact(0, fixed).map_err(model_error)?;
    model.set_output_fact(0, InferenceFact::default()).map_err(model_error)?;
    Ok((model.into_typed().map_err(model_error)?, info))
}

fn parse_tflite(bytes: &[u8], preprocess: &Preprocess) -> Result<(TypedModel, ModelInfo), Error> {
    let TfliteModel { model, input_type } = tflite::read(bytes)?;
    check_input_and_output_count(model.inputs.len(), model.outputs.len())?;
    let input = model.input_fact(0).map_err(model_error)?;
    let dimensions: Vec<Option<usize>> = input.shape.iter().map(|length| length.to_usize().ok()).collect();
    let input_type = match input_type {
        Some(declared) => declared,
        None => element_type(input.datum_type)?,
    };
    let info = resolve(&dimensions, input_type, preprocess, Layout::Nhwc)?;
    Ok((model, info))
}

fn check_input_and_output_count(inputs: usize, outputs: usize) -> Result<(), Error> {
    if (inputs, outputs) != (1, 1) {
        return Err(Error::Model(format!(
            "it has {inputs} inputs and {outputs} outputs; a classifier must have one of each"
        )));
    }
    Ok(())
}

fn element_type(datum_type: DatumType) -> Result<ElementType, Error> {
    match datum_type {
        DatumType::U8 => Ok(ElementType::Uint8),
        DatumType::F32 => Ok(ElementType::Float32),
        other => Err(Error::Model(format!("its input has type {other:?}; only uint8 and float32 are supported"))),
    }
}
