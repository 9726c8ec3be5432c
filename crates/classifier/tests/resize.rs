//! Compares resizing with what PyTorch, TensorFlow and OpenCV make of the same images; `fixtures/make_resize_fixtures.py` wrote
//! their results.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use classifier::{Color, Filter, Preprocess, Raster, preprocess_with};
use serde::Deserialize;

#[derive(Deserialize)]
struct Manifest {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    filter: Filter,
    source: String,
    size: [u32; 2],
    kind: Kind,
    offset: usize,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Bytes,
    Floats,
}

const LIBRARIES: [&str; 3] = ["torch", "tensorflow", "opencv"];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/resize")
}

fn cases(library: &str) -> Vec<Case> {
    let text = std::fs::read(folder().join(format!("{library}.json"))).unwrap();
    serde_json::from_slice::<Manifest>(&text).unwrap().cases
}

/// Bytes must be the same; floats may differ by what the order of additions changes.
#[test]
fn every_filter_gives_the_values_of_its_library() {
    let mut wrong = Vec::new();
    for library in LIBRARIES {
        let expected = std::fs::read(folder().join(format!("{library}.bin"))).unwrap();
        for case in cases(library) {
            let image = std::fs::read(folder().join(&case.source)).unwrap();
            let color = if case.source == "rgb.png" { Color::Rgb } else { Color::L };
            let settings = Preprocess { filter: case.filter, ..Preprocess::default() };
            let raster = preprocess_with(&image, color, case.size, &settings).unwrap();
            let expected = &expected[case.offset..];
            let (ours, theirs, tolerance): (Vec<f32>, Vec<f32>, f32) = match (raster, &case.kind) {
                (Raster::Bytes(pixels), Kind::Bytes) => {
                    let ours: Vec<f32> = pixels.data.iter().map(|&value| f32::from(value)).collect();
                    let theirs = expected[..ours.len()].iter().map(|&value| f32::from(value)).collect();
                    (ours, theirs, 0.0)
                }
                (Raster::Floats(pixels), Kind::Floats) => {
                    let (theirs, _) = expected[..pixels.data.len() * 4].as_chunks::<4>();
                    (pixels.data, theirs.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect(), 1e-5)
                }
                (raster, kind) => panic!("{:?}: {kind:?}, not {raster:?}", case.filter),
            };
            // Relative to the largest value: a bicubic filter adds values of both signs.
            let differs = |(a, b): &(&f32, &f32)| (*a - *b).abs() > tolerance * 255.0;
            let count = ours.iter().zip(&theirs).filter(differs).count();
            if count > 0 {
                let largest = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                let Case { filter, source, size, .. } = case;
                wrong.push(format!(
                    "{filter:?} {source} {size:?}: {count} of {} values, at most by {largest}",
                    ours.len()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} cases differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_filter_but_pillows_has_cases() {
    let tested: BTreeSet<String> =
        LIBRARIES.iter().flat_map(|library| cases(library)).map(|case| format!("{:?}", case.filter)).collect();
    let named = Filter::NAMES.iter().filter(|(name, _)| name.contains('-'));
    assert_eq!(tested, named.map(|(_, filter)| format!("{filter:?}")).collect());
}
