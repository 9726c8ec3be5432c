//! A model that tract runs, alone or around channels-last operators.

use std::sync::Arc;

use tract_onnx::prelude::{DatumType, IntoTValue, Tensor, TractResult, TypedRunnableModel, tvec};

use crate::error::Error;
use crate::input_tensor::InputTensor;
use crate::tract_error::cause;

/// An optimized tract model.
pub(crate) struct TractPlan {
    pub(crate) plan: Arc<TypedRunnableModel>,
    /// The element type of the plan's input. It is float for files that declare uint8 and immediately convert it.
    pub(crate) input_type: DatumType,
}

impl TractPlan {
    /// Runs the model on an input of this shape and returns its scores.
    pub(crate) fn run(&self, shape: &[usize], input: &InputTensor) -> Result<Vec<f32>, Error> {
        self.scores(shape, input).map_err(|error| Error::Model(format!("running model: {}", cause(&error))))
    }

    fn scores(&self, shape: &[usize], input: &InputTensor) -> TractResult<Vec<f32>> {
        let input = match input {
            InputTensor::U8(bytes) => Tensor::from_shape(shape, bytes)?,
            InputTensor::F32(floats) => Tensor::from_shape(shape, floats)?,
        };
        let input = match input.datum_type() == self.input_type {
            true => input,
            false => input.cast_to_dt(self.input_type)?.into_owned(),
        };
        let outputs = self.plan.run(tvec!(input.into_tvalue()))?;
        let scores = outputs[0].cast_to::<f32>()?;
        Ok(scores.try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
    }
}
