//! Runs a model with plain tract and rewritten, and prints which operators the kernels compute, the largest difference, and the
//! times.
//!
//! `cargo run --release -p tract-channels-last --example compare -- model.onnx f32 1 3 224 224`
#![expect(clippy::print_stdout, reason = "printing figures is its purpose")]

use std::time::Instant;

use tract_channels_last::{Isa, rewrite};
use tract_core::internal::*;
use tract_onnx::prelude::{Framework, InferenceFact, InferenceModelExt};

fn main() -> TractResult<()> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().context("usage: compare MODEL f32|u8 SHAPE...")?;
    let bytes = arguments.next().context("usage: compare MODEL f32|u8 SHAPE...")? == "u8";
    let shape: TVec<usize> = arguments.map(|argument| Ok(argument.parse()?)).collect::<TractResult<_>>()?;
    let element = if bytes { u8::datum_type() } else { f32::datum_type() };
    let load = || -> TractResult<TypedModel> {
        let mut model = tract_onnx::onnx().model_for_path(&path)?;
        model.set_input_fact(0, InferenceFact::dt_shape(element, &*shape))?;
        model.set_output_fact(0, InferenceFact::default())?;
        model.into_typed()
    };
    let length = shape.iter().product::<usize>();
    let input = if bytes {
        Tensor::from_shape(&shape, &(0..length).map(|index| (index * 37 % 251) as u8).collect::<Vec<_>>())?
    } else {
        let values = (0..length).map(|index| ((index * 7919) % 1009) as f32 / 504.5 - 1.0);
        Tensor::from_shape(&shape, &values.collect::<Vec<f32>>())?
    };

    let stock = load()?.into_optimized()?.into_runnable()?;
    let begin = Instant::now();
    let mut model = load()?;
    let parsed = begin.elapsed();
    let rewritten = rewrite(&mut model, Isa::detect())?;
    let compiled = begin.elapsed();
    let ours = model.into_optimized()?.into_runnable()?;
    println!(
        "parsed in {parsed:?}, rewritten in {:?}, optimized in {:?}",
        compiled - parsed,
        begin.elapsed() - compiled
    );
    println!(
        "{}: channels-last {:?}, tract {:?}, whole model {}",
        Isa::detect().name(),
        rewritten.taken,
        rewritten.left,
        rewritten.whole_model.is_some()
    );

    let expected = stock.run(tvec![input.clone().into_tvalue()])?.remove(0);
    let found = ours.run(tvec![input.clone().into_tvalue()])?.remove(0);
    let difference =
        expected.try_as_plain_ram()?.as_slice::<f32>()?.iter().zip(found.try_as_plain_ram()?.as_slice::<f32>()?);
    let largest = difference.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    println!("largest difference {largest}");
    // All rounds of one, then all of the other: alternating, each would find the caches full of the other's weights.
    for (name, plan) in [("tract", &stock), ("rewritten", &ours)] {
        let mut times = Vec::new();
        for _ in 0..60 {
            let begin = Instant::now();
            plan.run(tvec![input.clone().into_tvalue()])?;
            times.push(begin.elapsed());
        }
        times.sort();
        println!("{name}: median {:?}, minimum {:?}", times[times.len() / 2], times[0]);
    }
    Ok(())
}
