//! Weights in the order in which kernels read them. Every part begins at a whole block.

use crate::buffer::{BLOCK, Buffer};
use crate::fuse;
use crate::graph::Order;
use crate::kernel::Places;
use crate::kernel::winograd::{self, POSITIONS};

/// All weights of a program, one after the other.
#[derive(Debug, Default)]
pub(crate) struct Weights {
    pub(crate) data: Vec<f32>,
}

impl Weights {
    /// Room for so many floats; gives where it begins.
    fn room(&mut self, length: usize) -> usize {
        let start = self.data.len();
        self.data.resize(start + length.next_multiple_of(BLOCK), 0.0);
        start
    }

    /// One value for each channel, whole blocks of them.
    pub(crate) fn channels(&mut self, values: &[f32], channels: usize) -> usize {
        let start = self.room(channels);
        for channel in 0..channels {
            self.data[start + channel] = fuse::of(values, channel);
        }
        start
    }

    /// Of a convolution: `[output channel][input channel of the group][row][column]` to `[output block][input block][row]
    /// [column][input channel][output channel]`, or with the channels as they lie where the input has few.
    pub(crate) fn conv(&mut self, weights: &[f32], groups: usize, channels: usize, places: &Places) -> usize {
        let (inputs, outputs) = (places.input.shape.channels / groups, channels);
        let area = places.kernel[0] * places.kernel[1];
        let rows = places.weight_rows();
        let start = self.room(places.output_blocks() * rows * BLOCK);
        for (output, weights) in weights.chunks_exact(inputs * area).enumerate() {
            let (block, lane) = (output / BLOCK, output % BLOCK);
            let panel = &mut self.data[start + block * rows * BLOCK..][..rows * BLOCK];
            let first = output / (outputs / groups) * inputs;
            for (input, weights) in weights.chunks_exact(area).enumerate() {
                let channel = first + input;
                for (element, &weight) in weights.iter().enumerate() {
                    let row = if places.input.lanes == BLOCK {
                        ((channel / BLOCK - places.first[block]) * area + element) * BLOCK + channel % BLOCK
                    } else {
                        element * places.input.lanes + channel
                    };
                    panel[row * BLOCK + lane] = weight;
                }
            }
        }
        start
    }

    /// Of a convolution of 3×3 over all channels: `[output channel][input channel][row][column]` to `[position][output block]
    /// [input channel][output channel]`.
    pub(crate) fn winograd(&mut self, weights: &[f32], inputs: usize, point: &Places) -> usize {
        let panel = point.weight_rows() * BLOCK;
        let each = point.output_blocks() * panel;
        let start = self.room(POSITIONS * each);
        for (output, weights) in weights.chunks_exact(inputs * 9).enumerate() {
            for (input, kernel) in weights.chunks_exact(9).enumerate() {
                let place = start + output / BLOCK * panel + input * BLOCK + output % BLOCK;
                for (position, weight) in winograd::weights(kernel).into_iter().enumerate() {
                    self.data[place + position * each] = weight;
                }
            }
        }
        start
    }

    /// Of the same: `[position][channel]`, whole blocks.
    pub(crate) fn winograd_bias(&mut self, bias: &[f32], channels: usize) -> usize {
        let each = channels.next_multiple_of(BLOCK);
        let start = self.room(POSITIONS * each);
        for (channel, place) in (start..).enumerate().take(channels) {
            self.data[place + winograd::BIAS_POSITION * each] = fuse::of(bias, channel);
        }
        start
    }

    /// Of a depthwise convolution: `[channel][row][column]` to `[block][row][column][channel]`.
    pub(crate) fn depthwise(&mut self, weights: &[f32], places: &Places) -> usize {
        let area = places.kernel[0] * places.kernel[1];
        let start = self.room(places.output.blocks() * area * BLOCK);
        for (channel, weights) in weights.chunks_exact(area).enumerate() {
            for (element, &weight) in weights.iter().enumerate() {
                self.data[start + (channel / BLOCK * area + element) * BLOCK + channel % BLOCK] = weight;
            }
        }
        start
    }

    /// Of a dense layer: each row in the order in which its image lies, zero at what is no element of it.
    pub(crate) fn dense(&mut self, weights: &[f32], order: Order, input: &Buffer) -> usize {
        let shape = input.shape;
        let (length, elements) = (input.len(), shape.len());
        let start = self.room(weights.len() / elements * length);
        for (output, weights) in weights.chunks_exact(elements).enumerate() {
            let row = &mut self.data[start + output * length..][..length];
            for (element, &weight) in weights.iter().enumerate() {
                let (channel, pixel) = match order {
                    Order::Chw => (element / (shape.height * shape.width), element % (shape.height * shape.width)),
                    Order::Hwc => (element % shape.channels, element / shape.channels),
                };
                let pixel = input.pixel(channel / BLOCK, pixel / shape.width, pixel % shape.width);
                row[pixel * BLOCK + channel % BLOCK] = weight;
            }
        }
        start
    }
}
