//! Decodes images at full size, as the endpoint does before it resizes them.
//!
//! usage: decode [--out FOLDER] < list of files
//! Prints one line of JSON per file and mode (`RGB` and `L`): size and digest of the pixels, or the error. With `--out`,
//! also writes the raw pixels to `FOLDER/<number of the file>.<mode>`. A list rather than arguments, because suites have
//! thousands of files.

#![expect(clippy::print_stdout, reason = "printing results is its purpose")]

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use classifier::{Color, decode};
use sha2::{Digest, Sha256};

fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let out: Option<PathBuf> = match arguments.next().as_deref() {
        Some("--out") => Some(arguments.next().context("--out needs a folder")?.into()),
        Some(other) => anyhow::bail!("unknown argument {other}"),
        None => None,
    };
    for (number, path) in std::io::stdin().lock().lines().enumerate() {
        let path = path?;
        let bytes = std::fs::read(&path).with_context(|| format!("reading {path}"))?;
        for (mode, color) in [("RGB", Color::Rgb), ("L", Color::L)] {
            let line = match decode(&bytes, color) {
                Ok(pixels) => {
                    if let Some(folder) = &out {
                        std::fs::write(folder.join(format!("{number}.{mode}")), &pixels.data)?;
                    }
                    let digest: String =
                        Sha256::digest(&pixels.data).iter().map(|byte| format!("{byte:02x}")).collect();
                    serde_json::json!({ "file": path, "mode": mode, "width": pixels.width, "height": pixels.height, "sha256": digest })
                }
                Err(error) => {
                    let kind = format!("{error:?}");
                    let kind = kind.split('(').next().unwrap_or_default();
                    serde_json::json!({ "file": path, "mode": mode, "error": error.to_string(), "kind": kind })
                }
            };
            println!("{line}");
        }
        std::io::stdout().flush()?;
    }
    Ok(())
}
