//! The part of API Gateway's mapping templates (the Velocity template language) that a CORS preflight needs: texts, variables, a
//! request's parameters, comparisons, and headers that override the response's. Everything else is refused by name.

use std::collections::BTreeMap;

/// A template that the local cloud can render.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template(Vec<Node>);

#[derive(Debug, PartialEq, Eq)]
enum Node {
    Text(String),
    Set(Target, Value),
    /// Renders the nodes if one of the pairs is equal.
    If(Vec<(Value, Value)>, Vec<Node>),
}

#[derive(Debug, PartialEq, Eq)]
enum Target {
    Variable(String),
    /// `$context.responseOverride.header.<name>`
    Header(String),
}

#[derive(Debug, PartialEq, Eq)]
enum Value {
    Text(String),
    Variable(String),
    /// `$input.params("<name>")`
    Parameter(String),
}

/// What a template makes of a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rendered {
    pub text: String,
    /// Headers that override the response's.
    pub headers: BTreeMap<String, String>,
}

impl Template {
    /// Reads a template. The error is the part that the local cloud does not support.
    pub(crate) fn parse(template: &str) -> Result<Self, String> {
        let mut rest = template;
        let nodes = nodes(&mut rest, false)?;
        if rest.is_empty() { Ok(Self(nodes)) } else { Err("#end without #if".to_owned()) }
    }

    /// Renders it. An absent parameter is an empty text, as on AWS.
    pub(crate) fn render(&self, parameter: impl Fn(&str) -> Option<String>) -> Rendered {
        let mut rendered = Rendered::default();
        render(&self.0, &parameter, &mut BTreeMap::new(), &mut rendered);
        rendered
    }
}

/// The text of a mapped value in quotation marks.
pub(crate) fn literal(value: &str) -> Option<&str> {
    value.strip_prefix('\'')?.strip_suffix('\'')
}

fn render(
    nodes: &[Node],
    parameter: &impl Fn(&str) -> Option<String>,
    variables: &mut BTreeMap<String, String>,
    rendered: &mut Rendered,
) {
    let value = |value: &Value, variables: &BTreeMap<String, String>| match value {
        Value::Text(text) => text.clone(),
        Value::Variable(name) => variables.get(name).cloned().unwrap_or_default(),
        Value::Parameter(name) => parameter(name).unwrap_or_default(),
    };
    for node in nodes {
        match node {
            Node::Text(text) => rendered.text.push_str(text),
            Node::Set(target, source) => {
                let value = value(source, variables);
                match target {
                    Target::Variable(name) => variables.insert(name.clone(), value),
                    Target::Header(name) => rendered.headers.insert(name.clone(), value),
                };
            }
            Node::If(pairs, nodes) => {
                if pairs.iter().any(|(one, other)| value(one, variables) == value(other, variables)) {
                    render(nodes, parameter, variables, rendered);
                }
            }
        }
    }
}

/// Reads nodes up to the end, or inside of an `#if` up to its `#end`.
fn nodes(rest: &mut &str, inside: bool) -> Result<Vec<Node>, String> {
    let mut nodes = Vec::new();
    loop {
        let start = rest.find(['#', '$']).unwrap_or(rest.len());
        if start > 0 {
            nodes.push(Node::Text(rest[..start].to_owned()));
            *rest = &rest[start..];
        }
        if rest.is_empty() {
            return if inside { Err("#if without #end".to_owned()) } else { Ok(nodes) };
        }
        if let Some(after) = rest.strip_prefix("#end") {
            if inside {
                *rest = after;
            }
            return Ok(nodes);
        }
        if let Some(inner) = directive(rest, "#set(") {
            let (target, source) = inner.split_once('=').ok_or_else(|| format!("#set({inner})"))?;
            nodes.push(Node::Set(target_of(target)?, value_of(source)?));
        } else if let Some(inner) = directive(rest, "#if(") {
            let pair = |pair: &str| {
                let (one, other) = pair.split_once("==").ok_or_else(|| format!("#if({inner})"))?;
                Ok::<_, String>((value_of(one)?, value_of(other)?))
            };
            let pairs = inner.split("||").map(pair).collect::<Result<_, _>>()?;
            nodes.push(Node::If(pairs, self::nodes(rest, true)?));
        } else {
            return Err(rest.split_whitespace().next().unwrap_or_default().to_owned());
        }
    }
}

/// What is between the parentheses of a directive, which is taken from the rest. Texts must have no parentheses of their own.
fn directive<'a>(rest: &mut &'a str, name: &str) -> Option<&'a str> {
    let after = rest.strip_prefix(name)?;
    let mut depth = 1_usize;
    let end = after.char_indices().find_map(|(place, character)| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        (depth == 0).then_some(place)
    })?;
    *rest = &after[end + 1..];
    Some(&after[..end])
}

fn target_of(text: &str) -> Result<Target, String> {
    let text = text.trim();
    if let Some(name) = text.strip_prefix("$context.responseOverride.header.") {
        return Ok(Target::Header(name.to_owned()));
    }
    variable(text).map(Target::Variable).ok_or_else(|| text.to_owned())
}

fn value_of(text: &str) -> Result<Value, String> {
    let text = text.trim();
    if let Some(name) = text.strip_prefix("$input.params(").and_then(|rest| rest.strip_suffix(')')).and_then(quoted) {
        return Ok(Value::Parameter(name));
    }
    let value = quoted(text).map(Value::Text).or_else(|| variable(text).map(Value::Variable));
    value.ok_or_else(|| text.to_owned())
}

fn variable(text: &str) -> Option<String> {
    let name = text.strip_prefix('$')?;
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then(|| name.to_owned())
}

/// A text in single or double quotation marks, without anything that Velocity would replace in it.
fn quoted(text: &str) -> Option<String> {
    let inner = ['"', '\''].iter().find_map(|mark| text.strip_prefix(*mark)?.strip_suffix(*mark))?;
    (!inner.contains(['"', '\'', '$', '#'])).then(|| inner.to_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const ECHO: &str = r#"#set($origin = $input.params("Origin"))
#if($origin == "")#set($origin = $input.params('origin'))#end
#if($origin == "https://a.example" || $origin == "http://b.example:80")
#set($context.responseOverride.header.Access-Control-Allow-Origin = $origin)
#end"#;

    #[test]
    fn a_known_origin_overrides_a_header() {
        let template = Template::parse(ECHO).unwrap();
        for (name, origin, echoed) in [
            ("Origin", "https://a.example", true),
            ("origin", "http://b.example:80", true),
            ("origin", "https://c.example", false),
            ("other", "https://a.example", false),
        ] {
            let rendered = template.render(|asked| (asked == name).then(|| origin.to_owned()));
            assert_eq!(rendered.text.trim(), "");
            assert_eq!(rendered.headers.get("Access-Control-Allow-Origin"), echoed.then(|| origin.to_owned()).as_ref());
        }
    }

    #[test]
    fn text_is_kept() {
        let rendered = Template::parse(r#"{"statusCode": 204}"#).unwrap().render(|_| None);
        assert_eq!(rendered.text, r#"{"statusCode": 204}"#);
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        for (template, name) in [
            ("$input.json('$')", "$input.json('$')"),
            ("#foreach($x in $y) #end", "#foreach($x"),
            ("#if($a.matches('b')) #end", "#if($a.matches('b'))"),
            ("#set($a = $util.escapeJavaScript($b))", "$util.escapeJavaScript($b)"),
            ("#set($context.status = \"1\")", "$context.status"),
            ("#if($a == \"b\")", "#if without #end"),
            ("#end", "#end without #if"),
            ("#set($a = \"$b\")", "\"$b\""),
            ("#set(", "#set("),
        ] {
            assert_eq!(Template::parse(template).unwrap_err(), name, "{template}");
        }
    }
}
