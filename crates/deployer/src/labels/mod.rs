//! Label files in the forms that people have: one label a line, numbered lines, CSV and TSV, JSON, YAML, TensorFlow's label maps.
//!
//! A label at the wrong class is the worst mistake a classifier can make, and nobody sees it. So a form counts only if the
//! whole file has it, and what can be read in two ways is refused, with the line and the way out.

mod checks;
mod label_map;
mod lines;
mod listed;
mod numbers;
mod table;
mod text;
mod tree;

#[cfg(test)]
mod tests;

use std::{fs, path::Path};

use anyhow::Context as _;

use crate::error::Failure;

use listed::Listed;

pub use checks::count_problem;
pub use listed::{Labels, Problem};

/// Reads a label file.
pub fn read(path: &Path) -> anyhow::Result<Labels> {
    let reading = || Failure::usage(format!("reading labels {}", path.display()));
    let bytes = fs::read(path).with_context(reading)?;
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    parse(&file, &bytes).map_err(|problem| {
        anyhow::anyhow!("{}", problem.within(&file))
            .context(reading().hint("one label a line, in the order of the model's classes, always works"))
    })
}

/// Reads the bytes of a label file. Its name only tells which form to expect.
pub fn parse(file: &str, bytes: &[u8]) -> Result<Labels, Problem> {
    let text = text::decode(bytes)?;
    let extension = Path::new(file).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let listed = match extension.to_ascii_lowercase().as_str() {
        "json" => tree::json(&text)?,
        "yaml" | "yml" => tree::yaml(&text)?,
        "csv" => table::read(&text, None)?,
        "tsv" | "tab" => table::read(&text, Some(b'\t'))?,
        "pbtxt" => label_map::read(&text)?,
        _ => by_content(&text)?,
    };
    checks::check(listed)
}

/// A text file may hold any of the forms.
fn by_content(text: &str) -> Result<Listed, Problem> {
    let start = text.trim_start();
    if start.starts_with(['{', '[']) {
        // Python's lists and dicts are no JSON, but YAML.
        match tree::json(text).or_else(|problem| tree::yaml(text).map_err(|_| problem)) {
            Err(_) if start.starts_with('[') && !start.starts_with("[\"") && !start.starts_with("['") => {}
            read => return read,
        }
    }
    if label_map::is_one(text) {
        return label_map::read(text);
    }
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    if lines.clone().any(|line| line.starts_with("names:")) || lines.all(|line| line.starts_with("- ")) {
        return tree::yaml(text);
    }
    lines::read(text)
}
