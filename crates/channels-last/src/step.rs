//! One step of a program: a kernel with its places and where its weights begin.

use serde::{Deserialize, Serialize};

use crate::buffer::{BLOCK, Buffer};
use crate::graph::{Element, Order, Window};
use crate::kernel::winograd::POSITIONS;
use crate::kernel::{Bounds, Places, Reduction};

/// A step. Numbers named after weights are offsets into the program's weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Step {
    /// Sets a border to zero before something is written inside.
    ClearBorder {
        buffer: Buffer,
    },
    /// Sets the lanes of the last block to zero.
    ClearLast {
        buffer: Buffer,
    },
    Read {
        input: usize,
        order: Order,
        element: Element,
        to: Buffer,
        scale: usize,
        shift: usize,
    },
    Conv {
        places: Places,
        weights: usize,
        bias: usize,
    },
    /// A convolution of 3×3 with fewer multiplications.
    Winograd {
        places: Places,
        /// The products of each position.
        point: Places,
        scratch: Buffer,
        weights: usize,
        bias: usize,
    },
    Depthwise {
        places: Places,
        weights: usize,
        bias: usize,
    },
    /// A convolution and the depthwise one that alone reads it, some blocks at a time: what is between them stays in the
    /// cache.
    Expand {
        conv: Places,
        conv_weights: usize,
        conv_bias: usize,
        places: Places,
        weights: usize,
        bias: usize,
    },
    Pool {
        from: Buffer,
        to: Buffer,
        window: Window,
        reduction: Reduction,
    },
    Pointwise {
        from: Buffer,
        other: Option<Buffer>,
        to: Buffer,
        scale: usize,
        shift: usize,
        bounds: Bounds,
    },
    Append {
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
    Write {
        from: Buffer,
        output: usize,
        order: Order,
    },
}

impl Step {
    /// The buffer that it writes; none where that is outside the program.
    pub(crate) fn target(&self) -> Option<&Buffer> {
        match self {
            Self::ClearBorder { buffer } | Self::ClearLast { buffer } => Some(buffer),
            Self::Conv { places, .. }
            | Self::Winograd { places, .. }
            | Self::Depthwise { places, .. }
            | Self::Expand { places, .. } => Some(&places.output),
            Self::Read { to, .. }
            | Self::Pointwise { to, .. }
            | Self::Pool { to, .. }
            | Self::Append { to, .. }
            | Self::Flatten { to, .. }
            | Self::Dense { to, .. }
            | Self::Softmax { to, .. } => Some(to),
            Self::Write { .. } => None,
        }
    }

    /// The buffers that it touches.
    pub(crate) fn buffers(&self) -> Vec<Buffer> {
        match self {
            Self::ClearBorder { buffer } | Self::ClearLast { buffer } => vec![*buffer],
            Self::Read { to, .. } => vec![*to],
            Self::Write { from, .. } => vec![*from],
            Self::Conv { places, .. } | Self::Depthwise { places, .. } => {
                [places.input, places.output].into_iter().chain(places.residual).collect()
            }
            Self::Winograd { places, point, scratch, .. } => {
                let of_places = [places.input, places.output].into_iter().chain(places.residual);
                of_places.chain([point.input, point.output, *scratch]).collect()
            }
            Self::Expand { conv, places, .. } => vec![conv.input, conv.output, places.output],
            Self::Pointwise { from, other, to, .. } => [*from, *to].into_iter().chain(*other).collect(),
            Self::Pool { from, to, .. }
            | Self::Append { from, to, .. }
            | Self::Flatten { from, to, .. }
            | Self::Dense { from, to, .. }
            | Self::Softmax { from, to } => vec![*from, *to],
        }
    }

    /// Where each of its weights begins and how many floats it has.
    pub(crate) fn weights(&self) -> Vec<(usize, usize)> {
        let whole = |channels: usize| channels.next_multiple_of(BLOCK);
        match self {
            Self::Conv { places, weights, bias } => conv_weights(places, *weights, *bias),
            Self::Winograd { point, weights, bias, .. } => {
                let all = conv_weights(point, *weights, *bias);
                all.into_iter().map(|(start, length)| (start, POSITIONS * length)).collect()
            }
            Self::Depthwise { places, weights, bias } => depthwise_weights(places, *weights, *bias),
            Self::Expand { conv, conv_weights: conv_start, conv_bias, places, weights, bias } => {
                let mut all = conv_weights(conv, *conv_start, *conv_bias);
                all.extend(depthwise_weights(places, *weights, *bias));
                all
            }
            Self::Dense { from, to, weights, bias, .. } => {
                vec![(*weights, to.shape.channels * from.len()), (*bias, whole(to.shape.channels))]
            }
            Self::Pointwise { to, scale, shift, .. } | Self::Read { to, scale, shift, .. } => {
                vec![(*scale, whole(to.shape.channels)), (*shift, whole(to.shape.channels))]
            }
            _ => Vec::new(),
        }
    }
}

fn conv_weights(places: &Places, weights: usize, bias: usize) -> Vec<(usize, usize)> {
    let blocks = places.output_blocks();
    vec![(weights, blocks * places.weight_rows() * BLOCK), (bias, blocks * BLOCK)]
}

fn depthwise_weights(places: &Places, weights: usize, bias: usize) -> Vec<(usize, usize)> {
    let blocks = places.output_blocks();
    vec![(weights, blocks * places.kernel[0] * places.kernel[1] * BLOCK), (bias, blocks * BLOCK)]
}
