//! Image classification: decode an image, preprocess it as Pillow does, run the model, rank the classes.
//!
//! A model file is read with tract, and as much of it as they take is computed by the channels-last kernels. Where that is
//! all, packaging stores it in a prepared form, and a build without the feature `tract` runs it.
//!
//! The handler and the packaging share this crate, so that what packaging accepts is what the function can run.

mod classifier;
mod color;
mod decode;
mod engine;
mod error;
#[cfg(feature = "tract")]
mod import;
mod input;
mod manifest;
mod model;
mod pixels;
mod rank;
mod resize;
#[cfg(feature = "tract")]
mod resolve;
#[cfg(feature = "tract")]
mod tflite;

pub use channels_last::FORMAT_MARKER as PREPARED_FORM;
pub use classifier::{Answer, Classifier, ImageFacts, MANIFEST_FILE, Prediction, Timing, preprocess};
pub use engine::{Engine, Operators};
pub use error::Error;
pub use input::{ElementType, Facts, Layout};
pub use manifest::{Color, Filter, Manifest, Prepared, Preprocess};
#[cfg(feature = "tract")]
pub use model::inspect;
pub use pixels::Pixels;
