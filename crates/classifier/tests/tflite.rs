//! The flavours of TFLite file: float and half precision are read, integer arithmetic is refused by name.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use classifier::{Classifier, Color, ElementType, Layout, Manifest, Preprocess, inspect};

fn read(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tflite").join(name)).unwrap()
}

#[test]
fn float_and_half_precision_answer_as_litert() {
    let references: BTreeMap<String, Vec<f32>> = serde_json::from_slice(&read("scores.json")).unwrap();
    assert_ne!(references["float"], references["half"]);
    for (name, expected) in references {
        let manifest = Manifest {
            preprocess: Preprocess { softmax: Some(false), ..Preprocess::default() },
            ..Manifest::new(name.as_str(), format!("{name}.tflite"))
        };
        let classifier = Classifier::new(manifest, &read(&format!("{name}.tflite"))).unwrap();
        let facts = classifier.facts();
        assert_eq!(facts.input_shape, [1, 8, 6, 3]);
        assert_eq!((facts.layout, facts.size, facts.color), (Layout::Nhwc, [6, 8], Color::Rgb));
        assert_eq!((facts.input_type, facts.classes), (ElementType::Float32, 5));
        let predictions = classifier.classify(&read("image.png")).unwrap();
        assert_eq!(predictions.len(), expected.len());
        for prediction in predictions {
            let expected = expected[prediction.label.parse::<usize>().unwrap()];
            assert!((prediction.score - expected).abs() < 1e-5, "{name}: {} {expected}", prediction.score);
        }
    }
}

#[test]
fn logits_become_probabilities_unless_the_manifest_says_no() {
    let manifest = Manifest::new("logits", "float.tflite");
    let predictions = Classifier::new(manifest, &read("float.tflite")).unwrap().classify(&read("image.png")).unwrap();
    let sum: f32 = predictions.iter().map(|prediction| prediction.score).sum();
    assert!((sum - 1.0).abs() < 1e-5, "{sum}");
}

#[test]
fn what_is_not_computed_is_refused_with_the_operator_and_the_way_out() {
    for (file, operator) in
        [("dynamic_range.tflite", "FULLY_CONNECTED"), ("int8.tflite", "QUANTIZE"), ("gelu.tflite", "operator GELU")]
    {
        let error = inspect(file, &read(file), &Preprocess::default()).unwrap_err().to_string();
        for part in [file, operator, "tf2onnx"] {
            assert!(error.contains(part), "{file}: {error}");
        }
    }
}
