//! deploy.toml as written: typed access to its keys. Problems are collected with their lines, so that one run reports
//! all of them.

use std::{cell::RefCell, fmt, ops::RangeInclusive};

use toml_edit::{Item, Table, TableLike, Value};

/// The problems of a file, in the order of its lines.
pub(super) struct Report<'a> {
    file: String,
    text: &'a str,
    problems: RefCell<Vec<Problem>>,
}

struct Problem {
    line: Option<usize>,
    text: String,
}

/// A value and its line.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct At<T> {
    pub value: T,
    pub line: usize,
}

impl<'a> Report<'a> {
    /// An empty report; `file` is the path as the user wrote it.
    pub(super) fn new(file: String, text: &'a str) -> Self {
        Self { file, text, problems: RefCell::default() }
    }

    /// Adds a problem on a line.
    pub(super) fn at(&self, line: usize, text: impl fmt::Display) {
        self.push(Some(line), text.to_string());
    }

    /// Adds a problem with something outside the file.
    pub(super) fn elsewhere(&self, text: impl fmt::Display) {
        self.push(None, text.to_string());
    }

    fn push(&self, line: Option<usize>, text: String) {
        self.problems.borrow_mut().push(Problem { line, text });
    }

    /// The line of a byte offset; the first line is 1.
    pub(super) fn line_of(&self, span: Option<std::ops::Range<usize>>) -> usize {
        let end = span.map_or(0, |span| span.start.min(self.text.len()));
        1 + self.text.as_bytes().iter().take(end).filter(|byte| **byte == b'\n').count()
    }

    /// All problems, one line each, in the order of the file.
    pub(super) fn into_lines(self) -> Vec<String> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        let line = |problem: &Problem| match problem.line {
            Some(line) => format!("{}:{line}: {}", self.file, problem.text),
            None => problem.text.clone(),
        };
        problems.iter().map(line).collect()
    }
}

/// One table of the file; an absent table counts as empty.
pub(super) struct Section<'a> {
    report: &'a Report<'a>,
    name: &'static str,
    table: Option<&'a dyn TableLike>,
    line: usize,
}

impl<'a> Section<'a> {
    /// The top level of the file.
    pub(super) fn top(report: &'a Report<'a>, table: &'a Table) -> Self {
        Self { report, name: "", table: Some(table), line: 1 }
    }

    /// A table in this one; `name` is its full name, `key` the last part.
    pub(super) fn table(&self, key: &'static str, name: &'static str) -> Section<'a> {
        let mut section = Section { report: self.report, name, table: None, line: self.line };
        if let Some((item, line)) = self.item(key) {
            section.line = line;
            section.table = item.as_table_like();
            if section.table.is_none() {
                self.wrong_type(key, "a table", item, line);
            }
        }
        section
    }

    /// Reports keys that are not in the list, with a suggestion.
    pub(super) fn only(&self, known: &[&str]) {
        for (key, _) in self.table.into_iter().flat_map(|table| table.iter()) {
            if !known.contains(&key) {
                let line = self.key_line(key);
                let meant = did_you_mean(key, known);
                self.report.at(line, format_args!("unknown key {key:?}{}{meant}", self.within()));
            }
        }
    }

    /// The line of a key, or of the section if the key is absent.
    pub(super) fn key_line(&self, key: &str) -> usize {
        let found = self.table.and_then(|table| table.get_key_value(key));
        found.map_or(self.line, |(key, item)| self.report.line_of(key.span().or_else(|| item.span())))
    }

    /// Whether a key is present, with any value.
    pub(super) fn has(&self, key: &str) -> bool {
        self.item(key).is_some()
    }

    /// Whether a key is present with a string.
    pub(super) fn has_string(&self, key: &str) -> bool {
        self.item(key).is_some_and(|(item, _)| item.is_str())
    }

    /// Whether a key is present with a value to which rules for strings apply.
    pub(super) fn has_string_or_list(&self, key: &str) -> bool {
        self.item(key).is_some_and(|(item, _)| item.is_str() || item.is_array())
    }

    pub(super) fn string(&self, key: &str) -> Option<At<String>> {
        self.get(key, "a string", |item| item.as_str().map(str::to_owned))
    }

    pub(super) fn boolean(&self, key: &str) -> Option<At<bool>> {
        self.get(key, "true or false", Item::as_bool)
    }

    /// A finite number, whole or not.
    pub(super) fn number(&self, key: &str) -> Option<At<f64>> {
        self.get(key, "a finite number", |item| item.as_value().and_then(as_number))
    }

    /// A whole number in a range.
    pub(super) fn integer(&self, key: &str, range: RangeInclusive<u32>) -> Option<At<u32>> {
        self.integer_because(key, range, "")
    }

    /// A whole number in a range; `why` says where the range comes from.
    pub(super) fn integer_because(&self, key: &str, range: RangeInclusive<u32>, why: &str) -> Option<At<u32>> {
        let found = self.get(key, "a whole number", Item::as_integer)?;
        match u32::try_from(found.value) {
            Ok(value) if range.contains(&value) => Some(At { value, line: found.line }),
            _ => {
                let (from, to) = (range.start(), range.end());
                self.problem(found.line, key, format_args!("must be {from} to {to}{why}"));
                None
            }
        }
    }

    /// A list of strings, each with its own line.
    pub(super) fn strings(&self, key: &str) -> Option<Vec<At<String>>> {
        self.list(key, "a list of strings", |value| value.as_str().map(str::to_owned))
    }

    /// A list of finite numbers or of fractions such as "1/255"; one alone is a list of one.
    pub(super) fn numbers(&self, key: &str) -> Option<Vec<At<f64>>> {
        let (item, line) = self.item(key)?;
        if let Some(value) = item.as_value().and_then(as_number_or_fraction) {
            return Some(vec![At { value, line }]);
        }
        self.list(key, "a finite number, a fraction such as \"1/255\", or a list of them", as_number_or_fraction)
    }

    /// A color: `[red, green, blue]` or "#rrggbb".
    pub(super) fn color(&self, key: &str) -> Option<[u8; 3]> {
        let (item, line) = self.item(key)?;
        let found = match item.as_value() {
            Some(Value::String(text)) => hex_color(text.value()),
            Some(Value::Array(array)) => {
                let bytes = array.iter().map(|value| value.as_integer().and_then(|number| u8::try_from(number).ok()));
                bytes.collect::<Option<Vec<u8>>>().and_then(|bytes| bytes.try_into().ok())
            }
            _ => None,
        };
        if found.is_none() {
            self.problem(line, key, "must be [red, green, blue], each 0 to 255, or a string such as \"#ffffff\"");
        }
        found
    }

    pub(super) fn integers(&self, key: &str) -> Option<Vec<At<i64>>> {
        self.list(key, "a list of whole numbers", Value::as_integer)
    }

    /// All keys with string values.
    pub(super) fn entries(&self) -> Vec<(String, At<String>)> {
        let keys = self.table.into_iter().flat_map(|table| table.iter()).map(|(key, _)| key.to_owned());
        keys.filter_map(|key| self.string(&key).map(|value| (key, value))).collect()
    }

    /// Reports a problem with something outside the file.
    pub(super) fn elsewhere(&self, text: impl fmt::Display) {
        self.report.elsewhere(text);
    }

    /// Reports that a key is missing.
    pub(super) fn missing(&self, key: &str) {
        // A key of an absent table has no line of its own.
        self.report.at(self.line, format_args!("{key}{} is missing", self.within()));
    }

    /// Reports a problem with a key, as `key in [section] text`.
    pub(super) fn problem(&self, line: usize, key: &str, text: impl fmt::Display) {
        // A quoted key may contain a line break, and a problem takes one line.
        self.report.at(line, format_args!("{}{} {text}", key.escape_debug(), self.within()));
    }

    fn within(&self) -> String {
        if self.name.is_empty() { String::new() } else { format!(" in [{}]", self.name) }
    }

    fn item(&self, key: &str) -> Option<(&'a Item, usize)> {
        self.table?.get(key).map(|item| (item, self.key_line(key)))
    }

    fn get<T>(&self, key: &str, what: &str, read: impl Fn(&Item) -> Option<T>) -> Option<At<T>> {
        let (item, line) = self.item(key)?;
        let value = read(item);
        if value.is_none() {
            self.wrong_type(key, what, item, line);
        }
        Some(At { value: value?, line })
    }

    fn list<T>(&self, key: &str, what: &str, read: impl Fn(&Value) -> Option<T>) -> Option<Vec<At<T>>> {
        let (item, line) = self.item(key)?;
        let Some(array) = item.as_array() else {
            self.wrong_type(key, what, item, line);
            return None;
        };
        let mut values = Vec::new();
        for value in array {
            let line = self.report.line_of(value.span());
            let Some(value) = read(value) else {
                self.problem(
                    line,
                    key,
                    format_args!("must be {what}, and one of them is {}", article(value.type_name())),
                );
                return None;
            };
            values.push(At { value, line });
        }
        Some(values)
    }

    fn wrong_type(&self, key: &str, what: &str, item: &Item, line: usize) {
        self.problem(line, key, format_args!("must be {what}, not {}", article(item.type_name())));
    }
}

fn as_number(value: &Value) -> Option<f64> {
    // Whole numbers in a configuration are far below 2^53, up to which this is exact.
    let number = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
    number.filter(|number| number.is_finite())
}

fn as_number_or_fraction(value: &Value) -> Option<f64> {
    let fraction = || {
        let (above, below) = value.as_str()?.split_once('/')?;
        let part = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        part(above).zip(part(below)).map(|(above, below)| above / below).filter(|number| number.is_finite())
    };
    as_number(value).or_else(fraction)
}

fn hex_color(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
    let number = digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(digits)?;
    let [_, red, green, blue] = u32::from_str_radix(number, 16).ok()?.to_be_bytes();
    Some([red, green, blue])
}

fn article(noun: &str) -> String {
    let an = noun.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {noun}", if an { "an" } else { "a" })
}

/// `; did you mean "x"?`, or nothing.
pub(super) fn did_you_mean(word: &str, known: &[&str]) -> String {
    // A known word that starts with this one is a better guess than one with similar spelling.
    let longer = known.iter().find(|candidate| word.len() >= 3 && candidate.starts_with(word));
    let alike = || {
        let scored = known.iter().map(|candidate| (strsim::jaro_winkler(word, candidate), candidate));
        scored.filter(|(score, _)| *score >= 0.8).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, candidate)| candidate)
    };
    longer.or_else(alike).map_or_else(String::new, |meant| format!("; did you mean \"{meant}\"?"))
}

/// One of a few words.
pub(super) fn choice<T: Copy>(section: &Section<'_>, key: &str, choices: &[(&str, T)]) -> Option<T> {
    let value = section.string(key)?;
    let found = choices.iter().find(|(word, _)| *word == value.value).map(|(_, choice)| *choice);
    if found.is_none() {
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let meant = did_you_mean(&value.value, &words);
        section.problem(value.line, key, format_args!("must be one of {}{meant}", words.join(", ")));
    }
    found
}
