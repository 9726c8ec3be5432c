//! Image classification: decodes an image, preprocesses it as Pillow does, runs the model, and ranks the classes.
//!
//! tract parses the model file, and the channels-last kernels compute every operator that they support. If that is all of them,
//! packaging stores the model in a prepared form, which a build without the feature `tract` can run.
//!
//! The function and packaging share this crate, so packaging accepts exactly what the function can run.

mod activation;
mod classifier;
mod color;
mod decode;
mod engine;
mod error;
mod evidence;
#[cfg(feature = "tract")]
mod format;
mod geometry;
#[cfg(feature = "tract")]
mod import;
mod input_tensor;
mod manifest;
mod model;
#[cfg(feature = "tract")]
mod model_file;
mod model_info;
#[cfg(feature = "tract")]
mod onnx;
mod pixels;
mod preprocess;
mod rank;
#[cfg(feature = "tract")]
mod request;
mod resize;
#[cfg(feature = "tract")]
mod resolve;
#[cfg(feature = "tract")]
mod tflite;
#[cfg(feature = "tract")]
mod tract_error;
#[cfg(feature = "tract")]
mod tract_plan;
mod turn;

pub use activation::Activation;
pub use channels_last::FORMAT_MARKER as PREPARED_FORMAT_MARKER;
pub use classifier::{
    Classification, Classifier, ImageInfo, MANIFEST_FILE, Prediction, Timing, decode, preprocess, preprocess_with,
};
pub use decode::{exif_orientation, is_image};
pub use engine::{Engine, Operators};
pub use error::Error;
pub use evidence::{Evidence, InputRange, OutputKind};
#[cfg(feature = "tract")]
pub use import::inspect;
pub use manifest::{Manifest, Prepared};
#[cfg(feature = "tract")]
pub use model_file::ModelFile;
pub use model_info::{ElementType, Layout, ModelInfo};
pub use pixels::{Pixels, Raster};
pub use preprocess::{Color, Crop, Filter, Orient, Preprocess, PreprocessFields, Preset, Resize, preset, presets};
