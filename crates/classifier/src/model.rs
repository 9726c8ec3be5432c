//! A model that is ready to run, whatever runs it.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use channels_last::{ElementType, InputData, Isa, Program, Workspace};

use crate::engine::{Engine, Operators};
use crate::error::Error;
use crate::input::{Facts, Input};
use crate::manifest::{Prepared, Preprocess};

/// A model that is ready to run.
pub(crate) struct Model {
    pub(crate) runs: Runs,
    pub(crate) facts: Facts,
    pub(crate) operators: Operators,
}

/// What runs it.
pub(crate) enum Runs {
    /// The channels-last kernels alone.
    Program { program: Arc<Program>, isa: Isa, state: Mutex<Workspace> },
    /// tract, with the channels-last operator in it or not.
    #[cfg(feature = "tract")]
    Plan(crate::import::Plan),
}

impl Runs {
    pub(crate) fn program(program: Arc<Program>, isa: Isa) -> Self {
        let state = Mutex::new(program.workspace());
        Self::Program { program, isa, state }
    }
}

/// Loads a model file only to look at it. `file_name` tells ONNX from TFLite by its ending.
///
/// # Errors
///
/// [`Error::Model`] as for loading: an unreadable file, an operator that is not supported, or an input or output that
/// is not an image classifier's.
#[cfg(feature = "tract")]
pub fn inspect(file_name: &str, bytes: &[u8], preprocess: &Preprocess) -> Result<(Facts, Operators), Error> {
    let model = Model::load(file_name, bytes, preprocess, Engine::default())?;
    Ok((model.facts, model.operators))
}

impl Model {
    /// Reads a model file as it was given.
    #[cfg(feature = "tract")]
    pub(crate) fn load(file_name: &str, bytes: &[u8], preprocess: &Preprocess, engine: Engine) -> Result<Self, Error> {
        crate::import::load(file_name, bytes, preprocess, engine)
    }

    /// Refuses it: this build has no tract.
    #[cfg(not(feature = "tract"))]
    pub(crate) fn load(
        file_name: &str,
        _bytes: &[u8],
        _preprocess: &Preprocess,
        _engine: Engine,
    ) -> Result<Self, Error> {
        Err(Error::Model(format!(
            "reading model {file_name}: this program was built without tract, and runs only prepared models"
        )))
    }

    /// Reads a model that packaging has prepared.
    pub(crate) fn prepared(file_name: &str, file: &mut impl Read, prepared: &Prepared) -> Result<Self, Error> {
        let fail = |cause: String| Error::Model(format!("reading model {file_name}: {cause}"));
        let program = Program::load(file).map_err(|error| fail(error.to_string()))?;
        let facts = prepared.facts.clone();
        let elements: usize = facts.input_shape.iter().product();
        let fits = program.inputs().all(|(length, _)| length == elements) && program.outputs() == [facts.classes];
        if !fits || program.inputs().count() != 1 {
            return Err(fail("it is another one than its manifest describes".to_owned()));
        }
        let operators = Operators { taken: prepared.operators.clone(), left: Default::default() };
        Ok(Self { runs: Runs::program(program, Isa::detect()), facts, operators })
    }

    /// The scores of one input, in the order of the classes.
    pub(crate) fn run(&self, input: &Input) -> Result<Vec<f32>, Error> {
        match &self.runs {
            Runs::Program { program, isa, state } => {
                // A run that panicked leaves nothing behind that the next one reads.
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                let mut scores = vec![0.0; self.facts.classes];
                // Bytes are what the file declares; what it converts them to first thing is a float.
                let widened: Vec<f32>;
                let wants_floats = program.inputs().all(|(_, element)| element == ElementType::F32);
                let source = match input {
                    Input::U8(bytes) if wants_floats => {
                        widened = bytes.iter().copied().map(f32::from).collect();
                        InputData::F32(&widened)
                    }
                    Input::U8(bytes) => InputData::U8(bytes),
                    Input::F32(floats) => InputData::F32(floats),
                };
                program.run(*isa, &mut state, &[source], &mut [&mut scores]);
                Ok(scores)
            }
            #[cfg(feature = "tract")]
            Runs::Plan(plan) => plan.run(&self.facts.input_shape, input),
        }
    }

    /// In words: `channels-last (avx2)`, `tract`, or both.
    pub(crate) fn engine(&self) -> String {
        let isa = Isa::detect().name();
        match &self.runs {
            Runs::Program { .. } => format!("channels-last ({isa})"),
            #[cfg(feature = "tract")]
            Runs::Plan(_) if self.operators.taken.is_empty() => "tract".to_owned(),
            #[cfg(feature = "tract")]
            Runs::Plan(_) => format!("tract with channels-last ({isa})"),
        }
    }

    /// The file of the prepared form, where tract is not needed.
    pub(crate) fn save(&self) -> Option<Vec<u8>> {
        match &self.runs {
            Runs::Program { program, .. } => {
                let mut file = Vec::new();
                program.save(&mut file).ok()?;
                Some(file)
            }
            #[cfg(feature = "tract")]
            Runs::Plan(_) => None,
        }
    }
}
