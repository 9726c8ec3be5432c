//! What the zip's `classifier.json` says: which model, which labels, and how an image becomes the model's input.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::input::Facts;

/// Everything the handler needs to know besides the model file itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The `model` of every answer: the stack's name.
    pub name: String,
    /// File name of the model beside the manifest; `.onnx` or `.tflite`, or a prepared one.
    pub model: String,
    /// One label per class, in the model's order; empty when the class index is the label.
    pub labels: Vec<String>,
    /// How many predictions an answer holds at most.
    pub top_k: usize,
    /// From image to tensor.
    pub preprocess: Preprocess,
    /// Which kernels the model may use.
    #[serde(default, skip_serializing_if = "Engine::is_default")]
    pub engine: Engine,
    /// What is known of a model that packaging has prepared; none where the file is as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared: Option<Prepared>,
}

impl Manifest {
    /// Of a model file, with all else as where nothing is said: no labels, five predictions, the model's own size.
    pub fn new(name: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            model: model.into(),
            labels: Vec::new(),
            top_k: 5,
            preprocess: Preprocess::default(),
            engine: Engine::default(),
            prepared: None,
        }
    }
}

/// What a prepared model's file does not say itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prepared {
    /// What it takes and gives.
    pub facts: Facts,
    /// The operators that it was made of, by name.
    pub operators: BTreeMap<String, usize>,
}

/// From image to tensor: convert to `color`, resize with `filter`, optionally invert, then for a float input
/// `(value * scale - mean[channel]) / std[channel]`. A uint8 input takes the bytes as they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preprocess {
    /// Width and height in pixels; none takes the model's own, which must then be fixed.
    pub size: Option<[u32; 2]>,
    /// Grey or colour; none takes what the model's channel count says.
    pub color: Option<Color>,
    /// Resampling filter, with Pillow's names and results.
    pub filter: Filter,
    /// Replaces each value v by 255 - v: for a photo of dark ink on paper, where the model wants white on black.
    pub invert: bool,
    /// Multiplies each value first; 1/255 makes 0..255 into 0..1.
    pub scale: f32,
    /// Per channel, or one for all; empty is 0.
    pub mean: Vec<f32>,
    /// Per channel, or one for all; empty is 1.
    pub std: Vec<f32>,
    /// Turns the model's output into probabilities; none looks whether it already is a distribution.
    pub softmax: Option<bool>,
}

impl Default for Preprocess {
    fn default() -> Self {
        Self {
            size: None,
            color: None,
            filter: Filter::default(),
            invert: false,
            scale: 1.0,
            mean: Vec::new(),
            std: Vec::new(),
            softmax: None,
        }
    }
}

/// What colours the model sees, in Pillow's mode names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Color {
    /// One channel, ITU-R 601 luma.
    #[serde(rename = "L")]
    L,
    /// Three channels.
    #[serde(rename = "RGB")]
    Rgb,
}

/// Pillow's resampling filters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "Pillow's names")]
pub enum Filter {
    Nearest,
    Box,
    #[default]
    Bilinear,
    Hamming,
    Bicubic,
    Lanczos,
}

impl Color {
    /// Pillow's name of the mode.
    pub fn name(self) -> &'static str {
        match self {
            Self::L => "L",
            Self::Rgb => "RGB",
        }
    }

    /// How many values a pixel has.
    pub fn channels(self) -> usize {
        match self {
            Self::L => 1,
            Self::Rgb => 3,
        }
    }
}
