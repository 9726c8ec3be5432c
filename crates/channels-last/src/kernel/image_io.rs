//! Converts images between the caller's tensors (CHW or HWC) and the blocked buffers, and copies channels for concatenation.
//! Plain loops: these run once per inference or less, and memory bounds them.

use crate::buffer::{BLOCK, Buffer};
use crate::graph::Order;

/// Copies an image from the caller into a buffer as `to_float(element) * scale[channel] + shift[channel]`.
pub(crate) fn read_image<T: Copy>(
    source: &[T],
    order: Order,
    to: &Buffer,
    output: &mut [f32],
    scale: &[f32],
    shift: &[f32],
    to_float: impl Fn(T) -> f32,
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
                        pixels.zip(line).for_each(|(pixel, &element)| *pixel = to_float(element) * scale + shift);
                    }
                    Order::Hwc => {
                        let line = &source[row * shape.width * shape.channels + first + channel..];
                        let line = line.iter().step_by(shape.channels);
                        pixels.zip(line).for_each(|(pixel, &element)| *pixel = to_float(element) * scale + shift);
                    }
                }
            }
        }
    }
}

/// Copies an image from a buffer to the caller.
pub(crate) fn write_image(from: &Buffer, input: &[f32], order: Order, target: &mut [f32]) {
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

/// Copies all channels of one image into another, starting at its channel `first`.
pub(crate) fn copy_channels(from: &Buffer, input: &[f32], to: &Buffer, output: &mut [f32], first: usize) {
    let aligned = first.is_multiple_of(BLOCK);
    for row in 0..from.shape.height {
        if aligned {
            for block in 0..from.blocks() {
                let width = from.shape.width * BLOCK;
                let source = &input[from.pixel(block, row, 0) * BLOCK..][..width];
                output[to.pixel(first / BLOCK + block, row, 0) * BLOCK..][..width].copy_from_slice(source);
            }
            continue;
        }
        for channel in 0..from.shape.channels {
            let source = from.pixel(channel / BLOCK, row, 0) * BLOCK + channel % BLOCK;
            let target = to.pixel((first + channel) / BLOCK, row, 0) * BLOCK + (first + channel) % BLOCK;
            for column in 0..from.shape.width {
                output[target + column * BLOCK] = input[source + column * BLOCK];
            }
        }
    }
}
