//! What a model takes and gives, and how pixels become its input tensor.

use serde::{Deserialize, Serialize};

use crate::manifest::{Color, Preprocess};
use crate::pixels::Pixels;

/// The facts of a loaded model that its manifest and its labels must fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// As run: the batch is fixed at 1 and open dimensions are filled from the manifest.
    pub input_shape: Vec<usize>,
    /// As the file declares it.
    pub input_type: ElementType,
    /// Where the channels are.
    pub layout: Layout,
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// What colours the model sees.
    pub color: Color,
    /// How many scores one answer has.
    pub classes: usize,
}

/// Element type of the model's input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ElementType {
    /// Takes the bytes of the pixels as they are.
    Uint8,
    /// Takes normalised values.
    Float32,
}

impl ElementType {
    /// As TFLite and ONNX call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Uint8 => "uint8",
            Self::Float32 => "float32",
        }
    }
}

/// Order of the input's dimensions.
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

impl Facts {
    /// The elements of the input, of an image that has this size and colour already.
    pub(crate) fn input(&self, mut pixels: Pixels, preprocess: &Preprocess) -> Input {
        if preprocess.invert {
            pixels.data.iter_mut().for_each(|value| *value = 255 - *value);
        }
        if self.layout == Layout::Nchw {
            pixels.data = planes(pixels.data, pixels.channels);
        }
        if self.input_type == ElementType::Uint8 {
            return Input::U8(pixels.data);
        }
        let pick = |values: &[f32], channel: usize, none: f32| match values {
            [] => none,
            [one] => *one,
            all => all[channel],
        };
        // A byte has 256 values: each is normalised once.
        let tables: Vec<[f32; 256]> = (0..pixels.channels)
            .map(|channel| {
                let (mean, std) = (pick(&preprocess.mean, channel, 0.0), pick(&preprocess.std, channel, 1.0));
                std::array::from_fn(|value| (value as f32 * preprocess.scale - mean) / std)
            })
            .collect();
        let normalised = |table: &[f32; 256], value: u8| table[usize::from(value)];
        Input::F32(match (self.layout, tables.as_slice()) {
            (_, [table]) => pixels.data.iter().map(|&value| normalised(table, value)).collect(),
            (Layout::Nchw, tables) => {
                let planes = pixels.data.chunks_exact(pixels.width * pixels.height).zip(tables);
                planes.flat_map(|(plane, table)| plane.iter().map(|&value| normalised(table, value))).collect()
            }
            (_, tables) => {
                let pixels = pixels.data.chunks_exact(tables.len());
                pixels
                    .flat_map(|pixel| pixel.iter().zip(tables).map(|(&value, table)| normalised(table, value)))
                    .collect()
            }
        })
    }
}

/// The elements of a model's input, in its layout.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Input {
    U8(Vec<u8>),
    F32(Vec<f32>),
}

/// Channels one after the other instead of pixel by pixel.
fn planes(data: Vec<u8>, channels: usize) -> Vec<u8> {
    if channels == 1 {
        return data;
    }
    (0..channels).flat_map(|channel| data.iter().skip(channel).step_by(channels).copied()).collect()
}
