//! What a model node means as an operation on images.

use channels_last::{Operation, Window};

use crate::axes::Axes;

/// A node that the channels-last kernels can compute.
#[derive(Debug, Clone)]
pub(crate) struct Recognized {
    pub(crate) kind: OpKind,
    /// The axes of its output.
    pub(crate) axes: Axes,
}

/// The operation of a node. Input numbers are indices of the node's inputs.
#[derive(Debug, Clone)]
pub(crate) enum OpKind {
    /// The same elements in the same order: a reshape, or a cast that the next operation does by itself.
    Identity,
    /// Turns the image into a vector, in the element order of the input tensor.
    Flatten,
    /// A convolution of input 0. Its weights and bias are the constant inputs 1 and 2.
    Conv(Window),
    /// A constant matrix (input `matrix`) times a vector (input `input`). `rows` means that the matrix is
    /// `[output][input]`, otherwise `[input][output]`.
    Dense { input: usize, matrix: usize, rows: bool },
    /// An operation that needs no further translation, on these inputs.
    Direct { operation: Operation, inputs: Vec<usize> },
}
