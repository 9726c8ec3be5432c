//! From image bytes to ranked labels: decode, preprocess, run the model, rank.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::activation::Activation;
use crate::decode::{Decoded, exif_orientation};
use crate::engine::Operators;
use crate::error::Error;
use crate::evidence::{Evidence, decide};
#[cfg(feature = "tract")]
use crate::import::load;
use crate::input_tensor::{InputTensor, input_tensor};
use crate::manifest::{Manifest, Prepared};
use crate::model::Model;
use crate::model_info::{ElementType, ModelInfo};
use crate::pixels::{Pixels, Raster};
use crate::preprocess::{Color, Filter, Orient, Preprocess};
#[cfg(feature = "tract")]
use crate::request::Request;
use crate::turn::turn;
use crate::{color, geometry, rank};

/// File name of the manifest.
pub const MANIFEST_FILE: &str = "classifier.json";

/// File name of a prepared model.
const PREPARED_FILE: &str = "model.channels-last";

/// A model with its manifest, ready to classify.
pub struct Classifier {
    manifest: Manifest,
    model: Model,
}

/// One class and its score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// The label from the manifest, or the class index if the manifest has no labels.
    pub label: String,
    /// A probability, unless the model returns something else.
    pub score: f32,
}

/// The result of classifying one image.
#[derive(Debug, Clone)]
pub struct Classification {
    /// Best first, never empty.
    pub predictions: Vec<Prediction>,
    /// The image before preprocessing.
    pub image: ImageInfo,
    /// The duration of each step.
    pub timing: Timing,
}

/// The format and size of an image file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageInfo {
    /// `PNG`, `JPEG`, `WebP`, `GIF` or `BMP`.
    pub format: &'static str,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

/// The duration of each step.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timing {
    /// From bytes to pixels.
    pub decode: Duration,
    /// From pixels to the input tensor.
    pub preprocess: Duration,
    /// From the input tensor to scores.
    pub inference: Duration,
}

impl Classifier {
    /// Loads the manifest `classifier.json` and the model that it names from a folder.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if a file cannot be read or is invalid.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(MANIFEST_FILE);
        let text = std::fs::read(&path)
            .map_err(|error| Error::Model(format!("reading manifest {}: {error}", path.display())))?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| Error::Model(format!("reading manifest {}: {error}", path.display())))?;
        // The model must be in the manifest's folder.
        if Path::new(&manifest.model).file_name() != Some(manifest.model.as_ref()) {
            return Err(Error::Model(format!(
                "reading manifest {}: model {:?} is not a plain file name",
                path.display(),
                manifest.model
            )));
        }
        let path = folder.join(&manifest.model);
        if let Some(prepared) = &manifest.prepared {
            let open = std::fs::File::open(&path);
            let mut file = open.map_err(|error| Error::Model(format!("reading model {}: {error}", path.display())))?;
            let model = Model::load_prepared(&manifest.model, &mut file, prepared)?;
            return Self { manifest, model }.ready();
        }
        let bytes =
            std::fs::read(&path).map_err(|error| Error::Model(format!("reading model {}: {error}", path.display())))?;
        Self::new(manifest, &bytes)
    }

    /// Loads a model from memory. The extension of the manifest's `model` tells its format.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if the model cannot be read or does not match the manifest; [`Error::Undecided`] if neither says what
    /// must be known.
    pub fn new(manifest: Manifest, model: &[u8]) -> Result<Self, Error> {
        Self::inspect(manifest, model)?.ready()
    }

    /// Loads a model from memory only to look at it: its manifest need not say how an image becomes the input.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if the model cannot be read.
    pub fn inspect(manifest: Manifest, model: &[u8]) -> Result<Self, Error> {
        let model = Self::load(&manifest, model)?;
        Ok(Self { manifest, model })
    }

    fn load(manifest: &Manifest, model: &[u8]) -> Result<Model, Error> {
        match &manifest.prepared {
            Some(prepared) => Model::load_prepared(&manifest.model, &mut &*model, prepared),
            #[cfg(feature = "tract")]
            None => load(&manifest.model, model, &Request::of(manifest)),
            #[cfg(not(feature = "tract"))]
            None => load(&manifest.model),
        }
    }

    /// Decides what the manifest leaves open, and checks it against the model. Without labels, the names of the classes that the
    /// model file lists serve as such.
    ///
    /// # Errors
    ///
    /// As [`Classifier::new`].
    pub fn ready(mut self) -> Result<Self, Error> {
        let Self { manifest, model } = &mut self;
        decide(manifest, &model.info, &model.evidence)?;
        let fault = |text: String| Error::Model(format!("reading model {}: {text}", manifest.model));
        manifest.preprocess.check(model.info.size).map_err(fault)?;
        if manifest.top_k == 0 {
            return Err(Error::Model("reading manifest: top_k must be at least 1".to_owned()));
        }
        let classes = model.info.labels();
        if manifest.labels.is_empty() && model.class_names.len() == classes {
            manifest.labels.clone_from(&model.class_names);
        }
        let labels = manifest.labels.len();
        if labels != 0 && labels != classes {
            return Err(Error::Model(format!(
                "reading labels: there are {labels} labels, but the model {} has {classes} classes",
                manifest.model
            )));
        }
        Ok(self)
    }

    /// The manifest and model file of the prepared form, which loads without parsing, fusing or packing. `None` if the model
    /// needs tract.
    pub fn prepared(&self) -> Option<(Manifest, Vec<u8>)> {
        let file = self.model.save_prepared()?;
        let prepared = Prepared { info: self.model.info.clone(), operators: self.model.operators.taken.clone() };
        let manifest = Manifest { model: PREPARED_FILE.to_owned(), prepared: Some(prepared), ..self.manifest.clone() };
        Some((manifest, file))
    }

    /// What computes the model: `channels-last (avx2)`, `tract`, or `tract with channels-last (avx2)`.
    pub fn engine(&self) -> String {
        self.model.engine()
    }

    /// Which operators the channels-last kernels compute, and which tract computes.
    pub fn operators(&self) -> &Operators {
        &self.model.operators
    }

    /// The names of the classes in class order, if the model file lists them, as scikit-learn's do; empty otherwise.
    pub fn class_names(&self) -> &[String] {
        &self.model.class_names
    }

    /// The raw output of the model for an input tensor in the model's layout, before the activation. For float inputs the
    /// values are the normalized ones; for uint8 they must be whole numbers from 0 to 255.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if the number of values is not that of the input, or the model fails.
    pub fn raw_scores(&self, values: Vec<f32>) -> Result<Vec<f32>, Error> {
        let info = &self.model.info;
        let expected: usize = info.input_shape.iter().product();
        if values.len() != expected {
            return Err(Error::Model(format!("running model: the input has {} values, not {expected}", values.len())));
        }
        self.model.run(&match info.input_type {
            ElementType::Uint8 => InputTensor::U8(values.into_iter().map(|value| value as u8).collect()),
            _ => InputTensor::F32(values),
        })
    }

    /// The model's input and output.
    pub fn model_info(&self) -> &ModelInfo {
        &self.model.info
    }

    /// What the model file says about its input and output; nothing for a prepared model.
    pub fn evidence(&self) -> &Evidence {
        &self.model.evidence
    }

    /// The manifest, with everything decided.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Classifies an image file, and returns at most as many predictions as the manifest's `top_k`.
    ///
    /// # Errors
    ///
    /// As [`Classifier::classify_top_k`].
    pub fn classify(&self, image: &[u8]) -> Result<Vec<Prediction>, Error> {
        Ok(self.classify_top_k(image, self.manifest.top_k)?.predictions)
    }

    /// Classifies an image file, and returns the `top_k` best classes (at least one, at most all) with image size and timing.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] if the model is at fault; any other variant if the image is.
    pub fn classify_top_k(&self, image: &[u8], top_k: usize) -> Result<Classification, Error> {
        let preprocess = &self.manifest.preprocess;
        let info = &self.model.info;
        let started = Instant::now();
        let bytes = image;
        let decoded = crate::decode::decode(bytes)?;
        let image = ImageInfo { format: decoded.format, width: decoded.width as u32, height: decoded.height as u32 };
        let decoding = started.elapsed();

        let raster = raster(bytes, decoded, info.color, info.size, preprocess)?;
        let input = input_tensor(info, raster, preprocess);
        let preprocessing = started.elapsed() - decoding;

        let output = self.model.run(&input)?;
        let scores = self.manifest.activation.unwrap_or(Activation::None).scores(output)?;
        let inference = started.elapsed() - decoding - preprocessing;
        let predictions = rank::top_classes(&scores, top_k.max(1))
            .into_iter()
            .map(|class| Prediction { label: self.label(class), score: scores[class] })
            .collect();
        Ok(Classification {
            predictions,
            image,
            timing: Timing { decode: decoding, preprocess: preprocessing, inference },
        })
    }

    fn label(&self, class: usize) -> String {
        self.manifest.labels.get(class).cloned().unwrap_or_else(|| class.to_string())
    }
}

/// Decodes an image at its full size, with the result of Pillow's `Image.open(...).convert(color)`.
///
/// # Errors
///
/// As [`Classifier::classify_top_k`].
pub fn decode(image: &[u8], color: Color) -> Result<Pixels, Error> {
    Ok(color::convert(crate::decode::decode(image)?, None, color))
}

/// Decodes, converts and resizes an image, with the result of Pillow's
/// `Image.open(...).convert(color).resize(size, filter)`. `size` is width and height in pixels.
///
/// # Errors
///
/// As [`preprocess_with`].
pub fn preprocess(image: &[u8], color: Color, size: [u32; 2], filter: Filter) -> Result<Pixels, Error> {
    Ok(preprocess_with(image, color, size, &Preprocess { filter, ..Preprocess::default() })?.into_bytes())
}

/// Decodes an image and does everything up to the crop, with the model's color and size (width and height in pixels) instead of
/// those of the settings.
///
/// # Errors
///
/// As [`Classifier::classify_top_k`], and [`Error::Unprocessable`] for a size of zero or settings that contradict each other.
pub fn preprocess_with(image: &[u8], color: Color, size: [u32; 2], settings: &Preprocess) -> Result<Raster, Error> {
    let cannot = |problem: String| Error::Unprocessable(format!("preprocessing image: {problem}"));
    if size.contains(&0) || settings.resize_to == Some(0) {
        return Err(cannot("width and height must be at least 1 pixel".to_owned()));
    }
    settings.check(size).map_err(cannot)?;
    raster(image, crate::decode::decode(image)?, color, size, settings)
}

/// Everything between decoding and normalization.
fn raster(
    bytes: &[u8],
    decoded: Decoded,
    color: Color,
    size: [u32; 2],
    settings: &Preprocess,
) -> Result<Raster, Error> {
    let mut pixels = color::convert(decoded, settings.background, color);
    if settings.orient == Orient::Exif {
        pixels = turn(pixels, exif_orientation(bytes));
    }
    geometry::fit(pixels, size, settings, &color::in_channels(settings.pad, color))
}

/// Refuses ONNX and TFLite files: this build has no tract.
#[cfg(not(feature = "tract"))]
fn load(file_name: &str) -> Result<Model, Error> {
    Err(Error::Model(format!(
        "reading model {file_name}: this program was built without tract and runs only prepared models"
    )))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod preset_tests;
