//! Compares the shipped model on the ten test images with onnxruntime and LiteRT.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use classifier::{Classifier, Color, ElementType, Engine, Error, Layout, Manifest, Preprocess, inspect};
use serde::Deserialize;

#[derive(Deserialize)]
struct Scores {
    image: String,
    onnx: Vec<f32>,
    tflite: Vec<f32>,
}

#[derive(Deserialize)]
struct Expected {
    image: String,
    label: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> Vec<u8> {
    std::fs::read(root().join(path)).unwrap()
}

fn manifest(model: &str) -> Manifest {
    let labels = String::from_utf8(read("model/labels.txt")).unwrap().lines().map(str::to_owned).collect();
    Manifest { labels, top_k: 3, ..Manifest::new("mnist", model) }
}

fn classifier(model: &str) -> Classifier {
    Classifier::new(manifest(model), &read(&format!("model/{model}"))).unwrap()
}

/// The scores in class order.
fn scores(classifier: &Classifier, image: &str) -> Vec<f32> {
    let classification = classifier.classify_top_k(&read(&format!("test_images/{image}")), 10).unwrap();
    let mut scores = vec![f32::NAN; 10];
    for prediction in classification.predictions {
        scores[prediction.label.parse::<usize>().unwrap()] = prediction.score;
    }
    scores
}

fn largest_difference(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn all_ten_images_are_classified_correctly() {
    let expected: Vec<Expected> = serde_json::from_slice(&read("test_images/expected.json")).unwrap();
    assert_eq!(expected.len(), 10);
    for model in ["mnist.onnx", "mnist.tflite"] {
        let classifier = classifier(model);
        for Expected { image, label } in &expected {
            let predictions = classifier.classify(&read(&format!("test_images/{image}"))).unwrap();
            assert_eq!(&predictions[0].label, label, "{model} {image}");
            assert_eq!(predictions.len(), 3);
            assert!(predictions.is_sorted_by(|a, b| a.score >= b.score));
        }
    }
}

#[test]
fn scores_match_the_reference_runtimes() {
    let (onnx, tflite) = (classifier("mnist.onnx"), classifier("mnist.tflite"));
    let text = read("crates/classifier/tests/fixtures/mnist_scores.json");
    let references: Vec<Scores> = serde_json::from_slice(&text).unwrap();
    assert_eq!(references.len(), 10);
    for reference in references {
        let ours = (scores(&onnx, &reference.image), scores(&tflite, &reference.image));
        for (name, difference) in [
            ("onnx", largest_difference(&ours.0, &reference.onnx)),
            ("tflite", largest_difference(&ours.1, &reference.tflite)),
            ("each other", largest_difference(&ours.0, &ours.1)),
        ] {
            assert!(difference <= 1e-5, "{}: {name} {difference}", reference.image);
        }
    }
}

#[test]
fn both_engines_and_the_prepared_form_give_the_same_scores() {
    for model in ["mnist.onnx", "mnist.tflite"] {
        let ours = classifier(model);
        let tract = Manifest { engine: Engine::Tract, ..manifest(model) };
        let tract = Classifier::new(tract, &read(&format!("model/{model}"))).unwrap();
        assert_eq!((ours.engine().contains("channels-last"), tract.engine().as_str()), (true, "tract"));
        assert!(tract.prepared().is_none() && tract.operators().taken.is_empty(), "{model}");
        let (manifest, file) = ours.prepared().unwrap();
        let text = serde_json::to_vec(&manifest).unwrap();
        let prepared = Classifier::new(serde_json::from_slice(&text).unwrap(), &file).unwrap();
        for digit in 0..10 {
            let image = format!("{digit}.png");
            let expected = scores(&tract, &image);
            assert!(largest_difference(&expected, &scores(&ours, &image)) <= 1e-5, "{model} {image}");
            assert_eq!(scores(&ours, &image), scores(&prepared, &image), "{model} {image}");
        }
    }
}

#[test]
fn a_damaged_prepared_model_is_refused() {
    let (manifest, file) = classifier("mnist.onnx").prepared().unwrap();
    let refused = |file: &[u8]| Classifier::new(manifest.clone(), file).err().unwrap().to_string();
    for length in [0, 10, 24, 500, file.len() - 1] {
        assert!(refused(&file[..length]).starts_with("reading model model.channels-last: "), "{length}");
    }
    assert!(refused(&read("model/mnist.onnx")).ends_with("not a compiled model of this version"));
    let mut other = manifest.clone();
    other.prepared.as_mut().unwrap().info.classes = 11;
    let error = Classifier::new(Manifest { labels: vec![], ..other }, &file).err().unwrap().to_string();
    assert!(error.ends_with("it does not match its manifest"), "{error}");
}

#[test]
fn both_files_declare_a_uint8_input() {
    for model in ["mnist.onnx", "mnist.tflite"] {
        let (info, operators) = inspect(model, &read(&format!("model/{model}")), &Preprocess::default()).unwrap();
        assert_eq!(info.input_shape, [1, 28, 28], "{model}");
        assert_eq!(info.input_type, ElementType::Uint8, "{model}");
        assert_eq!((info.layout, info.size, info.color, info.classes), (Layout::Nhw, [28, 28], Color::L, 10));
        assert_eq!((operators.taken["Conv"], operators.left.len()), (2, 0), "{model}");
    }
}

#[test]
fn a_manifest_that_does_not_match_the_model_is_refused() {
    let model = read("model/mnist.onnx");
    let refused = |manifest: Manifest| Classifier::new(manifest, &model).err().unwrap().to_string();
    let labels = refused(Manifest { labels: vec!["a".into(), "b".into()], ..manifest("mnist.onnx") });
    assert!(labels.contains("there are 2") && labels.contains("10 classes"), "{labels}");
    let preprocess = Preprocess { size: Some([32, 32]), ..Preprocess::default() };
    let size = refused(Manifest { preprocess, ..manifest("mnist.onnx") });
    assert!(size.contains("28") && size.contains("32"), "{size}");
    // The bytes tell the format, whatever the name says.
    assert!(Classifier::new(manifest("mnist.pb"), &model).is_ok());
    let top_k = refused(Manifest { top_k: 0, ..manifest("mnist.onnx") });
    assert!(top_k.contains("top_k"), "{top_k}");
}

#[test]
fn without_labels_the_label_is_the_class_index() {
    let classifier =
        Classifier::new(Manifest { labels: vec![], ..manifest("mnist.onnx") }, &read("model/mnist.onnx")).unwrap();
    assert_eq!(classifier.classify(&read("test_images/7.png")).unwrap()[0].label, "7");
}

/// Damage of any kind is an error and never a panic.
#[test]
fn damaged_models_are_errors() {
    for model in ["mnist.onnx", "mnist.tflite"] {
        let bytes = read(&format!("model/{model}"));
        let mut damaged: Vec<Vec<u8>> = [0, 1, 8, 100, bytes.len() / 2].map(|end| bytes[..end].to_vec()).into();
        damaged.push(b"not a model".to_vec());
        for bytes in damaged {
            let error = inspect(model, &bytes, &Preprocess::default()).unwrap_err();
            assert!(matches!(error, Error::Model(_)) && error.to_string().contains(model), "{error}");
        }
        // A flipped byte may or may not leave a valid model; it must not panic.
        for place in (0..bytes.len()).step_by(bytes.len() / 60) {
            let mut flipped = bytes.clone();
            flipped[place] ^= 0xff;
            let _ = inspect(model, &flipped, &Preprocess::default());
        }
    }
}
