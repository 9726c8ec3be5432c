//! Image classification: decode an image, preprocess it as Pillow does, run the model with tract, rank the classes.
//!
//! The handler and the packaging share this crate, so that what packaging accepts is what the function can run.

mod classifier;
mod color;
mod decode;
mod error;
mod input;
mod manifest;
mod model;
mod pixels;
mod rank;
mod resize;
mod tflite;

pub use classifier::{Answer, Classifier, ImageFacts, MANIFEST_FILE, Prediction, Timing, preprocess};
pub use error::Error;
pub use input::{ElementType, Facts, Layout};
pub use manifest::{Color, Filter, Manifest, Preprocess};
pub use model::inspect;
pub use pixels::Pixels;
