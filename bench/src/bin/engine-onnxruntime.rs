//! onnxruntime's library, called from Rust. `ORT_DYLIB_PATH` is its path; `OPTIMISED=1` means that it has optimized the model
//! beforehand.

use anyhow::Result;
use bench::{Call, Elements, serve};
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::TensorRef;

fn main() -> Result<()> {
    serve(|call| {
        let level = match std::env::var_os("OPTIMISED") {
            Some(_) => GraphOptimizationLevel::Disable,
            None => GraphOptimizationLevel::Level3,
        };
        let builder =
            Session::builder()?.with_intra_threads(1)?.with_inter_threads(1)?.with_optimization_level(level)?;
        let mut session = builder.commit_from_file(&call.model)?;
        Ok(move |call: &Call| {
            let outputs =
                match &call.elements {
                    Elements::U8(bytes) => session
                        .run(ort::inputs![TensorRef::from_array_view((call.shape.clone(), bytes.as_slice()))?])?,
                    Elements::F32(floats) => session
                        .run(ort::inputs![TensorRef::from_array_view((call.shape.clone(), floats.as_slice()))?])?,
                };
            Ok(outputs[0].try_extract_tensor::<f32>()?.1.to_vec())
        })
    })
}
