//! Measures a model on images in MNIST's idx format, through the same decoding, preprocessing and ranking that the
//! function uses: each image is encoded as PNG and classified from there.
//!
//! `python model/train.py fetch --data DIR` fetches the files.

use std::{
    io::Cursor,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use clap::Parser as _;
use classifier::{Classifier, Manifest};
use image::{GrayImage, ImageFormat};

/// Measure a model's accuracy on idx files
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

#[expect(clippy::print_stdout, reason = "the figure is what the command is for")]
fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let classifier = open(&arguments.model)?;
    let (images, shape) = read_idx::<3>(&arguments.images)?;
    let (labels, [count]) = read_idx::<1>(&arguments.labels)?;
    let [images_count, height, width] = shape;
    ensure!(images_count == count, "there are {images_count} images, but {count} labels");
    ensure!(count > 0 && height * width > 0, "there are no images");

    let mut right = 0;
    for (pixels, label) in images.chunks_exact(height * width).zip(&labels) {
        let image = GrayImage::from_raw(width as u32, height as u32, pixels.to_vec()).context("building image")?;
        let mut png = Cursor::new(Vec::new());
        image.write_to(&mut png, ImageFormat::Png).context("encoding image")?;
        let predictions = classifier.classify(png.get_ref())?;
        right += usize::from(predictions.first().is_some_and(|best| best.label == label.to_string()));
    }
    let share = 100.0 * right as f64 / count as f64;
    println!("{}: {right} of {count} right, {share:.2} %", arguments.model.display());
    Ok(())
}

/// Without labels, so that a class is named by its index, as in the idx file.
fn open(model: &Path) -> Result<Classifier> {
    let bytes = std::fs::read(model).with_context(|| format!("reading model {}", model.display()))?;
    let file_name = model.file_name().and_then(|name| name.to_str()).context("the model has no file name")?;
    let manifest = Manifest { top_k: 1, ..Manifest::new("accuracy", file_name) };
    Ok(Classifier::new(manifest, &bytes)?)
}

/// The bytes of an idx file of unsigned bytes, and its dimensions.
fn read_idx<const RANK: usize>(path: &Path) -> Result<(Vec<u8>, [usize; RANK])> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    parse_idx(&bytes).with_context(|| format!("reading {}", path.display()))
}

fn parse_idx<const RANK: usize>(bytes: &[u8]) -> Result<(Vec<u8>, [usize; RANK])> {
    let header = 4 + 4 * RANK;
    ensure!(bytes.len() >= header && bytes[..4] == [0, 0, 8, RANK as u8], "no idx file of {RANK} dimensions of bytes");
    let mut shape = [0; RANK];
    for (length, word) in shape.iter_mut().zip(bytes[4..].as_chunks::<4>().0) {
        *length = u32::from_be_bytes(*word) as usize;
    }
    let count = shape.iter().try_fold(1usize, |count, &length| count.checked_mul(length));
    ensure!(count == Some(bytes.len() - header), "its length does not fit its dimensions {shape:?}");
    Ok((bytes[header..].to_vec(), shape))
}
