//! What a model node means as an operation on images.

use channels_last::Window;

use crate::axes::Axes;

/// A node that the channels-last kernels can compute.
#[derive(Debug, Clone)]
pub(crate) struct Recognized {
    pub(crate) kind: OpKind,
    /// The axes of its output.
    pub(crate) axes: Axes,
}

/// The operation of a node, with its constants. Input numbers are indices of the node's inputs.
#[derive(Debug, Clone)]
pub(crate) enum OpKind {
    /// The same elements in the same order: a reshape, or a cast that the next operation does by itself.
    Identity,
    /// Turns the image into a vector, in the element order of the input tensor.
    Flatten,
    Conv(Window),
    MaxPool(Window),
    SumPool {
        window: Window,
        normalize: bool,
        count_include_pad: bool,
    },
    /// `x * scale + shift` of input `input`; one value per channel or one for all.
    Affine {
        input: usize,
        scale: Vec<f32>,
        shift: Vec<f32>,
    },
    Clamp {
        input: usize,
        low: f32,
        high: f32,
    },
    Add,
    Concat,
    /// A constant matrix (input `matrix`) times a vector (input `input`). `rows` means that the matrix is
    /// `[output][input]`, otherwise `[input][output]`.
    Dense {
        input: usize,
        matrix: usize,
        rows: bool,
    },
    Softmax,
}
