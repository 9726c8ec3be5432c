//! tract, unchanged or with our kernels (`REWRITE=1`). `PREPARE=FILE` also writes the prepared form.

use anyhow::Result;
use bench::{Call, Elements, serve};
use tract_core::internal::*;
use tract_onnx::prelude::{Framework, InferenceFact, InferenceModelExt};

fn main() -> Result<()> {
    serve(|call| {
        let element = match call.elements {
            Elements::U8(_) => u8::datum_type(),
            Elements::F32(_) => f32::datum_type(),
        };
        let mut model = tract_onnx::onnx().model_for_path(&call.model)?;
        model.set_input_fact(0, InferenceFact::dt_shape(element, &call.shape))?;
        model.set_output_fact(0, InferenceFact::default())?;
        let mut model = model.into_typed()?;
        let prepare = std::env::var_os("PREPARE");
        if prepare.is_some() || std::env::var_os("REWRITE").is_some() {
            let rewritten = tract_channels_last::rewrite(&mut model, tract_channels_last::Isa::detect())?;
            if let Some(path) = prepare {
                let program = rewritten.whole_model.with_context(|| format!("{:?} is left to tract", rewritten.left))?;
                program.save(&mut std::fs::File::create(path)?)?;
            }
        }
        let plan = model.into_optimized()?.into_runnable()?;
        Ok(move |call: &Call| {
            let input = match &call.elements {
                Elements::U8(bytes) => Tensor::from_shape(&call.shape, bytes)?,
                Elements::F32(floats) => Tensor::from_shape(&call.shape, floats)?,
            };
            let outputs = plan.run(tvec!(input.into_tvalue()))?;
            Ok(outputs[0].try_as_plain_ram()?.as_slice::<f32>()?.to_vec())
        })
    })
}
