//! The model's part of the zip: the file itself and `classifier.json`. A model that could not run is refused here.

use std::fs;

use anyhow::Context as _;
use classifier::{Classifier, Manifest};

use super::archive::Entry;
use crate::{config::Config, error::Failure};

/// The manifest's name in the zip, which the handler looks for.
const MANIFEST: &str = "classifier.json";

/// Reads the model and its labels, and proves that they run.
pub(super) fn prepare(config: &Config) -> anyhow::Result<[Entry; 2]> {
    let path = &config.model.path;
    let bytes = fs::read(path).with_context(|| Failure::usage(format!("reading model {}", path.display())))?;
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or("onnx");
    let manifest = Manifest {
        name: config.name.clone(),
        model: format!("model.{extension}"),
        labels: labels(config)?,
        top_k: config.model.top_k,
        preprocess: config.preprocess.clone(),
    };
    let loading = || {
        let failure = Failure::failed(format!("loading model {}", path.display()));
        failure.hint("check [model] and [preprocess] in deploy.toml")
    };
    Classifier::new(manifest.clone(), &bytes).with_context(loading)?;
    let text = serde_json::to_vec(&manifest).context("encoding the model's manifest")?;
    let model = Entry { name: manifest.model.clone(), bytes, executable: false };
    Ok([model, Entry { name: MANIFEST.to_owned(), bytes: text, executable: false }])
}

/// One label a line. The class is the line's number, so an empty line between others is a mistake.
fn labels(config: &Config) -> anyhow::Result<Vec<String>> {
    let Some(path) = &config.model.labels else { return Ok(Vec::new()) };
    let reading = || Failure::usage(format!("reading labels {}", path.display()));
    let text = fs::read_to_string(path).with_context(reading)?;
    let labels: Vec<String> = text.trim_end().lines().map(|line| line.trim().to_owned()).collect();
    match labels.iter().position(String::is_empty) {
        Some(line) => Err(Failure::usage(format!("{}:{}: empty label", path.display(), line + 1)).into()),
        None => Ok(labels),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::{data_plane::access::tests::config, error::kind_of};

    fn shipped(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../model").join(name)
    }

    fn problem(config: &Config) -> String {
        format!("{:#}", prepare(config).err().unwrap())
    }

    #[test]
    fn a_model_is_proved_and_described() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        config.model.path = shipped("mnist.onnx");
        config.model.labels = Some(shipped("labels.txt"));
        let [model, manifest] = prepare(&config).unwrap();
        assert_eq!((model.name.as_str(), manifest.name.as_str()), ("model.onnx", MANIFEST));
        let manifest: Manifest = serde_json::from_slice(&manifest.bytes).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.labels.len(), manifest.top_k), ("mnist", 10, 5));
        Classifier::new(manifest, &model.bytes).unwrap();
    }

    #[test]
    fn what_cannot_run_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let labels = folder.path().join("labels.txt");
        let mut config = config(folder.path());
        config.model.path = shipped("mnist.onnx");
        config.model.labels = Some(labels.clone());

        fs::write(&labels, "a\nb\n").unwrap();
        assert!(problem(&config).starts_with("loading model "), "{}", problem(&config));
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
