//! Each preset makes the tensor that its library makes; `tests/fixtures/make_preset_fixtures.py` wrote the values.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::preprocess_with;
use crate::input_tensor::{InputTensor, input_tensor};
use crate::model_info::{ElementType, Layout, ModelInfo};
use crate::preprocess::{Color, Filter, Preprocess, Resize, preset, presets};

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    preset: String,
    source: String,
    size: [u32; 2],
    step: usize,
    values: Vec<f32>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/presets")
}

fn cases() -> Vec<Case> {
    let read = |group: &str| {
        let text = std::fs::read(folder().join(format!("{group}.json"))).unwrap();
        serde_json::from_slice::<Fixture>(&text).unwrap().cases
    };
    ["torch", "keras"].into_iter().flat_map(read).collect()
}

/// The tensor in the order channels, rows, columns.
fn tensor(image: &[u8], size: [u32; 2], settings: &Preprocess) -> Vec<f32> {
    let color = settings.color.unwrap_or(Color::Rgb);
    let [width, height] = size.map(|side| side as usize);
    let info = ModelInfo {
        input_shape: vec![1, color.channels(), height, width],
        input_type: ElementType::Float32,
        layout: Layout::Nchw,
        size,
        color,
        classes: 1,
    };
    match input_tensor(&info, preprocess_with(image, color, size, settings).unwrap(), settings) {
        InputTensor::F32(values) => values,
        InputTensor::U8(bytes) => panic!("bytes: {bytes:?}"),
    }
}

#[test]
fn each_preset_makes_its_librarys_tensor() {
    let letterbox = Preprocess {
        resize: Resize::Letterbox,
        pad: [114; 3],
        filter: Filter::OpencvLinear,
        scale: vec![1.0],
        ..Preprocess::default()
    };
    let mut tested = BTreeSet::new();
    for case in cases() {
        let settings = match case.preset.as_str() {
            "letterbox" => letterbox.clone(),
            name => preset(name).unwrap().fields.clone().finish(),
        };
        let image = std::fs::read(folder().join(&case.source)).unwrap();
        let tensor = tensor(&image, case.size, &settings);
        let ours = tensor.iter().step_by(case.step);
        assert_eq!(ours.len(), case.values.len(), "{}", case.preset);
        // Values of 0 to 255 or of about -2 to 2, rounded to six places in the fixture.
        for (position, (ours, theirs)) in ours.zip(&case.values).enumerate() {
            let tolerance = 2e-6 + theirs.abs() * 2e-6;
            assert!((ours - theirs).abs() <= tolerance, "{} {} {position}: {ours} {theirs}", case.preset, case.source);
        }
        tested.insert(case.preset);
    }
    tested.remove("letterbox");
    assert_eq!(tested, presets().iter().map(|preset| preset.name.to_owned()).collect());
}
