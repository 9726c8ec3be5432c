//! Kinds of TFLite files: float and half-precision models run, quantized ones are refused by operator name.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use classifier::{Activation, Classifier, Color, ElementType, Error, Layout, Manifest, Preprocess, Resize, inspect};

fn read(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tflite").join(name)).unwrap()
}

/// A manifest for pixels of 0 to 255, of which the files' graphs say nothing.
fn manifest(file: &str, activation: Activation) -> Manifest {
    let preprocess = Preprocess { scale: vec![1.0], ..Preprocess::default() };
    Manifest { preprocess, activation: Some(activation), ..Manifest::new("test", file) }
}

#[test]
fn float_and_half_precision_scores_match_litert() {
    let references: BTreeMap<String, Vec<f32>> = serde_json::from_slice(&read("scores.json")).unwrap();
    assert_ne!(references["float"], references["half"]);
    for (name, expected) in references {
        let manifest = manifest(&format!("{name}.tflite"), Activation::None);
        let classifier = Classifier::new(manifest, &read(&format!("{name}.tflite"))).unwrap();
        let info = classifier.model_info();
        assert_eq!(info.input_shape, [1, 8, 6, 3]);
        assert_eq!((info.layout, info.size, info.color), (Layout::Nhwc, [6, 8], Color::Rgb));
        assert_eq!((info.input_type, info.classes), (ElementType::Float32, 5));
        let predictions = classifier.classify(&read("image.png")).unwrap();
        assert_eq!(predictions.len(), expected.len());
        for prediction in predictions {
            let expected = expected[prediction.label.parse::<usize>().unwrap()];
            assert!((prediction.score - expected).abs() < 1e-5, "{name}: {} {expected}", prediction.score);
        }
    }
}

#[test]
fn logits_become_probabilities_as_the_manifest_says() {
    let score = |activation| {
        let classifier = Classifier::new(manifest("float.tflite", activation), &read("float.tflite")).unwrap();
        let mut predictions = classifier.classify(&read("image.png")).unwrap();
        predictions.sort_by(|a, b| a.label.cmp(&b.label));
        predictions.iter().map(|prediction| prediction.score).collect::<Vec<f32>>()
    };
    let logits = score(Activation::None);
    let exponentials: Vec<f32> = logits.iter().map(|logit| logit.exp()).collect();
    let sum: f32 = exponentials.iter().sum();
    for (class, logit) in logits.iter().enumerate() {
        assert!((score(Activation::Softmax)[class] - exponentials[class] / sum).abs() < 1e-5);
        assert!((score(Activation::Sigmoid)[class] - 1.0 / (1.0 + (-logit).exp())).abs() < 1e-5);
    }
}

#[test]
fn a_float_input_needs_a_scale_unless_the_model_is_only_inspected() {
    let manifest = || Manifest { activation: Some(Activation::None), ..Manifest::new("float", "float.tflite") };
    match Classifier::new(manifest(), &read("float.tflite")).err() {
        Some(Error::Undecided(keys)) => assert!(keys.contains("scale = \"1/255\""), "{keys}"),
        other => panic!("{other:?}"),
    }
    let inspected = Classifier::inspect(manifest(), &read("float.tflite")).unwrap();
    assert_eq!(inspected.model_info().classes, 5);
}

#[test]
fn an_image_of_another_size_is_refused_if_nothing_resizes_it() {
    let preprocess = Preprocess { resize: Resize::None, scale: vec![1.0], ..Preprocess::default() };
    let manifest = Manifest { preprocess, ..manifest("float.tflite", Activation::None) };
    let classifier = Classifier::new(manifest, &read("float.tflite")).unwrap();
    let digit = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test_images/0.png")).unwrap();
    match classifier.classify(&digit) {
        Err(Error::Unprocessable(words)) => assert!(words.contains("28x28") && words.contains("6x8"), "{words}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unsupported_model_is_refused_with_operator_and_advice() {
    for (file, operator) in
        [("dynamic_range.tflite", "FULLY_CONNECTED"), ("int8.tflite", "QUANTIZE"), ("gelu.tflite", "operator GELU")]
    {
        let error = inspect(file, &read(file), &Preprocess::default()).unwrap_err().to_string();
        for part in [file, operator, "tf2onnx"] {
            assert!(error.contains(part), "{file}: {error}");
        }
    }
}
