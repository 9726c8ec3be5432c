//! Kinds of ONNX files: their inputs, outputs, types, quantizations and files beside them. The models and onnxruntime's scores
//! come from `fixtures/make_onnx_fixtures.py`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use classifier::{Classifier, Color, ElementType, Engine, Error, Layout, Manifest, ModelFile, Preprocess};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/onnx").join(name)
}

fn open(path: &Path, change: impl Fn(&mut Manifest)) -> Result<Classifier, Error> {
    let file = ModelFile::read(path)?;
    assert_eq!(file.name, "model.onnx");
    let mut manifest = Manifest::new("test", file.name);
    change(&mut manifest);
    // What the files do not tell, such as the range of the input, does not matter for raw scores.
    Classifier::inspect(manifest, &file.bytes)
}

fn fixture(name: &str, change: impl Fn(&mut Manifest)) -> Result<Classifier, Error> {
    open(&path(&format!("{name}.onnx")), change)
}

fn refusal(name: &str, change: impl Fn(&mut Manifest)) -> String {
    fixture(name, change).err().unwrap().to_string()
}

/// The image of `make_onnx_fixtures.py`, in the layout of the model.
fn pixels(classifier: &Classifier) -> Vec<f32> {
    let info = classifier.model_info();
    let value = |k: usize| (k * 7 % 11) as f32;
    let count: usize = info.input_shape.iter().product();
    let pixels = count / info.color.channels();
    match info.layout {
        Layout::Nchw => (0..info.color.channels())
            .flat_map(|channel| (0..pixels).map(move |pixel| value(pixel * info.color.channels() + channel)))
            .collect(),
        _ => (0..count).map(value).collect(),
    }
}

fn assert_scores(name: &str, classifier: &Classifier, expected: &[f32], tolerance: f32) {
    let scores = classifier.raw_scores(pixels(classifier)).unwrap();
    assert_eq!(scores.len(), expected.len(), "{name}");
    for (score, expected) in scores.iter().zip(expected) {
        assert!((score - expected).abs() < tolerance, "{name}: {scores:?} instead of {expected}");
    }
}

fn references() -> BTreeMap<String, Vec<f32>> {
    serde_json::from_slice(&fs::read(path("scores.json")).unwrap()).unwrap()
}

#[test]
fn scores_match_onnxruntime() {
    for (name, expected) in references() {
        for engine in [Engine::ChannelsLast, Engine::Tract] {
            let classifier = fixture(&name, |manifest| {
                manifest.engine = engine;
                if ["size_open", "all_open", "no_shape"].contains(&name.as_str()) {
                    manifest.preprocess.size = Some([6, 6]);
                }
            });
            let classifier = classifier.unwrap();
            // A quantized network may round one value to the neighbouring step.
            let tolerance = match name.as_str() {
                "float16" => 2e-3,
                "qdq" | "qoperator" | "dynamic" => 0.02,
                _ => 1e-5,
            };
            assert_scores(&name, &classifier, &expected, tolerance);
        }
    }
}

#[test]
fn the_input_is_described_as_declared() {
    let info = |name: &str| fixture(name, |_| ()).unwrap().model_info().clone();
    assert_eq!(info("float16").input_type, ElementType::Float16);
    assert_eq!(info("float64").input_type, ElementType::Float64);
    assert_eq!(info("input_int64").input_type.name(), "int64");
    let grey = info("sklearn_mlp");
    assert_eq!((grey.size, grey.color, grey.classes), ([6, 6], Color::L, 3));
    assert_eq!(info("batch_of_3").input_shape, [1, 3, 6, 6]);
    assert_eq!(fixture("sklearn_logistic", |_| ()).unwrap().class_names(), ["cat", "dog", "owl"]);
}

#[test]
fn an_open_input_needs_a_size() {
    let message = refusal("all_open", |_| ());
    assert!(message.contains("preprocess.size"), "{message}");
    let wrong = |manifest: &mut Manifest| {
        manifest.preprocess = Preprocess { size: Some([5, 6]), color: Some(Color::L), ..Preprocess::default() };
    };
    let message = refusal("sklearn_mlp", wrong);
    assert!(message.contains("36"), "{message}");
}

#[test]
fn one_output_is_chosen_or_named() {
    let message = refusal("two_heads", |_| ());
    assert!(
        message.contains("a (float32 [1, 8]), b (float32 [1, 8])") && message.contains("output in [model]"),
        "{message}"
    );
    let named = |name: &'static str| move |manifest: &mut Manifest| manifest.output = Some(name.to_owned());
    let scores = |name: &'static str| {
        let classifier = fixture("two_heads", named(name)).unwrap();
        classifier.raw_scores(pixels(&classifier)).unwrap()
    };
    let (doubled, negated) = (scores("a"), scores("b"));
    assert!(doubled.iter().zip(&negated).all(|(doubled, negated)| (doubled + 2.0 * negated).abs() < 1e-5));
    let message = refusal("two_heads", named("c"));
    assert!(message.contains("\"c\"") && message.contains("b (float32 [1, 8])"), "{message}");
    let labelled = |manifest: &mut Manifest| manifest.labels = (0..8).map(|class| class.to_string()).collect();
    assert_eq!(fixture("features_and_logits", labelled).unwrap().model_info().classes, 8);
    let message = refusal("label_and_probabilities", named("label"));
    assert!(message.contains("ArgMax"), "{message}");
}

#[test]
fn what_cannot_run_is_named() {
    for (name, words) in [
        ("second_input", ["age (float32 [1, 4])", "one input"]),
        ("only_label", ["ArgMax", "one score per class"]),
        ("unknown_operator", ["custom.Mystery", "torch.onnx.export"]),
    ] {
        let message = refusal(name, |_| ());
        assert!(words.iter().all(|words| message.contains(words)), "{name}: {message}");
    }
}

#[test]
fn weights_in_other_files_are_found_and_checked() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("m.onnx");
    fs::copy(path("external.onnx"), &model).unwrap();
    let message = || ModelFile::read(&model).unwrap_err().to_string();
    assert!(message().contains("external.onnx.data: there is no such file"), "{}", message());
    let weights = fs::read(path("external.onnx.data")).unwrap();
    let beside = folder.path().join("external.onnx.data");
    fs::write(&beside, &weights[..weights.len() - 1]).unwrap();
    assert!(message().contains("incomplete"), "{}", message());
    fs::write(&beside, &weights).unwrap();
    assert_scores("moved", &open(&model, |_| ()).unwrap(), &references()["plain"], 1e-5);
    // The zip holds only one file, so that must be the whole model.
    let file = ModelFile::read(&model).unwrap();
    fs::remove_file(&beside).unwrap();
    Classifier::inspect(Manifest::new("m", file.name), &file.bytes).unwrap();
    // The name in the model must not lead out of its folder.
    let text = fs::read(path("external.onnx")).unwrap();
    let out = String::from_utf8_lossy(b"external.onnx.data").replace("external.", "../..//..");
    let changed: Vec<u8> = replace(&text, b"external.onnx.data", out.as_bytes());
    fs::write(&model, changed).unwrap();
    assert!(message().contains("must be in the model's folder"), "{}", message());
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    while let Some(at) = bytes.windows(from.len()).position(|window| window == from) {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    bytes
}

#[test]
fn a_damaged_file_is_refused_without_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("m.onnx");
    let whole = fs::read(path("qdq.onnx")).unwrap();
    for length in (1..whole.len()).step_by(97) {
        fs::write(&model, &whole[..length]).unwrap();
        if let Err(error) = open(&model, |_| ()) {
            let message = error.to_string();
            assert!(!message.contains("Protobuf") && !message.contains("TypedOp"), "{length}: {message}");
        }
    }
    for position in (0..whole.len()).step_by(41) {
        let mut changed = whole.clone();
        changed[position] ^= 0x55;
        fs::write(&model, changed).unwrap();
        if let Ok(classifier) = ModelFile::read(&model).and_then(|_| open(&model, |_| ())) {
            let _ = classifier.raw_scores(pixels(&classifier));
        }
    }
}
