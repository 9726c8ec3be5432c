//! Label files in the forms that people have: one label a line, numbered lines, CSV and TSV, JSON, YAML, TensorFlow's label maps.
//!
//! A label at the wrong class is the worst mistake a classifier can make, and nobody sees it. So a form counts only if the
//! whole file has it, and what can be read in two ways is refused, with the line and the way out.

mod checks;
mod label_map;
mod lines;
mod numbers;
mod table;
mod text;
mod tree;

#[cfg(test)]
mod tests;

use std::{fmt, fs, path::Path};

use anyhow::Context as _;

use crate::error::Failure;

pub use checks::count_problem;

/// The labels of a model, in the order of its classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    pub names: Vec<String>,
    /// What form the file has, in words.
    pub form: &'static str,
    /// What the reader should know: labels that occur twice, numbers that start at 1.
    pub warnings: Vec<String>,
}

/// Why a file is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// From 1; `None` if it is about the file as a whole.
    line: Option<usize>,
    text: String,
}

impl Problem {
    fn new(text: impl Into<String>) -> Self {
        Self { line: None, text: text.into() }
    }

    fn at(place: Place, text: impl fmt::Display) -> Self {
        match place {
            Place::Line(line) => Self { line: Some(line), text: text.to_string() },
            Place::Class(_) => Self::new(format!("{place}: {text}")),
        }
    }

    /// With the file's name: `labels.txt:2: empty label`.
    fn within(&self, file: &str) -> String {
        match self.line {
            Some(line) => format!("{file}:{line}: {}", self.text),
            None => format!("{file}: {}", self.text),
        }
    }
}

/// Where a label stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Line(usize),
    /// In a document without lines of its own: the class that the label is for.
    Class(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Class(class) => write!(f, "class {class}"),
        }
    }
}

/// A label as the file has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    name: String,
    place: Place,
}

/// The labels of a file, in order, before the checks that all forms share.
#[derive(Debug)]
struct Listed {
    entries: Vec<Entry>,
    form: &'static str,
    warnings: Vec<String>,
}

impl Listed {
    fn new(entries: Vec<Entry>, form: &'static str) -> Self {
        Self { entries, form, warnings: Vec::new() }
    }
}

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
