//! Writes HCL, Terraform's language, formatted as `terraform fmt` does it.
//!
//! hcl-rs neither aligns the `=` of neighbouring lines nor keeps comments, so it could not replace this.

use serde_json::Value as Json;

use super::symbol::{Piece, Symbols};

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Value {
    /// A literal string.
    Text(String),
    /// A string that contains expressions; a single expression stands alone, without quotes.
    Pieces(Vec<Piece>),
    /// An expression, written unchanged.
    Expression(String),
    List(Vec<Value>),
    /// An object or map.
    Object(Vec<(String, Value)>),
    /// A function of one argument.
    Call(&'static str, Box<Value>),
}

impl Value {
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub fn expression(text: &(impl ToString + ?Sized)) -> Self {
        Self::Expression(text.to_string())
    }

    pub fn texts(texts: &[String]) -> Self {
        Self::List(texts.iter().map(|text| Self::text(text)).collect())
    }

    /// A JSON document whose texts were derived.
    pub fn json(document: &Json, symbols: &Symbols) -> Self {
        match document {
            Json::String(text) => Self::Pieces(symbols.pieces(text)),
            Json::Array(items) => Self::List(items.iter().map(|item| Self::json(item, symbols)).collect()),
            Json::Object(map) => {
                Self::Object(map.iter().map(|(key, value)| (key.clone(), Self::json(value, symbols))).collect())
            }
            Json::Null | Json::Bool(_) | Json::Number(_) => Self::Expression(document.to_string()),
        }
    }

    /// Its lines; the first follows an `=`.
    fn lines(&self) -> Vec<String> {
        match self {
            Self::Text(text) => vec![quoted(&[Piece::Text(text.clone())])],
            Self::Pieces(parts) => match parts.as_slice() {
                [Piece::Expression(expression)] => vec![(*expression).to_owned()],
                parts => vec![quoted(parts)],
            },
            Self::Expression(text) => vec![text.clone()],
            Self::List(items) => {
                let items: Vec<Vec<String>> = items.iter().map(Self::lines).collect();
                let short = items.iter().map(|lines| lines[0].len() + 2).sum::<usize>() <= 80;
                if short && items.iter().all(|lines| lines.len() == 1) {
                    return vec![format!("[{}]", items.concat().join(", "))];
                }
                let inner = items.into_iter().flat_map(|mut lines| {
                    if let Some(last) = lines.last_mut() {
                        last.push(',');
                    }
                    lines
                });
                enclosed("[", inner.collect(), "]")
            }
            Self::Object(entries) if entries.is_empty() => vec!["{}".into()],
            Self::Object(entries) => {
                let entries: Vec<_> = entries.iter().map(|(key, value)| (word(key), value.lines())).collect();
                enclosed("{", aligned(&entries), "}")
            }
            Self::Call(function, argument) => {
                let mut lines = argument.lines();
                lines[0] = format!("{function}({}", lines[0]);
                if let Some(last) = lines.last_mut() {
                    last.push(')');
                }
                lines
            }
        }
    }
}

/// A block with its contents in order.
#[derive(Debug, Clone)]
pub(super) struct Block {
    comment: Vec<String>,
    head: String,
    attributes: Vec<(String, Value)>,
    blocks: Vec<Block>,
    meta: Vec<(String, Value)>,
}

impl Block {
    /// `kind "label" "label"`
    pub fn new(kind: &str, labels: &[&str]) -> Self {
        let mut head = kind.to_owned();
        for label in labels {
            head.push_str(&format!(" \"{label}\""));
        }
        Self { comment: Vec::new(), head, attributes: Vec::new(), blocks: Vec::new(), meta: Vec::new() }
    }

    /// Adds a comment line above the block.
    pub fn comment(mut self, line: &str) -> Self {
        self.comment.push(line.to_owned());
        self
    }

    pub fn attribute(mut self, name: &str, value: Value) -> Self {
        self.attributes.push((name.to_owned(), value));
        self
    }

    pub fn text(self, name: &str, text: &str) -> Self {
        self.attribute(name, Value::text(text))
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers pass numbers and words without a borrow")]
    pub fn set(self, name: &str, expression: impl ToString) -> Self {
        self.attribute(name, Value::expression(&expression))
    }

    pub fn block(mut self, block: Block) -> Self {
        self.blocks.push(block);
        self
    }

    /// Dependencies that Terraform cannot see from references.
    pub fn depends_on(mut self, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(Value::expression).collect();
        self.meta.push(("depends_on".into(), Value::List(addresses)));
        self
    }

    fn lines(&self) -> Vec<String> {
        let mut groups = Vec::new();
        let attributes: Vec<_> = self.attributes.iter().map(|(name, value)| (name.clone(), value.lines())).collect();
        groups.push(aligned(&attributes));
        groups.extend(self.blocks.iter().map(Block::lines));
        groups.extend(self.meta.iter().map(|(name, value)| aligned(&[(name.clone(), value.lines())])));
        groups.retain(|group| !group.is_empty());
        let mut lines: Vec<String> = self.comment.iter().map(|line| format!("# {line}")).collect();
        if groups.is_empty() {
            lines.push(format!("{} {{}}", self.head));
            return lines;
        }
        lines.extend(enclosed(&format!("{} {{", self.head), groups.join(&String::new()), "}"));
        lines
    }
}

pub(super) fn file(blocks: &[Block]) -> String {
    let mut lines = blocks.iter().map(Block::lines).collect::<Vec<_>>().join(&String::new());
    lines.push(String::new());
    lines.join("\n")
}

/// `name = value`, with the `=` of neighbouring one-line entries aligned.
fn aligned(entries: &[(String, Vec<String>)]) -> Vec<String> {
    let mut lines = Vec::new();
    for group in entries.chunk_by(|one, two| one.1.len() == 1 && two.1.len() == 1) {
        let width = group.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
        for (name, value) in group {
            lines.push(format!("{name:width$} = {}", value[0]));
            lines.extend(value[1..].iter().cloned());
        }
    }
    lines
}

fn enclosed(open: &str, inner: Vec<String>, close: &str) -> Vec<String> {
    let mut lines = vec![open.to_owned()];
    lines.extend(inner.into_iter().map(|line| if line.is_empty() { line } else { format!("  {line}") }));
    lines.push(close.to_owned());
    lines
}

/// A key of an object; quoted unless it is an identifier.
fn word(key: &str) -> String {
    let bare = key.starts_with(|first: char| first.is_ascii_alphabetic())
        && key.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
        && !["null", "true", "false", "for"].contains(&key);
    if bare { key.to_owned() } else { quoted(&[Piece::Text(key.to_owned())]) }
}

/// A quoted template. `${` and `%{` in literals are escaped by doubling their first character, as HCL requires.
fn quoted(parts: &[Piece]) -> String {
    let mut text = String::from("\"");
    for part in parts {
        match part {
            Piece::Expression(expression) => text.push_str(&format!("${{{expression}}}")),
            Piece::Text(literal) => escape(literal, &mut text),
        }
    }
    text.push('"');
    text
}

fn escape(literal: &str, text: &mut String) {
    let mut characters = literal.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '$' | '%' if characters.peek() == Some(&'{') => text.extend([character, character]),
            ' '..='~' => text.push(character),
            _ if character.is_alphanumeric() => text.push(character),
            _ if u32::from(character) <= 0xffff => text.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => text.push_str(&format!("\\U{:08x}", u32::from(character))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Value::text(text).lines().concat()
    }

    #[test]
    fn whatever_is_in_a_string_stays_a_string() {
        assert_eq!(shown(r#"say "hi" \ there"#), r#""say \"hi\" \\ there""#);
        assert_eq!(shown("a\nb\tc\rd"), r#""a\nb\tc\rd""#);
        assert_eq!(shown("${x} %{y} $x %y $${z}"), r#""$${x} %%{y} $x %y $$${z}""#);
        assert_eq!(shown("\u{1b}[0m ü 😀"), r#""\u001b[0m ü \U0001f600""#);
    }

    #[test]
    fn an_expression_alone_is_not_quoted() {
        let parts = |parts: &[Piece]| Value::Pieces(parts.to_vec()).lines().concat();
        assert_eq!(parts(&[Piece::Expression("a.b")]), "a.b");
        assert_eq!(parts(&[Piece::Text("${".into()), Piece::Expression("a.b")]), r#""$${${a.b}""#);
    }

    #[test]
    fn a_file_is_formatted_as_terraform_does() {
        let object = Value::Object(vec![("a:b".into(), Value::text("1")), ("c".into(), Value::List(Vec::new()))]);
        let block = Block::new("resource", &["x", "y"])
            .comment("Why.")
            .text("name", "n")
            .set("count_of", 2)
            .attribute("tags", object)
            .block(Block::new("inner", &[]).set("on", true))
            .depends_on(&["z.y"]);
        let expected = "# Why.\nresource \"x\" \"y\" {\n  name     = \"n\"\n  count_of = 2\n  tags = {\n    \"a:b\" = \"1\"\n    \
                        c     = []\n  }\n\n  inner {\n    on = true\n  }\n\n  depends_on = [z.y]\n}\n\ndata \"d\" \"e\" {}\n";
        assert_eq!(file(&[block, Block::new("data", &["d", "e"])]), expected);
    }
}
