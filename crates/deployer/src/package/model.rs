//! The model's part of the zip: the model's file and `classifier.json`. A model that cannot run is refused here.
//!
//! If the channels-last kernels run the whole model, the zip holds it in their prepared form. The function then starts
//! without parsing, folding or packing anything, and its bootstrap is built without tract.

use std::fs;

use anyhow::Context as _;
use classifier::{Classifier, Error, MANIFEST_FILE, Manifest, ModelFile, Operators};

use super::archive::Entry;
use crate::{config::Config, error::Failure, labels};

/// The files of a model in the zip.
pub(super) struct Model {
    /// The model as the user gave it.
    pub(super) given: [Entry; 2],
    /// The model in prepared form, if the channels-last kernels run all of it.
    pub(super) prepared: Option<[Entry; 2]>,
    /// What runs it, in words.
    pub(super) engine: String,
    pub(super) operators: Operators,
}

/// Reads the model and its labels, and checks that they run.
pub(super) fn prepare(config: &Config) -> anyhow::Result<Model> {
    let path = &config.model.path;
    let loading = |error: Error| {
        let doing = format!("loading model {}", path.display());
        let failure = match &error {
            Error::Undecided(_) => Failure::usage(doing),
            _ => Failure::failed(doing).hint("check [model] and [preprocess] in deploy.toml"),
        };
        anyhow::Error::new(error).context(failure)
    };
    fs::metadata(path).with_context(|| Failure::usage(format!("reading model {}", path.display())))?;
    let ModelFile { name, bytes } = ModelFile::read(path).map_err(loading)?;
    let manifest = Manifest {
        labels: match &config.model.labels {
            Some(labels) => labels::read(labels)?.names,
            None => Vec::new(),
        },
        top_k: config.model.top_k,
        preprocess: config.preprocess.fields().finish(),
        activation: config.model.activation,
        output: config.model.output.clone(),
        engine: config.model.engine,
        ..Manifest::new(&config.name, name)
    };
    let classifier = Classifier::inspect(manifest, &bytes).map_err(loading)?;
    let counted = labels::count_problem(&classifier.manifest().labels, classifier.model_info().classes);
    if let (Some(labels), Some(problem)) = (&config.model.labels, counted) {
        return Err(Failure::usage(format!("reading labels {}: {problem}", labels.display())).into());
    }
    let classifier = classifier.ready().map_err(loading)?;
    // The part in parentheses names this machine's instruction set, and the function runs on another machine.
    let engine = classifier.engine();
    let engine = engine.split_once(" (").map_or(engine.as_str(), |(engine, _)| engine).to_owned();
    let operators = classifier.operators().clone();
    let prepared = classifier.prepared().map(|(manifest, bytes)| files(manifest, bytes)).transpose()?;
    Ok(Model { given: files(classifier.manifest().clone(), bytes)?, prepared, engine, operators })
}

fn files(manifest: Manifest, bytes: Vec<u8>) -> anyhow::Result<[Entry; 2]> {
    let text = serde_json::to_vec(&manifest).context("encoding the model's manifest")?;
    let model = Entry { name: manifest.model, bytes, executable: false };
    Ok([model, Entry { name: MANIFEST_FILE.to_owned(), bytes: text, executable: false }])
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::path::{Path, PathBuf};

    use classifier::Engine;

    use super::*;
    use crate::{error::kind_of, testing::config};

    fn shipped(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../model").join(name)
    }

    fn problem(config: &Config) -> String {
        format!("{:#}", prepare(config).err().unwrap())
    }

    #[test]
    fn a_model_is_checked_and_described() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        config.model.path = shipped("mnist.onnx");
        config.model.labels = Some(shipped("labels.txt"));
        for (engine, file, prepared) in
            [(Engine::ChannelsLast, "model.channels-last", true), (Engine::Tract, "model.onnx", false)]
        {
            config.model.engine = engine;
            let made = prepare(&config).unwrap();
            assert_eq!((made.given[0].name.as_str(), made.prepared.is_some()), ("model.onnx", prepared));
            let [model, manifest] = made.prepared.as_ref().unwrap_or(&made.given);
            assert_eq!((model.name.as_str(), manifest.name.as_str()), (file, MANIFEST_FILE));
            let manifest: Manifest = serde_json::from_slice(&manifest.bytes).unwrap();
            assert_eq!((manifest.name.as_str(), manifest.labels.len(), manifest.top_k), ("mnist", 10, 5));
            let classifier = Classifier::new(manifest, &model.bytes).unwrap();
            assert_eq!(
                (classifier.engine().starts_with(&made.engine), classifier.operators()),
                (true, &made.operators)
            );
        }
    }

    #[test]
    fn what_cannot_run_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let labels = folder.path().join("labels.txt");
        let mut config = config(folder.path());
        config.model.path = shipped("mnist.onnx");
        config.model.labels = Some(labels.clone());

        fs::write(&labels, "a\nb\n").unwrap();
        assert!(problem(&config).ends_with("there are 2 labels, but the model has 10 classes"), "{}", problem(&config));
        fs::write(&labels, "a\n\nb\n").unwrap();
        assert!(problem(&config).ends_with("labels.txt:2: empty label"), "{}", problem(&config));
        fs::write(&labels, [0xff, 0xfe]).unwrap();
        assert_eq!(kind_of(&prepare(&config).err().unwrap()).exit_code(), 2);

        config.model.labels = None;
        config.model.path = folder.path().join("m.onnx");
        fs::write(&config.model.path, "no model").unwrap();
        assert!(problem(&config).starts_with("loading model "), "{}", problem(&config));
    }
}
