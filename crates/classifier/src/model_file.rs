//! A model file as it is packaged: self-contained, and named after its format.

use std::path::Path;

use crate::error::Error;
use crate::format::{self, Format};
use crate::onnx;

/// A model file that needs no other files.
#[derive(Debug, Clone)]
pub struct ModelFile {
    /// The name in the zip: `model.onnx` or `model.tflite`.
    pub name: String,
    /// The file. If an ONNX model keeps weights in other files, they are part of it.
    pub bytes: Vec<u8>,
}

impl ModelFile {
    /// Reads a model, with the files beside it that hold its weights. Does not check that the model runs.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if a file cannot be read, or is neither ONNX nor TFLite: with what it is, and what to do.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let fail = |error: Error| match error {
            Error::Model(cause) => Error::Model(format!("reading model {}: {cause}", path.display())),
            other => other,
        };
        if path.is_dir() {
            return Err(fail(format::folder(path)));
        }
        let bytes = std::fs::read(path).map_err(|error| fail(Error::Model(error.to_string())))?;
        let format = Format::of(&bytes, path).map_err(fail)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let merged = match format {
            Format::Onnx => onnx::self_contained(&bytes, folder).map_err(fail)?,
            Format::Tflite => None,
        };
        Ok(Self { name: format!("model.{}", format.extension()), bytes: merged.unwrap_or(bytes) })
    }
}
