//! Turns pixels into the model's input tensor: inversion, layout, normalization.

use crate::model_info::{ElementType, Layout, ModelInfo};
use crate::pixels::{Pixels, Raster};
use crate::preprocess::Preprocess;

/// The elements of the input tensor, in the model's layout.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum InputTensor {
    U8(Vec<u8>),
    F32(Vec<f32>),
}

/// Builds the input tensor from an image that has the model's size and color mode.
pub(crate) fn input_tensor(info: &ModelInfo, raster: Raster, preprocess: &Preprocess) -> InputTensor {
    match raster {
        Raster::Floats(pixels) if info.input_type == ElementType::Float32 => from_floats(info, pixels, preprocess),
        raster => from_bytes(info, raster.into_bytes(), preprocess),
    }
}

fn from_floats(info: &ModelInfo, mut pixels: Pixels<f32>, preprocess: &Preprocess) -> InputTensor {
    let channels: Vec<Normalization> =
        (0..pixels.channels).map(|channel| Normalization::of(preprocess, channel)).collect();
    for pixel in pixels.data.chunks_exact_mut(channels.len()) {
        for (value, normalization) in pixel.iter_mut().zip(&channels) {
            let given = if preprocess.invert { 255.0 - *value } else { *value };
            *value = normalization.apply(given);
        }
    }
    InputTensor::F32(match info.layout {
        Layout::Nchw => deinterleave(pixels.data, pixels.channels),
        _ => pixels.data,
    })
}

fn from_bytes(info: &ModelInfo, mut pixels: Pixels, preprocess: &Preprocess) -> InputTensor {
    if preprocess.invert {
        pixels.data.iter_mut().for_each(|value| *value = 255 - *value);
    }
    if info.layout == Layout::Nchw {
        pixels.data = deinterleave(pixels.data, pixels.channels);
    }
    if info.input_type == ElementType::Uint8 {
        return InputTensor::U8(pixels.data);
    }
    // A byte has only 256 values, so a table per channel replaces the arithmetic.
    let tables: Vec<[f32; 256]> = (0..pixels.channels)
        .map(|channel| {
            let normalization = Normalization::of(preprocess, channel);
            std::array::from_fn(|value| normalization.apply(value as f32))
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

/// What a float input does to the values of one channel.
struct Normalization {
    scale: f32,
    mean: f32,
    std: f32,
}

impl Normalization {
    fn of(preprocess: &Preprocess, channel: usize) -> Self {
        let value = |values: &[f32], default: f32| match values {
            [] => default,
            [one] => *one,
            all => all[channel],
        };
        Self {
            scale: value(&preprocess.scale, 1.0),
            mean: value(&preprocess.mean, 0.0),
            std: value(&preprocess.std, 1.0),
        }
    }

    fn apply(&self, value: f32) -> f32 {
        (value * self.scale - self.mean) / self.std
    }
}

/// From HWC to CHW.
fn deinterleave<T: Copy>(data: Vec<T>, channels: usize) -> Vec<T> {
    if channels == 1 {
        return data;
    }
    (0..channels).flat_map(|channel| data.iter().skip(channel).step_by(channels).copied()).collect()
}
