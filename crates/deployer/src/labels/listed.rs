//! What a label file holds, and what is wrong with it.

use std::fmt;

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
    pub(super) line: Option<usize>,
    pub(super) text: String,
}

impl Problem {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { line: None, text: text.into() }
    }

    pub(super) fn at(place: Place, text: impl fmt::Display) -> Self {
        match place {
            Place::Line(line) => Self { line: Some(line), text: text.to_string() },
            Place::Class(_) => Self::new(format!("{place}: {text}")),
        }
    }

    /// With the file's name: `labels.txt:2: empty label`.
    pub(super) fn within(&self, file: &str) -> String {
        match self.line {
            Some(line) => format!("{file}:{line}: {}", self.text),
            None => format!("{file}: {}", self.text),
        }
    }
}

/// Where a label stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
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
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) place: Place,
}

/// The labels of a file, in order, before the checks that all forms share.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) entries: Vec<Entry>,
    pub(super) form: &'static str,
    pub(super) warnings: Vec<String>,
}

impl Listed {
    pub(super) fn new(entries: Vec<Entry>, form: &'static str) -> Self {
        Self { entries, form, warnings: Vec::new() }
    }
}
