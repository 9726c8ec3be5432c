//! A loaded model, ready to run on either backend.

use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use channels_last::{ElementType, InputData, Isa, Program, Workspace};

use crate::engine::Operators;
use crate::error::Error;
use crate::evidence::Evidence;
use crate::input_tensor::InputTensor;
use crate::manifest::Prepared;
use crate::model_info::ModelInfo;
#[cfg(feature = "tract")]
use crate::tract_plan::TractPlan;

/// A loaded model.
pub(crate) struct Model {
    pub(crate) backend: Backend,
    pub(crate) info: ModelInfo,
    /// The names of the classes, if the model file lists them.
    pub(crate) class_names: Vec<String>,
    pub(crate) operators: Operators,
    pub(crate) evidence: Evidence,
}

/// What runs the model.
pub(crate) enum Backend {
    /// The channels-last kernels compute all of it.
    ChannelsLast { program: Arc<Program>, isa: Isa, workspace: Mutex<Workspace> },
    /// tract, with or without channels-last operators in its graph.
    #[cfg(feature = "tract")]
    Tract(TractPlan),
}

impl Backend {
    pub(crate) fn channels_last(program: Arc<Program>, isa: Isa) -> Self {
        let workspace = Mutex::new(program.workspace());
        Self::ChannelsLast { program, isa, workspace }
    }
}

impl Model {
    /// Loads a model that packaging has prepared.
    pub(crate) fn load_prepared(file_name: &str, file: &mut impl Read, prepared: &Prepared) -> Result<Self, Error> {
        let fail = |cause: String| Error::Model(format!("reading model {file_name}: {cause}"));
        let program = Program::load(file).map_err(|error| fail(error.to_string()))?;
        let info = prepared.info.clone();
        let elements: usize = info.input_shape.iter().product();
        let fits = program.inputs().all(|(length, _)| length == elements) && program.outputs() == [info.classes];
        if !fits || program.inputs().count() != 1 {
            return Err(fail("it does not match its manifest".to_owned()));
        }
        let operators = Operators { taken: prepared.operators.clone(), left: Default::default() };
        let backend = Backend::channels_last(program, Isa::detect());
        Ok(Self { backend, info, class_names: Vec::new(), operators, evidence: Evidence::default() })
    }

    /// Returns the scores of one input, in class order.
    pub(crate) fn run(&self, input: &InputTensor) -> Result<Vec<f32>, Error> {
        match &self.backend {
            Backend::ChannelsLast { program, isa, workspace } => {
                // A poisoned lock is fine: a run overwrites whatever an earlier one left in the workspace.
                let mut workspace = workspace.lock().unwrap_or_else(PoisonError::into_inner);
                let mut scores = vec![0.0; self.info.classes];
                // If the file declares uint8 but immediately converts it to float, the program takes floats.
                let converted: Vec<f32>;
                let takes_floats = program.inputs().all(|(_, element_type)| element_type == ElementType::F32);
                let data = match input {
                    InputTensor::U8(bytes) if takes_floats => {
                        converted = bytes.iter().copied().map(f32::from).collect();
                        InputData::F32(&converted)
                    }
                    InputTensor::U8(bytes) => InputData::U8(bytes),
                    InputTensor::F32(floats) => InputData::F32(floats),
                };
                program.run(*isa, &mut workspace, &[data], &mut [&mut scores]);
                Ok(scores)
            }
            #[cfg(feature = "tract")]
            Backend::Tract(plan) => plan.run(&self.info.input_shape, input),
        }
    }

    /// A name for logs: `channels-last (avx2)`, `tract`, or `tract with channels-last (avx2)`.
    pub(crate) fn engine(&self) -> String {
        let isa = Isa::detect().name();
        match &self.backend {
            Backend::ChannelsLast { .. } => format!("channels-last ({isa})"),
            #[cfg(feature = "tract")]
            Backend::Tract(_) if self.operators.taken.is_empty() => "tract".to_owned(),
            #[cfg(feature = "tract")]
            Backend::Tract(_) => format!("tract with channels-last ({isa})"),
        }
    }

    /// The bytes of the prepared model file; `None` if the model needs tract.
    pub(crate) fn save_prepared(&self) -> Option<Vec<u8>> {
        match &self.backend {
            Backend::ChannelsLast { program, .. } => {
                let mut file = Vec::new();
                program.save(&mut file).ok()?;
                Some(file)
            }
            #[cfg(feature = "tract")]
            Backend::Tract(_) => None,
        }
    }
}
