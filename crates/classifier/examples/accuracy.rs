//! Measures a model's accuracy on images in MNIST's IDX format. Each image is encoded as PNG first, so that it goes through the
//! same decoding, preprocessing and ranking as in the function.
//!
//! `python model/train.py fetch --data DIR` downloads the files.

use std::{
    io::Cursor,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use clap::Parser as _;
use classifier::{Classifier, Manifest};
use image::{GrayImage, ImageFormat};

/// Measure a model's accuracy on IDX files
#[derive(clap::Parser)]
struct Arguments {
    /// Model file, .onnx or .tflite
    #[arg(long)]
    model: PathBuf,
    /// Images, as in t10k-images-idx3-ubyte
    #[arg(long)]
    images: PathBuf,
    /// The class of each image, as in t10k-labels-idx1-ubyte
    #[arg(long)]
    labels: PathBuf,
}

#[expect(clippy::print_stdout, reason = "printing the figure is its purpose")]
fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let classifier = open(&arguments.model)?;
    let (images, shape) = read_idx::<3>(&arguments.images)?;
    let (labels, [count]) = read_idx::<1>(&arguments.labels)?;
    let [images_count, height, width] = shape;
    ensure!(images_count == count, "there are {images_count} images, but {count} labels");
    ensure!(count > 0 && height * width > 0, "there are no images");

    let mut correct = 0;
    for (pixels, label) in images.chunks_exact(height * width).zip(&labels) {
        let image = GrayImage::from_raw(width as u32, height as u32, pixels.to_vec()).context("building image")?;
        let mut png = Cursor::new(Vec::new());
        image.write_to(&mut png, ImageFormat::Png).context("encoding image")?;
        let predictions = classifier.classify(png.get_ref())?;
        correct += usize::from(predictions.first().is_some_and(|best| best.label == label.to_string()));
    }
    let share = 100.0 * correct as f64 / count as f64;
    println!("{}: {correct} of {count} correct, {share:.2} %", arguments.model.display());
    Ok(())
}

/// Opens the model without labels, so that labels are class indices, as in the IDX file.
fn open(model: &Path) -> Result<Classifier> {
    let bytes = std::fs::read(model).with_context(|| format!("reading model {}", model.display()))?;
    let file_name = model.file_name().and_then(|name| name.to_str()).context("the model has no file name")?;
    let manifest = Manifest { top_k: 1, ..Manifest::new("accuracy", file_name) };
    Ok(Classifier::new(manifest, &bytes)?)
}

/// The data and dimensions of an IDX file of unsigned bytes.
fn read_idx<const RANK: usize>(path: &Path) -> Result<(Vec<u8>, [usize; RANK])> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    parse_idx(&bytes).with_context(|| format!("reading {}", path.display()))
}

fn parse_idx<const RANK: usize>(bytes: &[u8]) -> Result<(Vec<u8>, [usize; RANK])> {
    let header = 4 + 4 * RANK;
    ensure!(
        bytes.len() >= header && bytes[..4] == [0, 0, 8, RANK as u8],
        "it is not an IDX file of bytes with {RANK} dimensions"
    );
    let mut shape = [0; RANK];
    for (length, word) in shape.iter_mut().zip(bytes[4..].as_chunks::<4>().0) {
        *length = u32::from_be_bytes(*word) as usize;
    }
    let count = shape.iter().try_fold(1usize, |count, &length| count.checked_mul(length));
    ensure!(count == Some(bytes.len() - header), "its length does not match its dimensions {shape:?}");
    Ok((bytes[header..].to_vec(), shape))
}
