//! One step of a program: a kernel call with its buffers and the offsets of its weights.

use serde::{Deserialize, Serialize};

use crate::buffer::{BLOCK, Buffer};
use crate::graph::{ElementType, Order, Window};
use crate::kernel::winograd::POSITIONS;
use crate::kernel::{Bounds, ConvSpec, Reduction};

/// A step. Fields named `weights`, `bias`, `scale` and `shift` are offsets into the program's weights, in floats.
///
/// Serialized names are part of the stored form: keep them, or change [`FORMAT_MARKER`](crate::FORMAT_MARKER).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Step {
    ClearBorder {
        buffer: Buffer,
    },
    /// Sets the last block to zero, including the padding lanes that nothing else writes.
    #[serde(rename = "ClearLast")]
    ClearLastBlock {
        buffer: Buffer,
    },
    #[serde(rename = "Read")]
    ReadInput {
        input: usize,
        order: Order,
        #[serde(rename = "element")]
        element_type: ElementType,
        to: Buffer,
        scale: usize,
        shift: usize,
    },
    Conv {
        #[serde(rename = "places")]
        spec: ConvSpec,
        weights: usize,
        bias: usize,
    },
    Winograd {
        #[serde(rename = "places")]
        spec: ConvSpec,
        /// The 1×1 convolution that computes the products of each position.
        #[serde(rename = "point")]
        pointwise: ConvSpec,
        scratch: Buffer,
        weights: usize,
        bias: usize,
    },
    Depthwise {
        #[serde(rename = "places")]
        spec: ConvSpec,
        weights: usize,
        bias: usize,
    },
    /// A convolution fused with the depthwise convolution that is its only reader. A few blocks are computed at a time, so
    /// that the intermediate result stays in the cache.
    #[serde(rename = "Expand")]
    ConvDepthwise {
        conv: ConvSpec,
        conv_weights: usize,
        conv_bias: usize,
        #[serde(rename = "places")]
        depthwise: ConvSpec,
        weights: usize,
        bias: usize,
    },
    Pool {
        from: Buffer,
        to: Buffer,
        window: Window,
        reduction: Reduction,
    },
    /// `clamp(from * scale + shift + addend)`.
    Pointwise {
        from: Buffer,
        #[serde(rename = "other")]
        addend: Option<Buffer>,
        to: Buffer,
        scale: usize,
        shift: usize,
        bounds: Bounds,
    },
    /// Copies one input of a concatenation to the output's channels from `channel` on.
    #[serde(rename = "Append")]
    CopyChannels {
        from: Buffer,
        to: Buffer,
        channel: usize,
    },
    Flatten {
        from: Buffer,
        to: Buffer,
        order: Order,
    },
    Dense {
        from: Buffer,
        to: Buffer,
        weights: usize,
        bias: usize,
        bounds: Bounds,
    },
    Softmax {
        from: Buffer,
        to: Buffer,
    },
    #[serde(rename = "Write")]
    WriteOutput {
        from: Buffer,
        output: usize,
        order: Order,
    },
}

impl Step {
    /// The buffer that it writes; none if it writes to the caller's memory.
    pub(crate) fn output_buffer(&self) -> Option<&Buffer> {
        match self {
            Self::ClearBorder { buffer } | Self::ClearLastBlock { buffer } => Some(buffer),
            Self::Conv { spec, .. }
            | Self::Winograd { spec, .. }
            | Self::Depthwise { spec, .. }
            | Self::ConvDepthwise { depthwise: spec, .. } => Some(&spec.output),
            Self::ReadInput { to, .. }
            | Self::Pointwise { to, .. }
            | Self::Pool { to, .. }
            | Self::CopyChannels { to, .. }
            | Self::Flatten { to, .. }
            | Self::Dense { to, .. }
            | Self::Softmax { to, .. } => Some(to),
            Self::WriteOutput { .. } => None,
        }
    }

    /// All buffers that it reads or writes.
    pub(crate) fn buffers(&self) -> Vec<Buffer> {
        match self {
            Self::ClearBorder { buffer } | Self::ClearLastBlock { buffer } => vec![*buffer],
            Self::ReadInput { to, .. } => vec![*to],
            Self::WriteOutput { from, .. } => vec![*from],
            Self::Conv { spec, .. } | Self::Depthwise { spec, .. } => {
                [spec.input, spec.output].into_iter().chain(spec.residual).collect()
            }
            Self::Winograd { spec, pointwise, scratch, .. } => {
                let conv_buffers = [spec.input, spec.output].into_iter().chain(spec.residual);
                conv_buffers.chain([pointwise.input, pointwise.output, *scratch]).collect()
            }
            Self::ConvDepthwise { conv, depthwise, .. } => vec![conv.input, conv.output, depthwise.output],
            Self::Pointwise { from, addend, to, .. } => [*from, *to].into_iter().chain(*addend).collect(),
            Self::Pool { from, to, .. }
            | Self::CopyChannels { from, to, .. }
            | Self::Flatten { from, to, .. }
            | Self::Dense { from, to, .. }
            | Self::Softmax { from, to } => vec![*from, *to],
        }
    }

    /// The offset and length of each of its weights, in floats.
    pub(crate) fn weight_ranges(&self) -> Vec<(usize, usize)> {
        let whole_blocks = |channels: usize| channels.next_multiple_of(BLOCK);
        match self {
            Self::Conv { spec, weights, bias } => conv_ranges(spec, *weights, *bias),
            Self::Winograd { pointwise, weights, bias, .. } => {
                let ranges = conv_ranges(pointwise, *weights, *bias);
                ranges.into_iter().map(|(start, length)| (start, POSITIONS * length)).collect()
            }
            Self::Depthwise { spec, weights, bias } => depthwise_ranges(spec, *weights, *bias),
            Self::ConvDepthwise { conv, conv_weights, conv_bias, depthwise, weights, bias } => {
                let mut ranges = conv_ranges(conv, *conv_weights, *conv_bias);
                ranges.extend(depthwise_ranges(depthwise, *weights, *bias));
                ranges
            }
            Self::Dense { from, to, weights, bias, .. } => {
                vec![(*weights, to.shape.channels * from.len()), (*bias, whole_blocks(to.shape.channels))]
            }
            Self::Pointwise { to, scale, shift, .. } | Self::ReadInput { to, scale, shift, .. } => {
                vec![(*scale, whole_blocks(to.shape.channels)), (*shift, whole_blocks(to.shape.channels))]
            }
            _ => Vec::new(),
        }
    }
}

fn conv_ranges(spec: &ConvSpec, weights: usize, bias: usize) -> Vec<(usize, usize)> {
    let blocks = spec.output_blocks();
    vec![(weights, blocks * spec.weight_rows() * BLOCK), (bias, blocks * BLOCK)]
}

fn depthwise_ranges(spec: &ConvSpec, weights: usize, bias: usize) -> Vec<(usize, usize)> {
    let blocks = spec.output_blocks();
    vec![(weights, blocks * spec.kernel[0] * spec.kernel[1] * BLOCK), (bias, blocks * BLOCK)]
}
