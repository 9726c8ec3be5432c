//! Rewrites the convolutional body of a [tract](https://docs.rs/tract-core) model as one channels-last operator.
//!
//! tract computes channel by channel, with padding and im2col as separate steps. [`rewrite`] looks for the connected parts of
//! a typed model that it understands — convolutions of any kind, bias, batch normalisation, sums, bounds, pooling,
//! concatenation, dense layers, softmax — and puts one operator of the crate `channels-last` in the place of each. Whatever
//! else there is stays with tract, so every model that ran before still runs.
//!
//! Call it between `into_typed()` and `into_optimized()`, while operators are still what the model's author wrote:
//!
//! ```
//! # use tract_core::prelude::*;
//! # fn load() -> TractResult<TypedModel> { Ok(TypedModel::default()) }
//! # fn main() -> TractResult<()> {
//! let mut model = load()?;
//! let rewritten = tract_channels_last::rewrite(&mut model, tract_channels_last::Isa::detect())?;
//! println!("{} operators taken", rewritten.taken.values().sum::<usize>());
//! let runnable = model.into_optimized()?.into_runnable()?;
//! # Ok(()) }
//! ```

mod axes;
mod body;
mod constant;
mod operator;
mod region;
mod rewrite;
mod understand;

pub use channels_last::{Isa, Program, Source, State};
pub use operator::ChannelsLast;
pub use rewrite::{Rewritten, operators, rewrite};
