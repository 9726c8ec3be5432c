//! Loads an ONNX or TFLite file with tract, and lets the channels-last kernels compute what they support.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use tract_channels_last::Rewritten;
use tract_onnx::prelude::{DatumType, IntoRunnable, TypedModel};
use tract_onnx::tract_hir::internal::DimLike;

use crate::engine::{Engine, Operators};
use crate::error::Error;
use crate::evidence;
use crate::format::Format;
use crate::model::{Backend, Model};
use crate::model_info::{Layout, ModelInfo};
use crate::onnx::{self, OnnxModel};
use crate::preprocess::Preprocess;
use crate::request::Request;
use crate::resolve::{classes, resolve};
use crate::tflite::{self, TfliteModel};
use crate::tract_error::model_error;
use crate::tract_plan::TractPlan;

/// A parsed model file.
struct Parsed {
    model: TypedModel,
    info: ModelInfo,
    class_names: Vec<String>,
}

/// Loads a model file only to inspect it. Its bytes tell its format.
///
/// # Errors
///
/// [`Error::Model`] if the file is unreadable, uses an unsupported operator, or its input or output is not that of an image
/// classifier.
pub fn inspect(file_name: &str, bytes: &[u8], preprocess: &Preprocess) -> Result<(ModelInfo, Operators), Error> {
    let request = Request { preprocess, output: None, labels: 0, engine: Engine::default() };
    let model = load(file_name, bytes, &request)?;
    Ok((model.info, model.operators))
}

/// Loads a model file. Its bytes tell its format.
pub(crate) fn load(file_name: &str, bytes: &[u8], request: &Request<'_>) -> Result<Model, Error> {
    // tract panics on some damaged files. Packaging loads every model and turns the panic into an error here. The function
    // itself aborts on a panic, but only sees files that passed packaging.
    let loading = || {
        let parse = match Format::of(bytes, Path::new(file_name))? {
            Format::Onnx => parse_onnx,
            Format::Tflite => parse_tflite,
        };
        build(parse(bytes, request)?, request.engine)
    };
    catch_unwind(AssertUnwindSafe(loading))
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
fn build(parsed: Parsed, engine: Engine) -> Result<Model, Error> {
    let Parsed { mut model, mut info, class_names } = parsed;
    let output = model.output_fact(0).map_err(model_error)?;
    let Some(classes) = classes(output) else {
        let sides: Vec<String> = output.shape.iter().map(ToString::to_string).collect();
        return Err(Error::Model(format!(
            "its output has the shape [{}]; a classifier must return one score per class, as [1, classes]",
            sides.join(", ")
        )));
    };
    let evidence = evidence::read(&model);
    info.classes = classes;
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
    Ok(Model {
        backend,
        info,
        class_names,
        operators: Operators { taken: rewritten.taken, left: rewritten.left },
        evidence,
    })
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

fn parse_onnx(bytes: &[u8], request: &Request<'_>) -> Result<Parsed, Error> {
    let OnnxModel { model, info, class_names } = onnx::read(bytes, request)?;
    Ok(Parsed { model, info, class_names })
}

fn parse_tflite(bytes: &[u8], request: &Request<'_>) -> Result<Parsed, Error> {
    let TfliteModel { model, input_type, .. } = tflite::read(bytes, request.preprocess.size)?;
    check_input_and_output_count(model.inputs.len(), model.outputs.len())?;
    let input = model.input_fact(0).map_err(model_error)?;
    let dimensions: Vec<Option<usize>> = input.shape.iter().map(|length| length.to_usize().ok()).collect();
    let info = resolve(&dimensions, input_type, request.preprocess, Layout::Nhwc)?;
    Ok(Parsed { model, info, class_names: Vec::new() })
}

fn check_input_and_output_count(inputs: usize, outputs: usize) -> Result<(), Error> {
    if (inputs, outputs) != (1, 1) {
        return Err(Error::Model(format!(
            "it has {inputs} inputs and {outputs} outputs; a classifier must have one of each"
        )));
    }
    Ok(())
}
