//! The manifest `classifier.json` in the function's zip: model file, labels and preprocessing.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::activation::Activation;
use crate::engine::Engine;
use crate::model_info::ModelInfo;
use crate::preprocess::Preprocess;

/// Everything the handler needs to know besides the model file itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The `model` field of every response: the stack's name.
    pub name: String,
    /// File name of the model in the manifest's folder: `.onnx`, `.tflite`, or a prepared model.
    pub model: String,
    /// One label per class, in the model's order. If empty, class indices serve as labels.
    pub labels: Vec<String>,
    /// The maximum number of predictions in a response.
    pub top_k: usize,
    /// How an image becomes the input tensor.
    pub preprocess: Preprocess,
    /// What turns the model's output into scores. `None` leaves it to the model; a packaged manifest always has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activation: Option<Activation>,
    /// The name of the output that holds the scores; `None` if the model has only one that can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// Which kernels may compute the model.
    #[serde(default, skip_serializing_if = "Engine::is_default")]
    pub engine: Engine,
    /// Describes a model file that packaging has prepared; `None` for an ONNX or TFLite file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prepared: Option<Prepared>,
}

impl Manifest {
    /// A manifest with defaults: no labels, five predictions, the model's own image size; what the model says of its scores.
    pub fn new(name: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            model: model.into(),
            labels: Vec::new(),
            top_k: 5,
            preprocess: Preprocess::default(),
            activation: None,
            output: None,
            engine: Engine::default(),
            prepared: None,
        }
    }
}

/// What the file of a prepared model does not contain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prepared {
    /// The model's input and output.
    #[serde(rename = "facts")]
    pub info: ModelInfo,
    /// The number of operators of the original model, by name.
    pub operators: BTreeMap<String, usize>,
}
