//! Random networks, rewritten, against tract as it is: before any of its own passes, and after all of them.
//!
//! `CHANNELS_LAST_CASES=100000 cargo test --release -p tract-channels-last --test random` is the long form. A failure names
//! its seed; `CHANNELS_LAST_SEED` runs that one alone.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test fails by panicking, and tells what it has seen")]

mod network;
mod numbers;

use network::{Case, network};
use numbers::Numbers;
use tract_channels_last::{Isa, Program, Source, rewrite};
use tract_core::internal::*;
use tract_core::ops::cnn::Conv;
use tract_core::ops::einsum::EinSum;

/// Cases in CI's time.
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
        // Otherwise much of what is meant to be tested was not.
        assert!(
            tally.operators > 4 * count
                && tally.whole > count / 4
                && tally.split > count / 30
                && tally.winograd > count / 100
                && tally.unoptimised < count / 50,
            "{tally:?}"
        );
    }
}

/// What the cases were.
#[derive(Debug, Default)]
struct Tally {
    operators: u64,
    whole: u64,
    /// Cases of more than one part.
    split: u64,
    /// Cases in which a convolution is computed with fewer multiplications.
    winograd: u64,
    /// Cases that tract's own passes fail on.
    unoptimised: u64,
}

fn check(seed: u64, tally: &mut Tally) -> TractResult<()> {
    let mut numbers = Numbers::new(seed);
    let Case { model, input } = network(&mut numbers)?;
    let before = run(model.clone(), &input).context("tract as it is")?;
    // tract's own passes fail on some models, and have been wrong on others.
    let after = model.clone().into_optimized().and_then(|model| run(model, &input)).ok();
    let after = after.filter(|after| compare(&before, after).is_ok());
    tally.unoptimised += u64::from(after.is_none());
    let all = Isa::available();
    let isa = all[(seed as usize) % all.len()];
    let mut ours = model.clone();
    let rewritten = rewrite(&mut ours, isa).context("rewriting")?;
    let heavy = model.nodes.iter().any(|node| node.op_is::<Conv>() || node.op_is::<EinSum>());
    ensure!(heavy == (rewritten.parts > 0), "{} parts were taken of {model:?}", rewritten.parts);
    tally.operators += rewritten.taken.values().sum::<usize>() as u64;
    tally.whole += u64::from(rewritten.whole.is_some());
    tally.split += u64::from(rewritten.parts > 1);
    if let Some(program) = &rewritten.whole {
        tally.winograd += u64::from(stored(program, isa, &input, &before[0])?);
    }
    let plain = run(ours.clone(), &input).context("rewritten")?;
    let optimised = run(ours.into_optimized()?, &input).context("rewritten, optimised")?;
    for (name, found) in [("rewritten", plain), ("rewritten and optimised", optimised)] {
        compare(&before, &found).with_context(|| format!("{name}, {}, against tract as it is", isa.name()))?;
        if let Some(after) = &after {
            compare(after, &found).with_context(|| format!("{name}, {}, against tract, optimised", isa.name()))?;
        }
    }
    Ok(())
}

fn run(model: TypedModel, input: &Tensor) -> TractResult<TVec<TValue>> {
    model.into_runnable()?.run(tvec![input.clone().into_tvalue()])
}

/// A program that was written and read gives what it gave. Tells whether it has a step of Winograd's.
fn stored(program: &Program, isa: Isa, input: &Tensor, expected: &Tensor) -> TractResult<bool> {
    let mut file = Vec::new();
    program.save(&mut file)?;
    let read = Program::load(&mut file.as_slice())?;
    let view = input.try_as_plain_ram()?;
    let source = match input.datum_type() {
        DatumType::U8 => Source::U8(view.as_slice()?),
        _ => Source::F32(view.as_slice()?),
    };
    let results = [program, &*read].map(|program| {
        let mut output = vec![0.0; program.outputs()[0]];
        let mut state = program.state();
        for _ in 0..2 {
            // The second run finds the memory as the first has left it.
            program.run(isa, &mut state, &[source], &mut [&mut output]);
        }
        output
    });
    ensure!(results[0] == results[1], "a stored program gives something else");
    let found = Tensor::from_shape(expected.shape(), &results[0])?;
    compare(&tvec![expected.clone().into_tvalue()], &tvec![found.into_tvalue()]).context("the program by itself")?;
    Ok(file.windows(11).any(|text| text == b"{\"Winograd\""))
}

fn compare(expected: &[TValue], found: &[TValue]) -> TractResult<()> {
    ensure!(expected.len() == found.len());
    for (expected, found) in expected.iter().zip(found) {
        ensure!(expected.shape() == found.shape(), "{:?} and {:?}", expected.shape(), found.shape());
        let (expected, found) = (expected.try_as_plain_ram()?, found.try_as_plain_ram()?);
        let (expected, found) = (expected.as_slice::<f32>()?, found.as_slice::<f32>()?);
        let scale = expected.iter().fold(1.0f32, |most, value| most.max(value.abs()));
        for (index, (a, b)) in expected.iter().zip(found).enumerate() {
            ensure!((a - b).abs() <= 1e-4 * scale, "element {index}: {a} is expected, {b} was found (scale {scale})");
        }
    }
    Ok(())
}
