//! Labels that carry the number of their class.

use super::listed::{Entry, Place, Problem};

/// A label with its number.
#[derive(Debug, Clone)]
pub(super) struct Numbered {
    pub(super) number: usize,
    pub(super) entry: Entry,
}

/// How the numbers count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    Zero,
    One,
}

impl First {
    /// What a reader should know about numbers that start at 1.
    pub(super) fn warning(self) -> Option<String> {
        let text = "the numbers start at 1: the label with number 1 is taken for the model's first class";
        (self == Self::One).then(|| text.to_owned())
    }
}

/// A class number as text: digits only.
pub(super) fn number(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// The labels in the order of their numbers, which must be 0 to n-1, or 1 to n.
pub(super) fn order(mut labels: Vec<Numbered>) -> Result<(Vec<Entry>, First), Problem> {
    labels.sort_by_key(|label| label.number);
    let first = match labels.first().map(|label| label.number) {
        Some(0) => First::Zero,
        _ => First::One,
    };
    let from = usize::from(first == First::One);
    for pair in labels.windows(2) {
        if pair[0].number == pair[1].number {
            let (place, number) = (pair[0].entry.place, pair[1].number);
            return Err(Problem::at(pair[1].entry.place, format_args!("has the number {number}, as {place} has")));
        }
    }
    for (position, label) in labels.iter().enumerate() {
        let (expected, number) = (position + from, label.number);
        if expected != number {
            let text = format_args!(
                "has the number {number}, but no label has {expected}; the numbers must be 0 to n-1 (or 1 to n). If they belong \
                 to the labels themselves, write the labels as a JSON list"
            );
            return Err(Problem::at(label.entry.place, text));
        }
    }
    let entries = labels.into_iter().enumerate().map(|(class, label)| match label.entry.place {
        Place::Line(_) => label.entry,
        Place::Class(_) => Entry { place: Place::Class(class), ..label.entry },
    });
    Ok((entries.collect(), first))
}
