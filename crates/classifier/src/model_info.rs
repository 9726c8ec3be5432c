//! A model's input and output: shape, element type, layout, image size, classes.

use serde::{Deserialize, Serialize};

use crate::preprocess::Color;

/// The input and output of a loaded model. Manifest and labels must match it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// The shape of the input tensor, with batch size 1 and dynamic dimensions filled from the manifest.
    pub input_shape: Vec<usize>,
    /// The element type that the model file declares.
    pub input_type: ElementType,
    /// The order of the input's dimensions.
    pub layout: Layout,
    /// Image width and height in pixels.
    pub size: [u32; 2],
    /// Grey or RGB.
    pub color: Color,
    /// The number of scores in the output.
    pub classes: usize,
}

impl ModelInfo {
    /// The number of labels, and of scores in an answer: one per score of the output, and two if it has only one, the probability
    /// of the second.
    pub fn labels(&self) -> usize {
        self.classes.max(2)
    }
}

/// The element type of the model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementType {
    /// The bytes of the pixels, unchanged.
    Uint8,
    /// Normalized values, as of every type that follows.
    Float32,
    /// Computed as float32.
    Float16,
    /// Computed as float32.
    Bfloat16,
    /// Computed as float32.
    Float64,
    /// Rounded towards zero.
    Int8,
    /// Rounded towards zero.
    Int16,
    /// Rounded towards zero.
    Uint16,
    /// Rounded towards zero.
    Int32,
    /// Rounded towards zero.
    Int64,
}

impl ElementType {
    /// The name that ONNX and TFLite use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uint8 => "uint8",
            Self::Float32 => "float32",
            Self::Float16 => "float16",
            Self::Bfloat16 => "bfloat16",
            Self::Float64 => "float64",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Uint16 => "uint16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
        }
    }
}

/// The order of the input's dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Layout {
    /// Batch, height, width.
    Nhw,
    /// Batch, height, width, channels.
    Nhwc,
    /// Batch, channels, height, width.
    Nchw,
}
