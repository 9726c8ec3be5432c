//! What is to be computed, free of any layout: images of one sample and the operations on them.

use serde::{Deserialize, Serialize};

/// Index of a value in [`Graph::shapes`].
pub type Value = usize;

/// The shape of one image. A vector is an image of one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    /// Channels of a pixel.
    pub channels: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Shape {
    /// A vector.
    pub fn vector(length: usize) -> Self {
        Self { channels: length, height: 1, width: 1 }
    }

    /// Elements in all.
    pub fn len(self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// The order of the elements of an image outside the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Channel by channel.
    Chw,
    /// Pixel by pixel.
    Hwc,
}

/// The type of an input's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Element {
    /// 32-bit float.
    F32,
    /// Unsigned byte, taken as its value.
    U8,
}

/// What comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The value that it becomes.
    pub value: Value,
    /// Order of its elements.
    pub order: Order,
    /// Type of its elements.
    pub element: Element,
}

/// What goes out, as 32-bit floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The value that is given.
    pub value: Value,
    /// Order of its elements.
    pub order: Order,
}

/// A window that moves over rows and columns; each pair is `[vertical, horizontal]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Rows and columns that it covers.
    pub kernel: [usize; 2],
    /// Pixels from one place to the next.
    pub stride: [usize; 2],
    /// Pixels from one element of the kernel to the next.
    pub dilation: [usize; 2],
    /// Padding above and to the left.
    pub before: [usize; 2],
    /// Padding below and to the right, as far as the window reaches into it.
    pub after: [usize; 2],
}

impl Window {
    /// A window of this size that moves by one and stays inside.
    pub fn new(kernel: [usize; 2]) -> Self {
        Self { kernel, stride: [1, 1], dilation: [1, 1], before: [0, 0], after: [0, 0] }
    }

    /// Whether it looks at one pixel at a time and at each.
    pub(crate) fn is_point(&self) -> bool {
        self.kernel == [1, 1] && self.stride == [1, 1] && self.before == [0, 0] && self.after == [0, 0]
    }
}

/// One operation. All have one output.
#[derive(Debug, Clone, PartialEq)]
pub enum Operation {
    /// Cross-correlation, as every framework calls convolution.
    Conv {
        /// How the kernel moves. Padding is of zeros.
        window: Window,
        /// Groups that do not see each other's channels.
        groups: usize,
        /// `[output channel][input channel of the group][row][column]`.
        weights: Vec<f32>,
        /// One for each output channel.
        bias: Vec<f32>,
    },
    /// The largest element under the window; padding does not count.
    MaxPool(Window),
    /// The mean, or the sum, of the elements under the window.
    SumPool {
        /// How the window moves.
        window: Window,
        /// Divide by the number of elements.
        normalise: bool,
        /// Padding counts as elements of value 0.
        count_padding: bool,
    },
    /// `x * scale + shift`, one pair for each channel or one for all.
    Affine {
        /// Factors.
        scale: Vec<f32>,
        /// Summands.
        shift: Vec<f32>,
    },
    /// The sum of two images of one shape.
    Add,
    /// Bounds; either may be infinite.
    Clamp {
        /// The least value.
        low: f32,
        /// The greatest value.
        high: f32,
    },
    /// The channels of all inputs, one after the other.
    Concat,
    /// An image as a vector, in this order.
    Flatten(Order),
    /// A matrix times a vector.
    Dense {
        /// `[output][input]`.
        weights: Vec<f32>,
        /// One for each output.
        bias: Vec<f32>,
    },
    /// Of a vector.
    Softmax,
}

/// An operation on values.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What is done.
    pub operation: Operation,
    /// To what.
    pub inputs: Vec<Value>,
    /// What it gives.
    pub output: Value,
}

/// Nodes in an order in which they can be computed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    /// The shape of each value.
    pub shapes: Vec<Shape>,
    /// What is computed.
    pub nodes: Vec<Node>,
    /// Where values come from that no node gives.
    pub inputs: Vec<Input>,
    /// What is given back.
    pub outputs: Vec<Output>,
}

impl Graph {
    /// A new value of this shape.
    pub fn value(&mut self, shape: Shape) -> Value {
        self.shapes.push(shape);
        self.shapes.len() - 1
    }

    /// A new node; gives its output.
    pub fn add(&mut self, operation: Operation, inputs: &[Value], shape: Shape) -> Value {
        let output = self.value(shape);
        self.nodes.push(Node { operation, inputs: inputs.to_vec(), output });
        output
    }
}
