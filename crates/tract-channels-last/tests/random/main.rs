//! Compares random networks after rewriting with plain tract, both before tract's own passes and after them.
//!
//! `CHANNELS_LAST_CASES=100000 cargo test --release -p tract-channels-last --test random` runs more cases. A failure names its
//! seed; `CHANNELS_LAST_SEED` runs that case alone.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test fails by panicking, and reports what it covered")]

mod network;
mod numbers;

use network::{Case, network};
use numbers::Numbers;
use tract_channels_last::{InputData, Isa, Program, rewrite};
use tract_core::internal::*;
use tract_core::ops::cnn::Conv;
use tract_core::ops::einsum::EinSum;

/// Number of cases, chosen for CI.
const CASES: u64 = 3000;

#[test]
fn random_networks_compute_what_tract_computes() {
    let variable = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = match variable("CHANNELS_LAST_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..variable("CHANNELS_LAST_CASES").unwrap_or(CASES),
    };
    let count = seeds.end - seeds.start;
    let mut tally = Tally::default();
    for seed in seeds {
        check(seed, &mut tally).with_context(|| format!("CHANNELS_LAST_SEED={seed}")).unwrap();
    }
    println!("{count} networks: {tally:?}");
    if count >= CASES {
        // Fail if the generator no longer produces the interesting cases.
        assert!(
            tally.operators > 4 * count
                && tally.whole_model > count / 4
                && tally.split > count / 30
                && tally.winograd > count / 100
                && tally.unoptimized < count / 50,
            "{tally:?}"
        );
    }
}

/// What the cases covered.
#[derive(Debug, Default)]
struct Tally {
    operators: u64,
    whole_model: u64,
    /// Cases with more than one subgraph.
    split: u64,
    /// Cases with a Winograd convolution.
    winograd: u64,
    /// Cases that tract's own passes cannot optimize, or compute wrongly.
    unoptimized: u64,
}

fn check(seed: u64, tally: &mut Tally) -> TractResult<()> {
    let mut numbers = Numbers::new(seed);
    let Case { model, input } = network(&mut numbers)?;
    let before = run(model.clone(), &input).context("plain tract")?;
    // tract's own passes fail on some models and give wrong results on others.
    let after = model.clone().into_optimized().and_then(|model| run(model, &input)).ok();
    let after = after.filter(|after| compare(&before, after).is_ok());
    tally.unoptimized += u64::from(after.is_none());
    let available = Isa::available();
    let isa = available[(seed as usize) % available.len()];
    let mut ours = model.clone();
    let rewritten = rewrite(&mut ours, isa).context("rewriting")?;
    let has_heavy_node = model.nodes.iter().any(|node| node.op_is::<Conv>() || node.op_is::<EinSum>());
    ensure!(has_heavy_node == (rewritten.subgraphs > 0), "{} subgraphs in {model:?}", rewritten.subgraphs);
    tally.operators += rewritten.taken.values().sum::<usize>() as u64;
    tally.whole_model += u64::from(rewritten.whole_model.is_some());
    tally.split += u64::from(rewritten.subgraphs > 1);
    if let Some(program) = &rewritten.whole_model {
        tally.winograd += u64::from(check_stored(program, isa, &input, &before[0])?);
    }
    let plain = run(ours.clone(), &input).context("rewritten")?;
    let optimized = run(ours.into_optimized()?, &input).context("rewritten and optimized")?;
    for (name, found) in [("rewritten", plain), ("rewritten and optimized", optimized)] {
        compare(&before, &found).with_context(|| format!("{name}, {}, against plain tract", isa.name()))?;
        if let Some(after) = &after {
            compare(after, &found).with_context(|| format!("{name}, {}, against optimized tract", isa.name()))?;
        }
    }
    Ok(())
}

fn run(model: TypedModel, input: &Tensor) -> TractResult<TVec<TValue>> {
    model.into_runnable()?.run(tvec![input.clone().into_tvalue()])
}

/// Checks that a program gives the same result after it is stored and loaded. Returns whether it has a Winograd step.
fn check_stored(program: &Program, isa: Isa, input: &Tensor, expected: &Tensor) -> TractResult<bool> {
    let mut file = Vec::new();
    program.save(&mut file)?;
    let read = Program::load(&mut file.as_slice())?;
    let view = input.try_as_plain_ram()?;
    let data = match input.datum_type() {
        DatumType::U8 => InputData::U8(view.as_slice()?),
        _ => InputData::F32(view.as_slice()?),
    };
    let results = [program, &*read].map(|program| {
        let mut output = vec![0.0; program.outputs()[0]];
        let mut workspace = program.workspace();
        for _ in 0..2 {
            // The second run uses the workspace as the first one left it.
            program.run(isa, &mut workspace, &[data], &mut [&mut output]);
        }
        output
    });
    ensure!(results[0] == results[1], "the stored program gives a different result");
    let found = Tensor::from_shape(expected.shape(), &results[0])?;
    compare(&tvec![expected.clone().into_tvalue()], &tvec![found.into_tvalue()]).context("the program by itself")?;
    Ok(file.windows(11).any(|text| text == b"{\"Winograd\""))
}

fn compare(expected: &[TValue], found: &[TValue]) -> TractResult<()> {
    ensure!(expected.len() == found.len());
    for (expected, found) in expected.iter().zip(found) {
        ensure!(expected.shape() == found.shape(), "expected shape {:?}, found {:?}", expected.shape(), found.shape());
        let (expected, found) = (expected.try_as_plain_ram()?, found.try_as_plain_ram()?);
        let (expected, found) = (expected.as_slice::<f32>()?, found.as_slice::<f32>()?);
        let scale = expected.iter().fold(1.0f32, |max, value| max.max(value.abs()));
        for (index, (a, b)) in expected.iter().zip(found).enumerate() {
            ensure!((a - b).abs() <= 1e-4 * scale, "element {index}: expected {a}, found {b} (scale {scale})");
        }
    }
    Ok(())
}
