//! Preprocessing settings: how an image becomes the model's input tensor.

use serde::{Deserialize, Serialize};

/// How an image becomes a tensor: convert to `color`, resize with `filter`, optionally invert, then for a float input
/// `(value * scale - mean[channel]) / std[channel]`. A uint8 input takes the bytes unchanged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Preprocess {
    /// Width and height in pixels. `None` means the model's own size, which must then be fixed.
    pub size: Option<[u32; 2]>,
    /// Grey or RGB. `None` means what the model's channel count says.
    pub color: Option<Color>,
    /// Resampling filter, with Pillow's names and results.
    pub filter: Filter,
    /// Replaces each value `v` by `255 - v`: for photos of dark ink on white paper, if the model expects white on black.
    pub invert: bool,
    /// Multiplies each value first; 1/255 maps 0..255 to 0..1.
    pub scale: f32,
    /// One value per channel, or one for all; empty means 0.
    pub mean: Vec<f32>,
    /// One value per channel, or one for all; empty means 1.
    pub std: Vec<f32>,
    /// Whether to apply softmax to the model's output. `None` applies it unless the output already is a distribution.
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

/// The color mode of the model's input, with Pillow's mode names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Color {
    /// One channel, ITU-R 601 luma.
    #[serde(rename = "L")]
    L,
    /// Three channels.
    #[serde(rename = "RGB")]
    Rgb,
}

impl Color {
    /// Pillow's name of the mode.
    pub fn name(self) -> &'static str {
        match self {
            Self::L => "L",
            Self::Rgb => "RGB",
        }
    }

    /// Values per pixel.
    pub fn channels(self) -> usize {
        match self {
            Self::L => 1,
            Self::Rgb => 3,
        }
    }
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
