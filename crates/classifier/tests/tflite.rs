//! Kinds of TFLite files, compared with LiteRT: float, half precision, 8-bit weights, and integers throughout.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;

use classifier::{Activation, Classifier, Color, ElementType, Error, Layout, Manifest, Preprocess, Resize, inspect};

fn read(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tflite").join(name)).unwrap()
}

/// A manifest for pixels of 0 to 255. A quantized input takes them without a scale.
fn manifest(file: &str, activation: Activation) -> Manifest {
    let scale = if file == "int8.tflite" { Vec::new() } else { vec![1.0] };
    let preprocess = Preprocess { scale, ..Preprocess::default() };
    Manifest { preprocess, activation: Some(activation), ..Manifest::new("test", file) }
}

/// The scores of a model in its own order.
fn scores(name: &str, image: &str) -> Vec<f32> {
    let manifest = Manifest { top_k: 100, ..manifest(&format!("{name}.tflite"), Activation::None) };
    let predictions =
        Classifier::new(manifest, &read(&format!("{name}.tflite"))).unwrap().classify(&read(image)).unwrap();
    let mut scores = vec![f32::NAN; predictions.len()];
    for prediction in predictions {
        scores[prediction.label.parse::<usize>().unwrap()] = prediction.score;
    }
    scores
}

#[test]
fn scores_match_litert() {
    let references: BTreeMap<String, Vec<f32>> = serde_json::from_slice(&read("scores.json")).unwrap();
    assert_ne!(references["float"], references["half"]);
    assert_ne!(references["float"], references["int8"]);
    // Largest difference as a part of the scores' range. LiteRT also quantizes the activations between 8-bit weights.
    let files = [
        ("float", "image.png", 1e-5),
        ("half", "image.png", 1e-5),
        ("gelu", "gelu.png", 1e-5),
        ("dynamic_range", "dynamic_range.png", 1e-2),
        // Two of 255 steps.
        ("int8", "image.png", 2.01 / 255.0),
    ];
    assert_eq!(files.len(), references.len());
    for (name, image, tolerance) in files {
        let (found, expected) = (scores(name, image), &references[name]);
        assert_eq!(found.len(), expected.len(), "{name}");
        let highest = expected.iter().copied().fold(f32::MIN, f32::max);
        let lowest = expected.iter().copied().fold(f32::MAX, f32::min);
        for (found, expected) in found.iter().zip(expected) {
            let allowed = tolerance * (highest - lowest).max(1.0);
            assert!((found - expected).abs() <= allowed, "{name}: {found} {expected}");
        }
    }
}

#[test]
fn the_input_is_what_the_file_declares() {
    for (name, input_type) in [("float", ElementType::Float32), ("int8", ElementType::Uint8)] {
        let file = format!("{name}.tflite");
        let (info, _) = inspect(&file, &read(&file), &Preprocess::default()).unwrap();
        assert_eq!(info.input_shape, [1, 8, 6, 3]);
        assert_eq!((info.layout, info.size, info.color), (Layout::Nhwc, [6, 8], Color::Rgb));
        assert_eq!((info.input_type, info.classes), (input_type, 5));
    }
}

#[test]
fn a_float_model_needs_only_our_kernels() {
    let (_, operators) = inspect("float.tflite", &read("float.tflite"), &Preprocess::default()).unwrap();
    assert!(operators.left.is_empty(), "{:?}", operators.left);
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
fn a_damaged_file_is_refused_or_read_but_never_fatal() {
    for name in ["float", "half", "gelu", "dynamic_range", "int8"] {
        let file = format!("{name}.tflite");
        let whole = read(&file);
        for position in (0..whole.len()).step_by(7) {
            let mut damaged = whole.clone();
            damaged[position] ^= 0xff;
            let _ = inspect(&file, &damaged, &Preprocess::default());
        }
        for length in (0..whole.len()).step_by(97) {
            let error = inspect(&file, &whole[..length], &Preprocess::default()).unwrap_err();
            assert!(error.to_string().contains(&file), "{error}");
        }
    }
}
