//! Preprocessing settings: how an image becomes the model's input tensor.

mod check;
mod fields;
mod presets;
mod settings;

pub use fields::PreprocessFields;
pub use presets::{Preset, preset, presets};
pub use settings::{Color, Crop, Filter, Orient, Preprocess, Resize};
