//! One label a line, perhaps with a number, a synset id or quotes.

use super::{
    checks::invisible,
    listed::{Entry, Listed, Place, Problem},
    numbers::{self, First, Numbered},
    table,
};

/// Reads the lines of a text file.
pub(super) fn read(text: &str) -> Result<Listed, Problem> {
    let (lines, mut warnings) = lines(text)?;
    let mut listed = if let [only] = &lines[..] {
        one_line(only)
    } else if let Some(rest) = without_synsets(&lines) {
        numbered(&rest)?.unwrap_or_else(|| Listed::new(rest, "one synset and label a line"))
    } else if let Some(listed) = numbered(&lines)? {
        listed
    } else if let Some(listed) = numbered_behind(&lines) {
        listed
    } else if let Some(unquoted) = unquoted(&lines) {
        Listed::new(unquoted, "one quoted label a line")
    } else if lines.iter().all(|line| line.name.contains('\t')) {
        table::read(text, Some(b'\t'))?
    } else {
        Listed::new(lines, "one label a line")
    };
    warnings.append(&mut listed.warnings);
    Ok(Listed { warnings, ..listed })
}

/// The lines without those at the end that are empty, and without a comment at the start.
fn lines(text: &str) -> Result<(Vec<Entry>, Vec<String>), Problem> {
    let numbered = text.trim_end_matches(|c: char| c.is_whitespace() || invisible(c)).lines().enumerate();
    let trim = |line: &str| line.trim_matches(|c: char| c.is_whitespace() || invisible(c)).to_owned();
    let all: Vec<Entry> =
        numbered.map(|(index, line)| Entry { name: trim(line), place: Place::Line(index + 1) }).collect();
    let is_comment = |line: &Entry| line.name == "#" || line.name.starts_with("# ");
    let comments = all.iter().take_while(|line| is_comment(line)).count();
    let lines: Vec<Entry> = all.into_iter().skip(comments).collect();
    if let Some(line) = lines.iter().find(|line| line.name.is_empty()) {
        return Err(Problem::at(line.place, "empty label"));
    }
    if let Some(line) = lines.iter().find(|line| is_comment(line)) {
        return Err(Problem::at(line.place, "is a comment between labels; remove it"));
    }
    match (lines.len(), comments) {
        (0, _) => Err(Problem::new("it holds no labels")),
        (_, 0) => Ok((lines, Vec::new())),
        (_, 1) => Ok((lines, vec!["the first line starts with # and is taken for a comment".to_owned()])),
        _ => Ok((lines, vec![format!("the first {comments} lines start with # and are taken for comments")])),
    }
}

/// All labels in one line, separated by commas. A line without a comma is one label.
fn one_line(line: &Entry) -> Listed {
    let parts: Vec<&str> = line.name.split(',').map(str::trim).filter(|part| !part.is_empty()).collect();
    let entry = |name: &&str| Entry { name: unquote(name).unwrap_or(name).to_owned(), place: line.place };
    match parts.len() {
        0 | 1 => Listed::new(vec![line.clone()], "one label a line"),
        _ => Listed::new(parts.iter().map(entry).collect(), "one line of labels, separated by commas"),
    }
}

/// The lines without the WordNet id (`n01440764`) that each of them starts with.
fn without_synsets(lines: &[Entry]) -> Option<Vec<Entry>> {
    let rest = |line: &Entry| {
        let (id, rest) = line.name.split_once(|c: char| c.is_whitespace() || matches!(c, ',' | ':'))?;
        let digits = id.strip_prefix('n').filter(|digits| digits.len() == 8);
        digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
        let name = rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ':'));
        (!name.is_empty()).then(|| Entry { name: name.to_owned(), place: line.place })
    };
    lines.iter().map(rest).collect()
}

/// `0 cat`, `0: cat`, `0,cat`: if every line starts with a number, the numbers are those of the classes.
fn numbered(lines: &[Entry]) -> Result<Option<Listed>, Problem> {
    let split: Option<Vec<(Numbered, bool)>> = lines.iter().map(number_before).collect();
    let Some(split) = split else { return Ok(None) };
    let marked = split.iter().all(|(_, marked)| *marked);
    let labels: Vec<Numbered> = split.into_iter().map(|(label, _)| label).collect();
    let smallest = labels.iter().map(|label| label.number).min().unwrap_or_default();
    match numbers::order(labels) {
        Ok((entries, first)) => {
            let mut listed = Listed::new(entries, "a number and a label a line");
            // "0,\"tabby, tabby cat\"" is a line of CSV.
            for entry in &mut listed.entries {
                if let Some(inner) = unquote(&entry.name) {
                    entry.name = inner.to_owned();
                }
            }
            listed.warnings.extend(first.warning());
            Ok(Some(listed))
        }
        // "5 euro", "10 euro", "20 euro" are labels. With a colon, a tab or a comma, or from 0 or 1, it is a numbering
        // with a mistake in it.
        Err(problem) if marked || smallest <= 1 => Err(problem),
        Err(_) => Ok(None),
    }
}

/// The number that a line starts with, its label, and whether a mark separates them rather than a space.
fn number_before(line: &Entry) -> Option<(Numbered, bool)> {
    let digits = line.name.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = line.name.split_at(digits);
    let number = numbers::number(number)?;
    let spaceless = rest.trim_start();
    let after_space = spaceless.len() < rest.len();
    let mark = spaceless.chars().next()?;
    let after_mark = &spaceless[mark.len_utf8()..];
    let is_mark = matches!(mark, ':' | ',' | ';' | '=' | '|')
        || (matches!(mark, '.' | ')' | '-') && after_mark.starts_with(char::is_whitespace));
    let marked = is_mark || rest.starts_with('\t');
    let name = if is_mark { after_mark } else { spaceless }.trim();
    let separated = is_mark || after_space;
    let entry = Entry { name: name.to_owned(), place: line.place };
    (separated && !name.is_empty()).then_some((Numbered { number, entry }, marked))
}

/// `cat 0`, `cat,0`: only if the numbers are 0 to n-1 and the labels differ, because "digit 0", "digit 1" are labels.
fn numbered_behind(lines: &[Entry]) -> Option<Listed> {
    let split = |line: &Entry| {
        let (name, number) =
            line.name.rsplit_once(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | ';' | '='))?;
        let name = name.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | ';' | '='));
        let entry = Entry { name: name.to_owned(), place: line.place };
        Some(Numbered { number: numbers::number(number)?, entry }).filter(|_| !name.is_empty())
    };
    let labels: Vec<Numbered> = lines.iter().map(split).collect::<Option<_>>()?;
    let (entries, first) = numbers::order(labels).ok()?;
    let mut names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let is_numbering = first == First::Zero && names.len() == entries.len();
    is_numbering.then(|| Listed::new(entries, "a label and a number a line"))
}

/// The lines without quotes, if each has a pair of them. The lines of a list in a program end in commas.
fn unquoted(lines: &[Entry]) -> Option<Vec<Entry>> {
    let strip = |line: &Entry| {
        let name = line.name.strip_suffix(',').unwrap_or(&line.name).trim_end();
        Some(Entry { name: unquote(name)?.to_owned(), place: line.place })
    };
    lines.iter().map(strip).collect()
}

fn unquote(name: &str) -> Option<&str> {
    let inner = |quote: char| {
        let inner = name.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote)).then_some(inner)
    };
    inner('"').or_else(|| inner('\''))
}
