//! What holds for labels of every form: no label is empty, invisible, or the name of two classes.

use std::collections::HashMap;

use super::listed::{Labels, Listed, Problem};

/// The longest label in characters. ImageNet's longest has 131.
const LONGEST: usize = 1000;
/// Lists of ImageNet hold some names twice: of 1000 classes these, of 10,000 and more several hundred.
const TWICE_IN_IMAGENET: [&str; 4] = ["crane", "maillot", "cardigan", "missile"];

/// Characters that take no room and have no meaning of their own.
pub(super) fn invisible(character: char) -> bool {
    matches!(character, '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// Cleans the labels of a file and checks them.
pub(super) fn check(listed: Listed) -> Result<Labels, Problem> {
    let Listed { entries, form, mut warnings } = listed;
    let mut seen = HashMap::new();
    let mut names: Vec<String> = Vec::with_capacity(entries.len());
    let mut twice = Vec::new();
    let count = entries.len();
    for entry in entries {
        let text: String = entry.name.chars().filter(|character| !invisible(*character)).collect();
        let name = text.trim().to_owned();
        if name.is_empty() {
            return Err(Problem::at(entry.place, "empty label"));
        }
        if let Some(separator) = name.chars().find(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
            let text = format_args!("holds the control character U+{:04X}; is it one label?", u32::from(separator));
            return Err(Problem::at(entry.place, text));
        }
        let length = name.chars().count();
        if length > LONGEST {
            return Err(Problem::at(
                entry.place,
                format_args!("is {length} characters long; a label has {LONGEST} at most"),
            ));
        }
        if let Some(before) = seen.insert(name.clone(), entry.place) {
            if !may_be_twice(&name, count) {
                let text = format_args!("{name:?} is the label of {before} too; give each class a name of its own");
                return Err(Problem::at(entry.place, text));
            }
            twice.push(format!("{name:?} ({before} and {})", entry.place));
        }
        names.push(name);
    }
    if let [first, ..] = &twice[..] {
        let others = match twice.len() {
            1 => String::new(),
            more => format!(" and {} more", more - 1),
        };
        warnings.push(format!("two classes have the label {first}{others}"));
    }
    if names.first().is_some_and(|name| name == "LABEL_0") {
        warnings.push(
            "the labels are placeholders (LABEL_0, …), as Hugging Face writes them for a model without names"
                .to_owned(),
        );
    }
    Ok(Labels { names, form, warnings })
}

fn may_be_twice(name: &str, count: usize) -> bool {
    match count {
        1000 | 1001 => TWICE_IN_IMAGENET.contains(&name.to_lowercase().as_str()),
        _ => count > 10_000,
    }
}

/// Why labels do not fit a model with this number of classes; `None` if they do.
pub fn count_problem(names: &[String], classes: usize) -> Option<String> {
    let count = names.len();
    if count == classes || count == 0 || (classes == 1 && count == 2) {
        return None;
    }
    let first = names.first().map(String::as_str).unwrap_or_default();
    let lower = first.to_lowercase();
    let words = if count == 1 { "there is 1 label".to_owned() } else { format!("there are {count} labels") };
    let plural = if classes == 1 { "class" } else { "classes" };
    let why = if count == classes + 1
        && ["background", "__background__", "dummy", "none", "unknown"].contains(&lower.as_str())
    {
        format!("; the first is {first:?}, which the model may not have: remove it")
    } else if count == classes + 1 && ["label", "labels", "name", "class", "classes"].contains(&lower.as_str()) {
        format!("; the first is {first:?}, which looks like a header: remove it")
    } else if count + 1 == classes {
        "; if the model's first class is the background, add \"background\" as the first label".to_owned()
    } else {
        String::new()
    };
    Some(format!("{words}, but the model has {classes} {plural}{why}"))
}
