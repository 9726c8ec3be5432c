//! What a manifest asks of a model file.

use crate::engine::Engine;
use crate::manifest::Manifest;
use crate::preprocess::Preprocess;

/// What a manifest asks of a model file.
pub(crate) struct Request<'a> {
    pub(crate) preprocess: &'a Preprocess,
    /// The output that holds the scores, if the manifest names it.
    pub(crate) output: Option<&'a str>,
    /// The number of labels; 0 if there are none.
    pub(crate) labels: usize,
    pub(crate) engine: Engine,
}

impl<'a> Request<'a> {
    pub(crate) fn of(manifest: &'a Manifest) -> Self {
        Self {
            preprocess: &manifest.preprocess,
            output: manifest.output.as_deref(),
            labels: manifest.labels.len(),
            engine: manifest.engine,
        }
    }
}
