//! Kinds of TFLite files: float and half-precision models run, quantized ones are refused by operator name.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use classifier::{Classifier, Color, ElementType, Layout, Manifest, Preprocess, inspect};

fn read(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tflite").join(name)).unwrap()
}

#[test]
fn float_and_half_precision_scores_match_litert() {
    let references: BTreeMap<String, Vec<f32>> = serde_json::from_slice(&read("scores.json")).unwrap();
    assert_ne!(references["float"], references["half"]);
    for (name, expected) in references {
        let manifest = Manifest::new(name.as_str(), format!("{name}.tflite"));
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
fn logits_become_probabilities_unless_the_manifest_disables_softmax() {
    let manifest = Manifest::new("logits", "float.tflite");
    let predictions = Classifier::new(manifest, &read("float.tflite")).unwrap().classify(&read("image.png")).unwrap();
    let sum: f32 = predictions.iter().map(|prediction| prediction.score).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
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
