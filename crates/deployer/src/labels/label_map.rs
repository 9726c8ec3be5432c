//! TensorFlow's label maps (`.pbtxt`): `item { id: 1 name: "cat" display_name: "Cat" }`.

use super::{
    listed::{Entry, Listed, Place, Problem},
    numbers::{self, Numbered},
};

/// Whether a text is a label map.
pub(super) fn is_one(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.next().is_some_and(|line| line.strip_prefix("item").is_some_and(|rest| rest.trim_start().starts_with('{')))
}

/// Reads the items in the order of their ids.
pub(super) fn read(text: &str) -> Result<Listed, Problem> {
    let mut labels = Vec::new();
    let mut tokens = tokens(text)?.into_iter();
    while let Some((line, token)) = tokens.next() {
        let place = Place::Line(line);
        if token != "item" || tokens.next().is_none_or(|(_, token)| token != "{") {
            return Err(Problem::at(
                place,
                format_args!("a label map consists of item {{ … }}, but here is {token:?}"),
            ));
        }
        let (mut id, mut name, mut display_name) = (None, None, None);
        loop {
            let Some((line, key)) = tokens.next() else { return Err(Problem::at(place, "the item does not end")) };
            match key.as_str() {
                "}" => break,
                "," | ";" => continue,
                _ => {}
            }
            let mut value = tokens.next();
            if value.as_ref().is_some_and(|(_, token)| token == ":") {
                value = tokens.next();
            }
            let Some((_, value)) = value else { return Err(Problem::at(place, "the item does not end")) };
            match key.as_str() {
                "id" => id = numbers::number(&value),
                "name" => name = Some(value),
                "display_name" => display_name = Some(value),
                // Key points and the like contain braces.
                _ if value == "{" || value == "[" => {
                    return Err(Problem::at(Place::Line(line), format_args!("{key} is not supported in a label map")));
                }
                _ => {}
            }
        }
        let Some(number) = id else { return Err(Problem::at(place, "the item has no id")) };
        let Some(name) = display_name.or(name) else { return Err(Problem::at(place, "the item has no name")) };
        labels.push(Numbered { number, entry: Entry { name: unquote(&name), place } });
    }
    let (entries, first) = numbers::order(labels)?;
    let mut listed = Listed::new(entries, "a label map of TensorFlow");
    listed.warnings.extend(first.warning());
    Ok(listed)
}

/// Words, quoted strings with their quotes, and marks, each with its line.
fn tokens(text: &str) -> Result<Vec<(usize, String)>, Problem> {
    let mut tokens: Vec<(usize, String)> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next().filter(|first| *first != '#') {
            let length = match first {
                '{' | '}' | ':' | ',' | ';' | '[' | ']' => 1,
                '"' | '\'' => match end_of_string(rest, first) {
                    Some(length) => length,
                    None => return Err(Problem::at(Place::Line(index + 1), "a quote is not closed")),
                },
                _ => rest.find(|c: char| c.is_whitespace() || "{}:,;[]\"'#".contains(c)).unwrap_or(rest.len()),
            };
            tokens.push((index + 1, rest[..length].to_owned()));
            rest = rest[length..].trim_start();
        }
    }
    Ok(tokens)
}

fn end_of_string(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if character == quote => return Some(index + 1),
            _ => {}
        }
    }
    None
}

fn unquote(token: &str) -> String {
    let inner = |quote: char| token.strip_prefix(quote)?.strip_suffix(quote);
    match inner('"').or_else(|| inner('\'')) {
        Some(inner) => inner.replace("\\'", "'").replace("\\\"", "\"").replace("\\\\", "\\"),
        None => token.to_owned(),
    }
}
