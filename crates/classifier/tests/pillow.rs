//! Compares preprocessing with Pillow's results for the same files; see `fixtures/pillow/README.md`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use classifier::{Color, Filter, Preprocess, preprocess, preprocess_with};
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
struct Manifest {
    cases: Vec<Case>,
    jpeg: Vec<Jpeg>,
    settings: Vec<Settings>,
}

#[derive(Deserialize)]
struct Case {
    source: String,
    mode: Color,
    size: [u32; 2],
    filter: Filter,
    sha256: String,
    offset: usize,
}

#[derive(Deserialize)]
struct Jpeg {
    source: String,
    mode: Color,
    size: [u32; 2],
    decoded: String,
}

#[derive(Deserialize)]
struct Settings {
    source: String,
    settings: Preprocess,
    size: [u32; 2],
    sha256: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pillow")
}

fn manifest() -> Manifest {
    serde_json::from_slice(&std::fs::read(folder().join("manifest.json")).unwrap()).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_case_is_bit_exact() {
    let manifest = manifest();
    let mut wrong = Vec::new();
    for case in &manifest.cases {
        let source = std::fs::read(folder().join("source").join(&case.source)).unwrap();
        let pixels = preprocess(&source, case.mode, case.size, case.filter).unwrap();
        if hex(&Sha256::digest(&pixels.data)) != case.sha256 {
            let expected = image::open(folder().join("expected").join(&case.source)).unwrap().into_luma8().into_raw();
            let expected = &expected[case.offset..][..pixels.data.len()];
            let differences = expected.iter().zip(&pixels.data).map(|(a, b)| a.abs_diff(*b));
            wrong.push(format!(
                "{} {:?} {:?} {:?}: {} of {} bytes, at most by {}",
                case.source,
                case.mode,
                case.size,
                case.filter,
                differences.clone().filter(|&difference| difference > 0).count(),
                pixels.data.len(),
                differences.max().unwrap()
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases differ:\n{}", wrong.len(), manifest.cases.len(), wrong.join("\n"));
}

#[test]
fn orientation_background_and_color_are_bit_exact() {
    let settings = manifest().settings;
    assert_eq!(settings.iter().filter(|case| case.settings.background.is_some()).count(), 48);
    for Settings { source, settings, size, sha256 } in settings {
        let image = std::fs::read(folder().join(&source)).unwrap();
        let pixels = preprocess_with(&image, settings.color.unwrap(), size, &settings).unwrap().into_bytes();
        assert_eq!(hex(&Sha256::digest(&pixels.data)), sha256, "{source} {settings:?}");
    }
}

#[test]
fn the_cases_cover_all_filters_modes_and_sources() {
    let manifest = manifest();
    let filters: BTreeSet<String> = manifest.cases.iter().map(|case| format!("{:?}", case.filter)).collect();
    assert_eq!(filters.len(), 6);
    let sources: BTreeSet<(&str, &str)> =
        manifest.cases.iter().map(|case| (case.source.as_str(), case.mode.name())).collect();
    let files = std::fs::read_dir(folder().join("source")).unwrap().count();
    assert_eq!(sources.len(), 2 * files, "each source in both modes");
}

#[test]
fn jpeg_is_bit_exact() {
    let entries = manifest().jpeg;
    assert!(entries.len() >= 4);
    for entry in entries {
        let read = |name: &str| std::fs::read(folder().join("jpeg").join(name)).unwrap();
        let ours = preprocess(&read(&entry.source), entry.mode, entry.size, Filter::Nearest).unwrap();
        let pillow = preprocess(&read(&entry.decoded), entry.mode, entry.size, Filter::Nearest).unwrap();
        assert_eq!(ours, pillow, "{}", entry.source);
    }
}
