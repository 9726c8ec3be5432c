//! The network to compute, independent of memory layout: values of one sample (no batch) and the operations on them.

use serde::{Deserialize, Serialize};

/// Index of a value in [`Graph::shapes`].
pub type ValueId = usize;

/// The shape of a value. A vector is an image of one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Channels per pixel.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

impl Shape {
    /// The shape of a vector of `length` elements.
    pub fn vector(length: usize) -> Self {
        Self { channels: length, height: 1, width: 1 }
    }

    /// The number of elements.
    pub fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether it has no elements.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// The order of an image's elements in the caller's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// `[channel][row][column]`.
    Chw,
    /// `[row][column][channel]`.
    Hwc,
}

/// The type of an input's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ElementType {
    /// 32-bit float.
    F32,
    /// Unsigned byte, converted to the float of the same value.
    U8,
}

/// An input of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The value that it defines.
    pub value: ValueId,
    /// How the caller passes its elements.
    pub order: Order,
    /// The type of its elements.
    pub element_type: ElementType,
}

/// An output of the network, returned as 32-bit floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The value to return.
    pub value: ValueId,
    /// How the caller receives its elements.
    pub order: Order,
}

/// The window of a convolution or pooling. Each pair is `[vertical, horizontal]`, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Kernel size.
    pub kernel: [usize; 2],
    /// Distance from one window to the next.
    pub stride: [usize; 2],
    /// Distance from one kernel element to the next.
    pub dilation: [usize; 2],
    /// Padding above and to the left.
    #[serde(rename = "before")]
    pub pad_before: [usize; 2],
    /// Padding below and to the right, as far as windows reach into it.
    #[serde(rename = "after")]
    pub pad_after: [usize; 2],
}

impl Window {
    /// A window of this kernel size with stride 1, dilation 1 and no padding.
    pub fn new(kernel: [usize; 2]) -> Self {
        Self { kernel, stride: [1, 1], dilation: [1, 1], pad_before: [0, 0], pad_after: [0, 0] }
    }

    /// Whether it visits every pixel by itself, as a 1×1 (pointwise) convolution does.
    pub(crate) fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.pad_before == [0, 0] && self.pad_after == [0, 0]
    }
}

/// An operation. Each has one output.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Convolution in the sense of neural networks: cross-correlation.
    Conv {
        /// The window; padding is zero.
        window: Window,
        /// Number of channel groups. Outputs of a group see only the inputs of that group.
        groups: usize,
        /// `[output channel][input channel of the group][kernel row][kernel column]`.
        weights: Vec<f32>,
        /// `[output channel]`.
        bias: Vec<f32>,
    },
    /// The maximum under each window, ignoring padding.
    MaxPool(Window),
    /// The sum or mean under each window.
    SumPool {
        /// The window.
        window: Window,
        /// Whether to divide the sum by the number of elements.
        normalize: bool,
        /// Whether that number includes padding.
        count_include_pad: bool,
    },
    /// `x * scale + shift`. Both are `[channel]`, or one value for all channels.
    Affine {
        /// The factor.
        scale: Vec<f32>,
        /// The summand.
        shift: Vec<f32>,
    },
    /// The elementwise sum of two values of the same shape.
    Add,
    /// Clamps to `[low, high]`; either may be infinite.
    Clamp {
        /// The lower bound.
        low: f32,
        /// The upper bound.
        high: f32,
    },
    /// Concatenation along the channels.
    Concat,
    /// Turns an image into a vector whose elements are in this order.
    Flatten(Order),
    /// A dense (fully connected) layer on a vector.
    Dense {
        /// `[output][input]`.
        weights: Vec<f32>,
        /// `[output]`.
        bias: Vec<f32>,
    },
    /// Softmax of a vector.
    Softmax,
}

/// An operation applied to values.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// The operation.
    pub operation: Operation,
    /// The values that it reads.
    pub inputs: Vec<ValueId>,
    /// The value that it defines.
    pub output: ValueId,
}

/// A network: nodes in topological order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    /// The shape of each value.
    pub shapes: Vec<Shape>,
    /// The operations.
    pub nodes: Vec<Node>,
    /// The inputs, in the order in which a run takes them.
    pub inputs: Vec<Input>,
    /// The outputs, in the order in which a run returns them.
    pub outputs: Vec<Output>,
}

impl Graph {
    /// Adds a value of this shape.
    pub fn add_value(&mut self, shape: Shape) -> ValueId {
        self.shapes.push(shape);
        self.shapes.len() - 1
    }

    /// Adds a node with an output of this shape, and returns that output.
    pub fn add_node(&mut self, operation: Operation, inputs: &[ValueId], shape: Shape) -> ValueId {
        let output = self.add_value(shape);
        self.nodes.push(Node { operation, inputs: inputs.to_vec(), output });
        output
    }
}
