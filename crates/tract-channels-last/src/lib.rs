//! Rewrites the convolutional body of a [tract](https://docs.rs/tract-core) model as one channels-last operator.
//!
//! tract computes channel by channel, with padding and im2col as separate steps. [`rewrite`] finds the connected regions of a
//! typed model that the kernels of the crate `channels-last` can compute (convolutions of any kind, bias, batch
//! normalization, sums, clamps, pooling, concatenation, dense layers, softmax) and replaces each with one operator. Everything
//! else stays with tract, so every model that ran before still runs.
//!
//! The README of `channels-last` explains how a network runs and how to add an operator.
//!
//! Call [`rewrite`] between `into_typed()` and `into_optimized()`, while operators are still what the model's author wrote:
//!
//! ```
//! # use tract_core::prelude::*;
//! # fn load() -> TractResult<TypedModel> { Ok(TypedModel::default()) }
//! # fn main() -> TractResult<()> {
//! let mut model = load()?;
//! let rewritten = tract_channels_last::rewrite(&mut model, tract_channels_last::Isa::detect())?;
//! println!("{} operators on the kernels", rewritten.taken.values().sum::<usize>());
//! let runnable = model.into_optimized()?.into_runnable()?;
//! # Ok(()) }
//! ```

mod analysis;
mod axes;
mod constant;
mod op_kind;
mod operator;
mod recognize;
mod rewrite;
mod subgraph;

pub use channels_last::{InputData, Isa, Program, Workspace};
pub use operator::ChannelsLast;
pub use rewrite::{Rewritten, operators, rewrite};
