//! Prints a model's raw output for an input tensor, to compare it with another engine's.
//!
//! `cargo run -p classifier --example scores -- model.onnx input.f32 [--size W H] [--color RGB] [--output NAME]`: `input.f32` holds
//! the input's values as 32-bit floats, little-endian, in the model's layout. Prints one JSON document.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser as _;
use classifier::{Classifier, Color, Engine, Manifest, ModelFile, Preprocess};

/// Print a model's raw output
#[derive(clap::Parser)]
struct Arguments {
    /// Model file
    model: PathBuf,
    /// The input's values as 32-bit floats; without it only the model is described
    input: Option<PathBuf>,
    /// Width and height of the image, if the model leaves them open
    #[arg(long, num_args = 2)]
    size: Option<Vec<u32>>,
    /// L, RGB or BGR, if the model leaves the channels open
    #[arg(long)]
    color: Option<String>,
    /// The output that holds the scores
    #[arg(long)]
    output: Option<String>,
    /// Without the channels-last kernels
    #[arg(long)]
    tract: bool,
}

#[expect(clippy::print_stdout, reason = "printing the scores is its purpose")]
fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let file = ModelFile::read(&arguments.model)?;
    let color = arguments.color.as_deref().map(|name| match name {
        "L" => Color::L,
        "BGR" => Color::Bgr,
        _ => Color::Rgb,
    });
    let size = arguments.size.as_deref().map(|sides| [sides[0], sides[1]]);
    let manifest = Manifest {
        preprocess: Preprocess { size, color, ..Preprocess::default() },
        output: arguments.output.clone(),
        engine: if arguments.tract { Engine::Tract } else { Engine::default() },
        ..Manifest::new("scores", file.name)
    };
    let classifier = Classifier::new(manifest, &file.bytes)?;
    let scores = arguments.input.as_deref().map(|path| -> Result<Vec<f32>> {
        let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
        let values = bytes.as_chunks::<4>().0.iter().map(|&value| f32::from_le_bytes(value)).collect();
        Ok(classifier.raw_scores(values)?)
    });
    let scores = scores.transpose()?;
    let document = serde_json::json!({
        "info": classifier.model_info(),
        "engine": classifier.engine(),
        "class_names": classifier.class_names(),
        "scores": scores,
    });
    println!("{document}");
    Ok(())
}
