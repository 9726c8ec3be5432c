//! The whole way from the bytes of an image to ranked labels.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::engine::Operators;
use crate::error::Error;
use crate::input::Facts;
use crate::manifest::{Color, Filter, Manifest, Prepared};
use crate::model::Model;
use crate::pixels::Pixels;
use crate::{color, decode, rank, resize};

/// File name of the manifest beside the model.
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
    /// From the manifest; the class index where it has no labels.
    pub label: String,
    /// A probability, unless the manifest turns softmax off for a model that gives something else.
    pub score: f32,
}

/// Predictions and how they came about.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Best first; never empty.
    pub predictions: Vec<Prediction>,
    /// The image as it was sent.
    pub image: ImageFacts,
    /// How long each step took.
    pub timing: Timing,
}

/// What the file held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageFacts {
    /// PNG, JPEG, WebP, GIF or BMP.
    pub format: &'static str,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
}

/// Durations of the steps.
#[derive(Debug, Clone, Copy, Default)]
pub struct Timing {
    /// Bytes to pixels.
    pub decode: Duration,
    /// Pixels to the input tensor.
    pub preprocess: Duration,
    /// Input tensor to scores.
    pub inference: Duration,
}

impl Classifier {
    /// Reads the manifest `classifier.json` and the model that it names from one folder.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] when a file cannot be read or is not valid.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(MANIFEST_FILE);
        let text = std::fs::read(&path)
            .map_err(|error| Error::Model(format!("reading manifest {}: {error}", path.display())))?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| Error::Model(format!("reading manifest {}: {error}", path.display())))?;
        // A manifest names a file beside itself, never one elsewhere.
        if Path::new(&manifest.model).file_name() != Some(manifest.model.as_ref()) {
            return Err(Error::Model(format!(
                "reading manifest {}: model {:?} is not a file name",
                path.display(),
                manifest.model
            )));
        }
        let path = folder.join(&manifest.model);
        if let Some(prepared) = &manifest.prepared {
            let open = std::fs::File::open(&path);
            let mut file = open.map_err(|error| Error::Model(format!("reading model {}: {error}", path.display())))?;
            let model = Model::prepared(&manifest.model, &mut file, prepared)?;
            return Self::of(manifest, model);
        }
        let bytes =
            std::fs::read(&path).map_err(|error| Error::Model(format!("reading model {}: {error}", path.display())))?;
        Self::new(manifest, &bytes)
    }

    /// Takes a model from memory; the manifest's `model` tells its format by the ending.
    ///
    /// # Errors
    ///
    /// [`Error::Model`] when the model cannot be read or does not fit the manifest.
    pub fn new(manifest: Manifest, model: &[u8]) -> Result<Self, Error> {
        let model = match &manifest.prepared {
            Some(prepared) => Model::prepared(&manifest.model, &mut &*model, prepared)?,
            None => Model::load(&manifest.model, model, &manifest.preprocess, manifest.engine)?,
        };
        Self::of(manifest, model)
    }

    fn of(manifest: Manifest, model: Model) -> Result<Self, Error> {
        let (labels, classes) = (manifest.labels.len(), model.facts.classes);
        if labels != 0 && labels != classes {
            return Err(Error::Model(format!(
                "reading labels: there are {labels}, but the model {} has {classes} classes",
                manifest.model
            )));
        }
        if manifest.top_k == 0 {
            return Err(Error::Model("reading manifest: top_k must be at least 1".to_owned()));
        }
        Ok(Self { manifest, model })
    }

    /// The manifest and the model's file in the form that is read without parsing, folding or packing; none where tract
    /// is needed.
    pub fn prepared(&self) -> Option<(Manifest, Vec<u8>)> {
        let file = self.model.save()?;
        let prepared = Prepared { facts: self.model.facts.clone(), operators: self.model.operators.taken.clone() };
        let manifest = Manifest { model: PREPARED_FILE.to_owned(), prepared: Some(prepared), ..self.manifest.clone() };
        Some((manifest, file))
    }

    /// What computes the model, in words.
    pub fn engine(&self) -> String {
        self.model.engine()
    }

    /// Which operators the channels-last kernels compute, and which tract does.
    pub fn operators(&self) -> &Operators {
        &self.model.operators
    }

    /// What the model takes and gives.
    pub fn facts(&self) -> &Facts {
        &self.model.facts
    }

    /// As given or read.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The best classes of an image, at most the manifest's `top_k`.
    ///
    /// # Errors
    ///
    /// As [`Classifier::answer`].
    pub fn classify(&self, image: &[u8]) -> Result<Vec<Prediction>, Error> {
        Ok(self.answer(image, self.manifest.top_k)?.predictions)
    }

    /// The `top_k` best classes of an image (at least one, at most all), with what is known of the way there.
    ///
    /// # Errors
    ///
    /// The variant says whose fault it is: only [`Error::Model`] is not the image's.
    pub fn answer(&self, image: &[u8], top_k: usize) -> Result<Answer, Error> {
        let preprocess = &self.manifest.preprocess;
        let facts = &self.model.facts;
        let started = Instant::now();
        let decoded = decode::decode(image)?;
        let image = ImageFacts { format: decoded.format, width: decoded.image.width(), height: decoded.image.height() };
        let decoding = started.elapsed();

        let pixels = color::convert(decoded.image, facts.color, decoded.grey_16)?;
        let [width, height] = facts.size.map(|side| side as usize);
        let pixels = resize::resize(pixels, width, height, preprocess.filter);
        let input = facts.input(pixels, preprocess);
        let preprocessing = started.elapsed() - decoding;

        let mut scores = self.model.run(&input)?;
        if scores.iter().any(|score| score.is_nan()) {
            return Err(Error::Model("running model: it gave a score that is no number".to_owned()));
        }
        if preprocess.softmax.unwrap_or_else(|| !rank::is_distribution(&scores)) {
            channels_last::softmax(&mut scores);
        }
        let inference = started.elapsed() - decoding - preprocessing;
        let predictions = rank::best(&scores, top_k.max(1))
            .into_iter()
            .map(|class| Prediction { label: self.label(class), score: scores[class] })
            .collect();
        Ok(Answer { predictions, image, timing: Timing { decode: decoding, preprocess: preprocessing, inference } })
    }

    fn label(&self, class: usize) -> String {
        self.manifest.labels.get(class).cloned().unwrap_or_else(|| class.to_string())
    }
}

/// Decodes an image, converts and resizes it: the part of preprocessing that equals
/// `Image.open(...).convert(color).resize(size, filter)` of Pillow. `size` is width and height in pixels.
///
/// # Errors
///
/// As [`Classifier::answer`], and [`Error::Unprocessable`] for a size of zero.
pub fn preprocess(image: &[u8], color: Color, size: [u32; 2], filter: Filter) -> Result<Pixels, Error> {
    if size.contains(&0) {
        return Err(Error::Unprocessable("resizing image: the size has a side of 0 pixels".to_owned()));
    }
    let decoded = decode::decode(image)?;
    let pixels = color::convert(decoded.image, color, decoded.grey_16)?;
    Ok(resize::resize(pixels, size[0] as usize, size[1] as usize, filter))
}
