//! Packs weights into the order in which the kernels read them. Each array starts at a multiple of [`BLOCK`] floats.

use crate::buffer::{BLOCK, Buffer};
use crate::fuse;
use crate::graph::Order;
use crate::kernel::ConvSpec;
use crate::kernel::winograd::{self, POSITIONS};

/// The packed weights of a program. Each method appends one array and returns its offset in floats.
#[derive(Debug, Default)]
pub(crate) struct WeightPacker {
    pub(crate) data: Vec<f32>,
}

impl WeightPacker {
    /// Appends `length` zeros, rounded up to whole blocks.
    fn reserve(&mut self, length: usize) -> usize {
        let start = self.data.len();
        self.data.resize(start + length.next_multiple_of(BLOCK), 0.0);
        start
    }

    /// Per-channel values, padded to whole blocks. `values` holds one per channel or one for all.
    pub(crate) fn pack_channels(&mut self, values: &[f32], channels: usize) -> usize {
        let start = self.reserve(channels);
        for channel in 0..channels {
            self.data[start + channel] = fuse::channel_value(values, channel);
        }
        start
    }

    /// Weights of a convolution, from `[output channel][input channel of the group][row][column]` to
    /// `[output block][input block][row][column][input channel][output channel]`, or for a compact input to
    /// `[output block][row][column][input channel][output channel]`.
    pub(crate) fn pack_conv(&mut self, weights: &[f32], groups: usize, channels: usize, spec: &ConvSpec) -> usize {
        let (inputs, outputs) = (spec.input.shape.channels / groups, channels);
        let area = spec.kernel[0] * spec.kernel[1];
        let rows = spec.weight_rows();
        let start = self.reserve(spec.output_blocks() * rows * BLOCK);
        for (output, weights) in weights.chunks_exact(inputs * area).enumerate() {
            let (block, lane) = (output / BLOCK, output % BLOCK);
            let block_weights = &mut self.data[start + block * rows * BLOCK..][..rows * BLOCK];
            let first_input = output / (outputs / groups) * inputs;
            for (input, weights) in weights.chunks_exact(area).enumerate() {
                let channel = first_input + input;
                for (element, &weight) in weights.iter().enumerate() {
                    let row = if spec.input.lanes == BLOCK {
                        ((channel / BLOCK - spec.first_input_block[block]) * area + element) * BLOCK + channel % BLOCK
                    } else {
                        element * spec.input.lanes + channel
                    };
                    block_weights[row * BLOCK + lane] = weight;
                }
            }
        }
        start
    }

    /// Weights of a Winograd convolution, from `[output channel][input channel][row][column]` to
    /// `[position][output block][input channel][output channel]`.
    pub(crate) fn pack_winograd(&mut self, weights: &[f32], inputs: usize, pointwise: &ConvSpec) -> usize {
        let block_length = pointwise.weight_rows() * BLOCK;
        let position_length = pointwise.output_blocks() * block_length;
        let start = self.reserve(POSITIONS * position_length);
        for (output, weights) in weights.chunks_exact(inputs * 9).enumerate() {
            for (input, kernel) in weights.chunks_exact(9).enumerate() {
                let offset = start + output / BLOCK * block_length + input * BLOCK + output % BLOCK;
                for (position, weight) in winograd::transform_weights(kernel).into_iter().enumerate() {
                    self.data[offset + position * position_length] = weight;
                }
            }
        }
        start
    }

    /// Bias of a Winograd convolution: `[position][channel]`, zero except at one position.
    pub(crate) fn pack_winograd_bias(&mut self, bias: &[f32], channels: usize) -> usize {
        let position_length = channels.next_multiple_of(BLOCK);
        let start = self.reserve(POSITIONS * position_length);
        for (channel, offset) in (start..).enumerate().take(channels) {
            self.data[offset + winograd::BIAS_POSITION * position_length] = fuse::channel_value(bias, channel);
        }
        start
    }

    /// Weights of a depthwise convolution, from `[channel][row][column]` to `[block][row][column][channel]`.
    pub(crate) fn pack_depthwise(&mut self, weights: &[f32], spec: &ConvSpec) -> usize {
        let area = spec.kernel[0] * spec.kernel[1];
        let start = self.reserve(spec.output.blocks() * area * BLOCK);
        for (channel, weights) in weights.chunks_exact(area).enumerate() {
            for (element, &weight) in weights.iter().enumerate() {
                self.data[start + (channel / BLOCK * area + element) * BLOCK + channel % BLOCK] = weight;
            }
        }
        start
    }

    /// Weights of a dense layer, from `[output][element]` to `[output][float of the input buffer]`, zero at borders and padding
    /// lanes. `order` is the order of the elements in `weights`.
    pub(crate) fn pack_dense(&mut self, weights: &[f32], order: Order, input: &Buffer) -> usize {
        let shape = input.shape;
        let (length, elements) = (input.len(), shape.len());
        let start = self.reserve(weights.len() / elements * length);
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
