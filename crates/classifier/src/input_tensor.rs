//! Turns pixels into the model's input tensor: inversion, layout, normalization.

use crate::model_info::{ElementType, Layout, ModelInfo};
use crate::pixels::Pixels;
use crate::preprocess::Preprocess;

/// The elements of the input tensor, in the model's layout.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum InputTensor {
    U8(Vec<u8>),
    F32(Vec<f32>),
}

/// Builds the input tensor from an image that has the model's size and color mode.
pub(crate) fn input_tensor(info: &ModelInfo, mut pixels: Pixels, preprocess: &Preprocess) -> InputTensor {
    if preprocess.invert {
        pixels.data.iter_mut().for_each(|value| *value = 255 - *value);
    }
    if info.layout == Layout::Nchw {
        pixels.data = deinterleave(pixels.data, pixels.channels);
    }
    if info.input_type == ElementType::Uint8 {
        return InputTensor::U8(pixels.data);
    }
    let channel_value = |values: &[f32], channel: usize, default: f32| match values {
        [] => default,
        [one] => *one,
        all => all[channel],
    };
    // A byte has only 256 values, so a table per channel replaces the arithmetic.
    let tables: Vec<[f32; 256]> = (0..pixels.channels)
        .map(|channel| {
            let scale = channel_value(&preprocess.scale, channel, 1.0);
            let mean = channel_value(&preprocess.mean, channel, 0.0);
            let std = channel_value(&preprocess.std, channel, 1.0);
            std::array::from_fn(|value| (value as f32 * scale - mean) / std)
        })
        .collect();
    let normalized = |table: &[f32; 256], value: u8| table[usize::from(value)];
    InputTensor::F32(match (info.layout, tables.as_slice()) {
        (_, [table]) => pixels.data.iter().map(|&value| normalized(table, value)).collect(),
        (Layout::Nchw, tables) => {
            let planes = pixels.data.chunks_exact(pixels.width * pixels.height).zip(tables);
            planes.flat_map(|(plane, table)| plane.iter().map(|&value| normalized(table, value))).collect()
        }
        (_, tables) => {
            let pixels = pixels.data.chunks_exact(tables.len());
            pixels.flat_map(|pixel| pixel.iter().zip(tables).map(|(&value, table)| normalized(table, value))).collect()
        }
    })
}

/// From HWC to CHW.
fn deinterleave(data: Vec<u8>, channels: usize) -> Vec<u8> {
    if channels == 1 {
        return data;
    }
    (0..channels).flat_map(|channel| data.iter().skip(channel).step_by(channels).copied()).collect()
}
