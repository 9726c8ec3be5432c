//! The vector kernels. Each is a plain struct with a generic body that is compiled once per instruction set. Kernels see
//! buffers and weights, never the graph.

mod conv;
mod dense;
mod depthwise;
mod image_io;
mod pointwise;
mod pool;
mod prefetch;
mod simd;
mod softmax;
#[cfg(test)]
mod tests;
mod tile;
pub(crate) mod winograd;

pub(crate) use conv::{Conv, ConvSpec};
pub(crate) use dense::Dense;
pub(crate) use depthwise::Depthwise;
pub(crate) use image_io::{copy_channels, read_image, write_image};
pub(crate) use pointwise::Pointwise;
pub(crate) use pool::{Pool, Reduction};
pub(crate) use simd::Bounds;
pub use softmax::softmax;
pub(crate) use winograd::Winograd;
