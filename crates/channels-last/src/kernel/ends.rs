//! Where images enter and leave, and what is too small to be worth vectors.

use crate::buffer::{BLOCK, Buffer};
use crate::graph::Order;

/// Takes an image in, element by element. `scale` and `shift` are one for each channel.
pub(crate) fn read<T: Copy>(
    source: &[T],
    order: Order,
    to: &Buffer,
    output: &mut [f32],
    scale: &[f32],
    shift: &[f32],
    value: impl Fn(T) -> f32,
) {
    let (shape, lanes) = (to.shape, to.lanes);
    for block in 0..to.blocks() {
        let first = block * lanes;
        let channels = lanes.min(shape.channels - first);
        for row in 0..shape.height {
            let start = to.pixel(block, row, 0) * lanes;
            let output = &mut output[start..start + shape.width * lanes];
            if channels < lanes {
                output.fill(0.0);
            }
            for channel in 0..channels {
                let (scale, shift) = (scale[first + channel], shift[first + channel]);
                let pixels = output.iter_mut().skip(channel).step_by(lanes);
                match order {
                    Order::Chw => {
                        let line = &source[((first + channel) * shape.height + row) * shape.width..][..shape.width];
                        pixels.zip(line).for_each(|(pixel, &element)| *pixel = value(element) * scale + shift);
                    }
                    Order::Hwc => {
                        let line = &source[row * shape.width * shape.channels + first + channel..];
                        let line = line.iter().step_by(shape.channels);
                        pixels.zip(line).for_each(|(pixel, &element)| *pixel = value(element) * scale + shift);
                    }
                }
            }
        }
    }
}

/// Gives an image out, element by element.
pub(crate) fn write(from: &Buffer, input: &[f32], order: Order, target: &mut [f32]) {
    let shape = from.shape;
    for channel in 0..shape.channels {
        let (block, lane) = (channel / from.lanes, channel % from.lanes);
        for row in 0..shape.height {
            let start = from.pixel(block, row, 0) * from.lanes + lane;
            let line = input[start..].iter().step_by(from.lanes).take(shape.width);
            match order {
                Order::Chw => {
                    let target = &mut target[(channel * shape.height + row) * shape.width..];
                    target.iter_mut().zip(line).for_each(|(target, &value)| *target = value);
                }
                Order::Hwc => {
                    let target = target[row * shape.width * shape.channels + channel..].iter_mut();
                    target.step_by(shape.channels).zip(line).for_each(|(target, &value)| *target = value);
                }
            }
        }
    }
}

/// Copies an image to the channels of another, from `channel` on.
pub(crate) fn append(from: &Buffer, input: &[f32], to: &Buffer, output: &mut [f32], channel: usize) {
    let whole = channel.is_multiple_of(BLOCK);
    for row in 0..from.shape.height {
        if whole {
            for block in 0..from.blocks() {
                let width = from.shape.width * BLOCK;
                let source = &input[from.pixel(block, row, 0) * BLOCK..][..width];
                output[to.pixel(channel / BLOCK + block, row, 0) * BLOCK..][..width].copy_from_slice(source);
            }
            continue;
        }
        for index in 0..from.shape.channels {
            let source = from.pixel(index / BLOCK, row, 0) * BLOCK + index % BLOCK;
            let target = to.pixel((channel + index) / BLOCK, row, 0) * BLOCK + (channel + index) % BLOCK;
            for column in 0..from.shape.width {
                output[target + column * BLOCK] = input[source + column * BLOCK];
            }
        }
    }
}

/// Softmax of a vector.
pub(crate) struct Softmax;

impl Softmax {
    /// Exponentials of the differences from the largest, divided by their sum.
    pub(crate) fn run(input: &[f32], output: &mut [f32]) {
        let largest = input.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for (output, &value) in output.iter_mut().zip(input) {
            *output = (value - largest).exp();
            sum += *output;
        }
        output.iter_mut().for_each(|value| *value /= sum);
    }
}
