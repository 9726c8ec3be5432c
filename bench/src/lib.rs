//! What all engines of the benchmark share: their command line and their output.
//!
//! `ENGINE MODEL INPUT u8|f32 SIZE…` loads the model, answers once, and prints the scores as one line of JSON. Then each line of
//! stdin is a number of answers; it prints how many nanoseconds each took. At the end of stdin it prints its peak memory in kilobytes.

use std::io::{BufRead, Write};
use std::time::Instant;

use anyhow::{Context, Result};

/// The elements of the input.
pub enum Elements {
    /// For a model that takes bytes.
    U8(Vec<u8>),
    /// For a model that takes floats.
    F32(Vec<f32>),
}

/// An engine's command line.
pub struct Call {
    /// Path of the model.
    pub model: String,
    /// The input.
    pub elements: Elements,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// Runs one engine: `load` returns the function that answers.
pub fn serve<F: FnMut(&Call) -> Result<Vec<f32>>>(load: impl FnOnce(&Call) -> Result<F>) -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| arguments.next().with_context(|| format!("{what} is missing"));
    let (model, input, element) = (next("the model")?, next("the input")?, next("the element type")?);
    let shape = arguments.map(|size| Ok(size.parse()?)).collect::<Result<Vec<usize>>>()?;
    let bytes = std::fs::read(&input)?;
    let elements = match element.as_str() {
        "u8" => Elements::U8(bytes),
        _ => Elements::F32(
            bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect(),
        ),
    };
    let call = Call { model, elements, shape };
    let mut answer = load(&call)?;
    let scores = answer(&call)?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{}", serde_json::to_string(&scores)?)?;
    stdout.flush()?;
    for line in std::io::stdin().lock().lines() {
        let mut times = Vec::new();
        for _ in 0..line?.trim().parse::<usize>()? {
            let begin = Instant::now();
            std::hint::black_box(answer(&call)?);
            times.push(begin.elapsed().as_nanos() as u64);
        }
        writeln!(stdout, "{}", serde_json::to_string(&times)?)?;
        stdout.flush()?;
    }
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    writeln!(stdout, "{}", peak.trim_end_matches("kB").trim())?;
    Ok(())
}
