//! What a model says about its own input and output, so that deploy.toml need not, and need not contradict it.

mod decide;
#[cfg(feature = "tract")]
mod input;
mod kinds;
#[cfg(feature = "tract")]
mod output;

pub(crate) use decide::decide;
pub use kinds::{Evidence, InputRange, OutputKind};

/// Reads it off a graph, before any rewriting.
#[cfg(feature = "tract")]
pub(crate) fn read(model: &tract_onnx::prelude::TypedModel) -> Evidence {
    Evidence { input: input::range(model), output: output::kind(model) }
}
