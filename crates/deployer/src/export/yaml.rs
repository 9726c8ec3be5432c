//! A value in a CloudFormation template. As YAML it has the short forms of `Ref`, `Fn::GetAtt` and `Fn::Sub`, as JSON
//! their long forms.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json, json};
use serde_saphyr::{Tagged, ser, ser_options};

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

    pub fn yaml(&self) -> Result<String, ser::Error> {
        let options = ser_options! { prefer_block_scalars: false, compact_list_indent: false };
        serde_saphyr::to_string_with_options(self, options)
    }
}

/// As YAML, with the short forms of references.
impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Pieces(pieces) => match call(pieces) {
                Call::Text(text) => serializer.serialize_str(&text),
                Call::Ref(name) => tagged("!Ref", name).serialize(serializer),
                Call::GetAtt(name, attribute) => tagged("!GetAtt", format!("{name}.{attribute}")).serialize(serializer),
                Call::Sub(text) => tagged("!Sub", text).serialize(serializer),
            },
            Self::Ref(name) => tagged("!Ref", name).serialize(serializer),
            Self::Scalar(value) => value.serialize(serializer),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => serializer.collect_map(entries.iter().map(|(key, node)| (key, node))),
        }
    }
}

fn tagged<T>(tag: &str, value: T) -> Tagged<T> {
    Tagged(value, Some(tag.to_owned()))
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

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_could_take_for_something_else_is_quoted() {
        let yaml = |text: &str| Node::text(text).yaml().unwrap();
        for plain in ["AWS::IAM::Role", "/aws/lambda/mnist-dev", "POST", "nothing", "a.b", "a b"] {
            assert_eq!(yaml(plain), format!("{plain}\n"));
        }
        for other in ["", "2012-10-17", "1e3", "no", "NULL", "a:", "- x", "*/*", "{a}", "#", "a: b", "~", "=", "!x"] {
            let quoted = [format!("\"{other}\"\n"), format!("'{other}'\n")];
            assert!(quoted.contains(&yaml(other)), "{other}: {}", yaml(other));
        }
        assert_eq!(yaml("a\"\\\n\u{1b}\u{2028}\u{feff}ü😀"), "\"a\\\"\\\\\\n\\e\\L\\uFEFFü😀\"\n");
    }

    #[test]
    fn references_have_a_short_form_and_a_long_one() {
        let cases = [
            (vec![Piece::Expression("Pool")], "!Ref Pool", json!({"Ref": "Pool"})),
            (vec![Piece::Expression("Pool.Arn")], "!GetAtt Pool.Arn", json!({"Fn::GetAtt": ["Pool", "Arn"]})),
            (
                vec![Piece::Text("a${b}/".into()), Piece::Expression("AWS::Region")],
                "!Sub a${!b}/${AWS::Region}",
                json!({"Fn::Sub": "a${!b}/${AWS::Region}"}),
            ),
            (vec![Piece::Text("${b}".into())], "${b}", json!("${b}")),
        ];
        for (parts, yaml, json) in cases {
            let node = Node::Pieces(parts);
            assert_eq!((node.yaml().unwrap(), node.json()), (format!("{yaml}\n"), json));
        }
    }

    #[test]
    fn maps_and_lists_nest() {
        let inner = Node::map([("a", Node::scalar(1)), ("b", Node::List(vec![Node::text("x"), Node::scalar(true)]))]);
        let node = Node::map([("list", Node::List(vec![inner.clone(), inner])), ("none", Node::Map(Vec::new()))]);
        let expected =
            "list:\n  - a: 1\n    b:\n      - x\n      - true\n  - a: 1\n    b:\n      - x\n      - true\nnone: {}\n";
        assert_eq!(node.yaml().unwrap(), expected);
        assert_eq!(node.json()["list"][1]["b"][1], true);
    }
}
