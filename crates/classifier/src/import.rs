//! Reading a model file with tract: ONNX or TFLite, and what of it the channels-last operator takes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

use tract_channels_last::Rewritten;
use tract_onnx::prelude::{
    DatumType, Framework, InferenceFact, InferenceModelExt, IntoRunnable, IntoTValue, Tensor, TractError, TractResult,
    TypedModel, TypedRunnableModel, tvec,
};
use tract_onnx::tract_hir::infer::Factoid;
use tract_onnx::tract_hir::internal::DimLike;

use crate::engine::{Engine, Operators};
use crate::error::Error;
use crate::input::{ElementType, Facts, Input, Layout};
use crate::manifest::Preprocess;
use crate::model::{Model, Runs};
use crate::tflite;

/// Characters of a cause that is shown; tract prints whole graphs.
const MAX_CAUSE: usize = 300;

/// A model that tract runs, as a whole or around the parts that were taken.
pub(crate) struct Plan {
    plan: Arc<TypedRunnableModel>,
    /// What the plan's input wants: float also where the file declares uint8 and converts it first thing.
    feeds: DatumType,
}

impl Plan {
    pub(crate) fn run(&self, shape: &[usize], input: &Input) -> Result<Vec<f32>, Error> {
        self.scores(shape, input).map_err(|error| Error::Model(format!("running model: {}", cause(&error))))
    }

    fn scores(&self, shape: &[usize], input: &Input) -> TractResult<Vec<f32>> {
        let input = match input {
            Input::U8(bytes) => Tensor::from_shape(shape, bytes)?,
            Input::F32(floats) => Tensor::from_shape(shape, floats)?,
        };
        let input = if input.datum_type() == self.feeds { input } else { input.cast_to_dt(self.feeds)?.into_owned() };
        let outputs = self.plan.run(tvec!(input.into_tvalue()))?;
        let scores = outputs[0].cast_to::<f32>()?;
        Ok(scores.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
    }
}

/// Reads a model file. `file_name` tells ONNX from TFLite by its ending.
pub(crate) fn load(file_name: &str, bytes: &[u8], preprocess: &Preprocess, engine: Engine) -> Result<Model, Error> {
    let ending = Path::new(file_name).extension().and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    let load = match ending.as_deref() {
        Some("onnx") => load_onnx,
        Some("tflite") => load_tflite,
        _ => {
            return Err(Error::Model(format!("reading model {file_name}: the file name must end in .onnx or .tflite")));
        }
    };
    // tract panics on some damaged files. A model is loaded when it is packaged, where this turns the panic into
    // an error; the function itself, which aborts on a panic, only ever sees a file that passed there.
    catch_unwind(AssertUnwindSafe(|| load(bytes, preprocess).and_then(|(model, facts)| of(model, facts, engine))))
        .unwrap_or_else(|_| {
            Err(Error::Model("it is damaged, or uses an operator in a way that is not supported".to_owned()))
        })
        .map_err(|error| match error {
            Error::Model(message) if !message.starts_with("reading model") => {
                Error::Model(format!("reading model {file_name}: {message}"))
            }
            other => other,
        })
}

fn of(mut model: TypedModel, mut facts: Facts, engine: Engine) -> Result<Model, Error> {
    let output = model.output_fact(0).map_err(broken)?;
    facts.classes = match output.shape.as_concrete() {
        Some(&[1, classes]) if classes > 0 && output.datum_type.is_float() => classes,
        _ => {
            return Err(Error::Model(format!("its output is {output:?}; a classifier gives [1, classes] of floats")));
        }
    };
    let isa = channels_last::Isa::detect();
    let rewritten = match engine {
        Engine::ChannelsLast => tract_channels_last::rewrite(&mut model, isa).map_err(broken)?,
        Engine::Tract => Rewritten { left: tract_channels_last::operators(&model), ..Rewritten::default() },
    };
    let feeds = model.input_fact(0).map_err(broken)?.datum_type;
    let runs = match rewritten.whole_model {
        Some(program) if takes(&program, &facts, feeds) => Runs::program(program, isa),
        _ => {
            let plan = model.into_optimized().and_then(IntoRunnable::into_runnable).map_err(broken)?;
            Runs::Plan(Plan { plan, feeds })
        }
    };
    Ok(Model { runs, facts, operators: Operators { taken: rewritten.taken, left: rewritten.left } })
}

/// Whether a program takes just what the model takes.
fn takes(program: &channels_last::Program, facts: &Facts, feeds: DatumType) -> bool {
    let elements = facts.input_shape.iter().product();
    let element = if feeds == DatumType::U8 { channels_last::ElementType::U8 } else { channels_last::ElementType::F32 };
    program.inputs().eq([(elements, element)]) && program.outputs() == [facts.classes]
}

fn load_onnx(mut bytes: &[u8], preprocess: &Preprocess) -> Result<(TypedModel, Facts), Error> {
    let mut model = tract_onnx::onnx().model_for_read(&mut bytes).map_err(broken)?;
    check_ends(model.inputs.len(), model.outputs.len())?;
    let input = model.input_fact(0).map_err(broken)?.clone();
    let dimensions: Vec<Option<usize>> = match input.shape.is_open() {
        true => Vec::new(),
        false => input.shape.dims().map(|length| length.concretize().and_then(|n| n.to_usize().ok())).collect(),
    };
    let datum_type = input.datum_type.concretize().unwrap_or(DatumType::F32);
    let facts = Facts::resolve(&dimensions, element_type(datum_type)?, preprocess, Layout::Nchw)?;
    // A symbolic batch would pick slower operators.
    let fixed = InferenceFact::dt_shape(datum_type, facts.input_shape.as_slice());
    model.set_input_fact(0, fixed).map_err(broken)?;
    model.set_output_fact(0, InferenceFact::default()).map_err(broken)?;
    Ok((model.into_typed().map_err(broken)?, facts))
}

fn load_tflite(bytes: &[u8], preprocess: &Preprocess) -> Result<(TypedModel, Facts), Error> {
    let tflite::Read { model, input_type } = tflite::read(bytes)?;
    check_ends(model.inputs.len(), model.outputs.len())?;
    let input = model.input_fact(0).map_err(broken)?;
    let dimensions: Vec<Option<usize>> = input.shape.iter().map(|length| length.to_usize().ok()).collect();
    let input_type = match input_type {
        Some(declared) => declared,
        None => element_type(input.datum_type)?,
    };
    let facts = Facts::resolve(&dimensions, input_type, preprocess, Layout::Nhwc)?;
    Ok((model, facts))
}

fn check_ends(inputs: usize, outputs: usize) -> Result<(), Error> {
    if (inputs, outputs) != (1, 1) {
        return Err(Error::Model(format!(
            "it has {inputs} inputs and {outputs} outputs; a classifier has one of each"
        )));
    }
    Ok(())
}

fn element_type(datum_type: DatumType) -> Result<ElementType, Error> {
    match datum_type {
        DatumType::U8 => Ok(ElementType::Uint8),
        DatumType::F32 => Ok(ElementType::Float32),
        other => Err(Error::Model(format!("its input is {other:?}; uint8 and float32 are possible"))),
    }
}

/// The error of a file that tract does not take.
#[expect(clippy::needless_pass_by_value, reason = "takes what map_err gives")]
pub(crate) fn broken(error: TractError) -> Error {
    Error::Model(cause(&error))
}

/// The innermost cause in one line.
fn cause(error: &TractError) -> String {
    let words: Vec<String> = error.root_cause().to_string().split_whitespace().map(str::to_owned).collect();
    let line = words.join(" ");
    match line.char_indices().nth(MAX_CAUSE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
