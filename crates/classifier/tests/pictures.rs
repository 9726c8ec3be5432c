//! Compares decoding at full size with Pillow's results for small files of every kind; see `fixtures/make_picture_fixtures.py`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use classifier::{Color, Error, decode};
use serde::Deserialize;
use sha2::{Digest, Sha256};

#[derive(Deserialize)]
struct Expected {
    size: [usize; 2],
    sha256: String,
}

/// By mode. `None` if Pillow refuses the file.
type Case = BTreeMap<String, Option<Expected>>;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures")
}

#[test]
fn every_kind_has_pillows_pixels() {
    let manifest: BTreeMap<String, Case> =
        serde_json::from_slice(&std::fs::read(folder().join("manifest.json")).unwrap()).unwrap();
    assert!(manifest.len() > 150);
    let mut wrong = Vec::new();
    for (name, case) in &manifest {
        let bytes = std::fs::read(folder().join(name)).unwrap();
        for (mode, color) in [("RGB", Color::Rgb), ("L", Color::L)] {
            match (decode(&bytes, color), &case[mode]) {
                (Ok(pixels), Some(expected)) => {
                    let digest: String =
                        Sha256::digest(&pixels.data).iter().map(|byte| format!("{byte:02x}")).collect();
                    if [pixels.width, pixels.height] != expected.size || digest != expected.sha256 {
                        wrong.push(format!("{name} {mode}: other pixels"));
                    }
                }
                (Err(Error::Damaged(_) | Error::Unprocessable(_)), None) => {}
                (result, _) => {
                    wrong.push(format!("{name} {mode}: {:?}", result.map(|_| "decoded, but Pillow refuses")));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} files differ:\n{}", wrong.len(), manifest.len(), wrong.join("\n"));
}

#[test]
fn any_damage_is_an_answer_in_our_words() {
    let names = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    for path in names.filter(|path| path.extension().is_some_and(|extension| extension != "json")) {
        let bytes = std::fs::read(&path).unwrap();
        for place in (0..bytes.len()).step_by(1 + bytes.len() / 25) {
            for change in [0x01, 0xff] {
                let mut changed = bytes.clone();
                changed[place] ^= change;
                if let Err(error) = decode(&changed, Color::Rgb) {
                    let text = error.to_string();
                    assert!(text.starts_with("decoding ") || text.starts_with("reading image: "), "{text}");
                    assert!(!text.contains("Format error") && !text.contains("::"), "{text}");
                }
            }
        }
    }
}
