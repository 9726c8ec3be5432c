//! Writes the YAML that CloudFormation reads: block maps and lists, plain or double-quoted strings, and the short forms
//! of `Ref`, `Fn::GetAtt` and `Fn::Sub`. As JSON, the same value has their long forms.

use serde_json::{Map, Value as Json, json};

use super::symbol::{Piece, Symbols};

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// A literal string.
    Text(String),
    /// A string that contains references; a single reference stands alone.
    Pieces(Vec<Piece>),
    /// A reference to a resource with a generated logical id.
    Ref(String),
    /// A number or a boolean.
    Scalar(Json),
    List(Vec<Node>),
    /// A map, in order.
    Map(Vec<(String, Node)>),
}

impl Node {
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    pub fn reference(expression: &'static str) -> Self {
        Self::Pieces(vec![Piece::Expression(expression)])
    }

    pub fn scalar(value: impl Into<Json>) -> Self {
        Self::Scalar(value.into())
    }

    pub fn texts(texts: &[String]) -> Self {
        Self::List(texts.iter().map(|text| Self::text(text)).collect())
    }

    pub fn map<const N: usize>(entries: [(&str, Node); N]) -> Self {
        Self::Map(entries.into_iter().map(|(key, node)| (key.to_owned(), node)).collect())
    }

    /// A JSON document whose texts were derived.
    pub fn document(document: &Json, symbols: &Symbols) -> Self {
        match document {
            Json::String(text) => Self::Pieces(symbols.pieces(text)),
            Json::Array(items) => Self::List(items.iter().map(|item| Self::document(item, symbols)).collect()),
            Json::Object(map) => {
                Self::Map(map.iter().map(|(key, value)| (key.clone(), Self::document(value, symbols))).collect())
            }
            scalar => Self::Scalar(scalar.clone()),
        }
    }

    pub fn json(&self) -> Json {
        match self {
            Self::Text(text) => json!(text),
            Self::Pieces(parts) => match call(parts) {
                Call::Text(text) => json!(text),
                Call::Ref(name) => json!({"Ref": name}),
                Call::GetAtt(name, attribute) => json!({"Fn::GetAtt": [name, attribute]}),
                Call::Sub(text) => json!({"Fn::Sub": text}),
            },
            Self::Ref(name) => json!({"Ref": name}),
            Self::Scalar(value) => value.clone(),
            Self::List(items) => Json::Array(items.iter().map(Self::json).collect()),
            Self::Map(entries) => {
                Json::Object(entries.iter().map(|(key, node)| (key.clone(), node.json())).collect::<Map<_, _>>())
            }
        }
    }

    pub fn yaml(&self) -> String {
        let mut lines = self.block();
        lines.push(String::new());
        lines.join("\n")
    }

    /// The value, if it fits on the line of its key or dash.
    fn inline(&self) -> Option<String> {
        Some(match self {
            Self::Text(text) => string(text),
            Self::Pieces(parts) => match call(parts) {
                Call::Text(text) => string(&text),
                Call::Ref(name) => format!("!Ref {name}"),
                Call::GetAtt(name, attribute) => format!("!GetAtt {name}.{attribute}"),
                Call::Sub(text) => format!("!Sub {}", string(&text)),
            },
            Self::Ref(name) => format!("!Ref {name}"),
            Self::Scalar(value) => value.to_string(),
            Self::List(items) if items.is_empty() => "[]".into(),
            Self::Map(entries) if entries.is_empty() => "{}".into(),
            Self::List(_) | Self::Map(_) => return None,
        })
    }

    fn block(&self) -> Vec<String> {
        match self {
            Self::Map(entries) if !entries.is_empty() => entries
                .iter()
                .flat_map(|(key, node)| {
                    let key = string(key);
                    match node.inline() {
                        Some(value) => vec![format!("{key}: {value}")],
                        None => indented(format!("{key}:"), node.block()),
                    }
                })
                .collect(),
            Self::List(items) if !items.is_empty() => items
                .iter()
                .flat_map(|node| {
                    let mut lines = node.block();
                    lines.iter_mut().skip(1).for_each(|line| line.insert_str(0, "  "));
                    lines[0].insert_str(0, "- ");
                    lines
                })
                .collect(),
            node => node.inline().into_iter().collect(),
        }
    }
}

fn indented(head: String, inner: Vec<String>) -> Vec<String> {
    std::iter::once(head).chain(inner.into_iter().map(|line| format!("  {line}"))).collect()
}

/// The intrinsic function that a text with references becomes.
enum Call {
    Text(String),
    Ref(&'static str),
    GetAtt(&'static str, &'static str),
    Sub(String),
}

fn call(parts: &[Piece]) -> Call {
    match parts {
        [Piece::Text(text)] => Call::Text(text.clone()),
        [Piece::Expression(name)] => {
            name.split_once('.').map_or(Call::Ref(name), |(name, attribute)| Call::GetAtt(name, attribute))
        }
        parts => Call::Sub(parts.iter().map(sub).collect()),
    }
}

/// Within `Fn::Sub`, `${!x}` is the text `${x}`.
fn sub(part: &Piece) -> String {
    match part {
        Piece::Text(text) => text.replace("${", "${!"),
        Piece::Expression(name) => format!("${{{name}}}"),
    }
}

/// A string: plain if every YAML reader takes it for a string, otherwise in double quotes.
fn string(text: &str) -> String {
    const NOT_STRINGS: [&str; 10] = ["y", "n", "yes", "no", "true", "false", "on", "off", "null", "none"];
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && text.chars().all(|character| character.is_ascii_alphanumeric() || "_./:-".contains(character))
        && !text.ends_with(':')
        && !NOT_STRINGS.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { quoted(text) }
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            ' '..='~' => quoted.push(character),
            _ if character.is_alphanumeric() => quoted.push(character),
            _ if u32::from(character) <= 0xffff => quoted.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => quoted.push_str(&format!("\\U{:08x}", u32::from(character))),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_could_take_for_something_else_is_quoted() {
        for plain in ["AWS::IAM::Role", "/aws/lambda/mnist-dev", "POST", "nothing", "a.b"] {
            assert_eq!(string(plain), plain);
        }
        for other in
            ["", "2012-10-17", "1e3", "no", "NULL", "a:", "a b", "- x", "*/*", "{a}", "#", "a: b", "~", "=", "!x"]
        {
            assert_eq!(string(other), format!("\"{other}\""));
        }
        assert_eq!(string("a\"\\\n\u{1b}\u{2028}\u{feff}ü😀"), r#""a\"\\\n\u001b\u2028\ufeffü\U0001f600""#);
    }

    #[test]
    fn references_have_a_short_form_and_a_long_one() {
        let cases = [
            (vec![Piece::Expression("Pool")], "!Ref Pool", json!({"Ref": "Pool"})),
            (vec![Piece::Expression("Pool.Arn")], "!GetAtt Pool.Arn", json!({"Fn::GetAtt": ["Pool", "Arn"]})),
            (
                vec![Piece::Text("a${b}/".into()), Piece::Expression("AWS::Region")],
                "!Sub \"a${!b}/${AWS::Region}\"",
                json!({"Fn::Sub": "a${!b}/${AWS::Region}"}),
            ),
            (vec![Piece::Text("${b}".into())], "\"${b}\"", json!("${b}")),
        ];
        for (parts, yaml, json) in cases {
            let node = Node::Pieces(parts);
            assert_eq!((node.yaml(), node.json()), (format!("{yaml}\n"), json));
        }
    }

    #[test]
    fn maps_and_lists_nest() {
        let inner = Node::map([("a", Node::scalar(1)), ("b", Node::List(vec![Node::text("x"), Node::scalar(true)]))]);
        let node = Node::map([("list", Node::List(vec![inner.clone(), inner])), ("none", Node::Map(Vec::new()))]);
        let expected = "list:\n  - a: 1\n    b:\n      - x\n      - true\n  - a: 1\n    b:\n      - x\n      - true\n\"none\": {}\n";
        assert_eq!(node.yaml(), expected);
        assert_eq!(node.json()["list"][1]["b"][1], true);
    }
}
