//! Checks a request against the model of its operation's input.

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use super::{
    findings::{Findings, Violation},
    shape::{Kind, Location, OperationModel, ServiceModel, Shape},
};
use crate::{input, protocol::Protocol, request::Request};

/// How many characters of a value an error message shows.
const MAX_SHOWN: usize = 512;

/// Checks the members in the path, the query string, the headers and the body.
pub(super) fn check(model: &ServiceModel, operation: &OperationModel, request: &Request) -> Findings {
    let protocol = request.service.protocol();
    let Some(shape) = operation.input.as_ref().and_then(|name| model.shape(name)) else {
        return Findings::default();
    };
    let mut walk = Walk { model, found: Findings::default() };
    let labels = labels(&operation.uri);
    for (name, member) in &shape.members {
        let wire = member.wire(name);
        // Outside of a JSON body every scalar is text, whatever its shape.
        let (value, text) = match member.location() {
            Location::Uri => {
                let at = labels.iter().position(|label| *label == wire);
                (at.and_then(|at| request.labels.get(at)).map(|label| Cow::Owned(Value::from(label.as_str()))), true)
            }
            Location::Querystring => (parameter(walk.kind(member.shape()), wire, &request.query).map(Cow::Owned), true),
            Location::Header => {
                let value = request.headers.get(wire).and_then(|value| value.to_str().ok());
                (value.map(|value| Cow::Owned(Value::from(value))), true)
            }
            _ if shape.payload.as_deref() == Some(name) => continue,
            _ => (request.document.get(wire).map(Cow::Borrowed), protocol == Protocol::Query),
        };
        match value.filter(|value| !value.is_null()) {
            Some(value) => walk.value(&input::lower_first(name), member.shape(), &value, text),
            None if shape.required.contains(name) => walk.missing(&input::lower_first(name)),
            None => {}
        }
    }
    note_ignored(shape, request, &mut walk.found.notes);
    walk.found
}

/// The labels of `/a/{one}/b/{two+}`, in order.
fn labels(uri: &str) -> Vec<&str> {
    uri.split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(label, _)| label.trim_end_matches('+'))
        .collect()
}

fn parameter(kind: Option<Kind>, name: &str, query: &[(String, String)]) -> Option<Value> {
    let mut values =
        query.iter().filter(|(key, _)| key == name).map(|(_, value)| Value::from(value.as_str())).peekable();
    values.peek()?;
    if kind == Some(Kind::List) { Some(values.collect()) } else { values.next() }
}

/// Notes what AWS ignores: members that are unknown or in the wrong place.
fn note_ignored(shape: &Shape, request: &Request, notes: &mut Vec<String>) {
    let protocol = request.service.protocol();
    let mut note = |what: &str, name: &str, here: Location| {
        let mut members = shape.members.iter();
        if members.any(|(own, member)| member.location() == here && member.wire(own) == name) {
            return;
        }
        let misplaced = shape.members.iter().any(|(own, member)| own == name || member.wire(own) == name);
        let why = if misplaced { "is in the wrong place" } else { "is unknown" };
        notes.push(format!("{name} in the {what} {why}"));
    };
    for name in request.document.keys() {
        if protocol != Protocol::Query || !matches!(name.as_str(), "Action" | "Version") {
            note("body", name, Location::Body);
        }
    }
    if protocol == Protocol::RestJson {
        for (name, _) in &request.query {
            note("query string", name, Location::Querystring);
        }
    }
}

struct Walk<'m> {
    model: &'m ServiceModel,
    found: Findings,
}

impl Walk<'_> {
    fn kind(&self, shape: &str) -> Option<Kind> {
        self.model.shape(shape).map(|shape| shape.kind)
    }

    fn missing(&mut self, path: &str) {
        self.violation(path, "Value null".to_owned(), "Member must not be null".to_owned());
    }

    fn violation(&mut self, path: &str, shown: String, constraint: String) {
        self.found.violations.push(Violation { path: path.to_owned(), shown, constraint });
    }

    fn mistyped(&mut self, path: &str, kind: Kind) {
        let expected = match kind {
            Kind::Structure | Kind::Map => "a structure",
            Kind::List => "a list",
            Kind::String | Kind::Blob => "a string",
            Kind::Boolean => "true or false",
            Kind::Integer | Kind::Long | Kind::Double | Kind::Float | Kind::Timestamp => "a number",
        };
        self.found.mistyped.push(format!("{path} must be {expected}"));
    }

    /// Checks a value and everything inside it. With `text`, scalars are strings.
    fn value(&mut self, path: &str, shape: &str, value: &Value, text: bool) {
        let model = self.model;
        let Some(shape) = model.shape(shape) else { return };
        match (shape.kind, value) {
            // The query protocol sends an empty list or structure as an empty value.
            (Kind::Structure | Kind::List | Kind::Map, Value::String(empty)) if text && empty.is_empty() => {}
            (Kind::Structure, Value::Object(members)) => self.structure(path, shape, members, text),
            (Kind::List, Value::Array(items)) => self.list(path, shape, items, text),
            (Kind::Map, Value::Object(entries)) => self.map(path, shape, entries, text),
            (Kind::Structure | Kind::List | Kind::Map, _) => self.mistyped(path, shape.kind),
            _ => match Self::scalar(shape, value, text) {
                None => self.mistyped(path, shape.kind),
                Some(constraints) => {
                    for constraint in constraints {
                        self.violation(path, shown(shape.sensitive, &plain(value)), constraint);
                    }
                }
            },
        }
    }

    fn structure(&mut self, path: &str, shape: &Shape, members: &Map<String, Value>, text: bool) {
        for (name, member) in &shape.members {
            let inside = format!("{path}.{}", input::lower_first(name));
            match members.get(member.wire(name)).filter(|value| !value.is_null()) {
                Some(value) => self.value(&inside, member.shape(), value, text),
                None if shape.required.contains(name) => self.missing(&inside),
                None => {}
            }
        }
        for name in members.keys() {
            if !shape.members.iter().any(|(own, member)| member.wire(own) == name) {
                self.found.notes.push(format!("{path}.{name} is unknown"));
            }
        }
    }

    fn list(&mut self, path: &str, shape: &Shape, items: &[Value], text: bool) {
        let model = self.model;
        let Some((name, of)) = shape.member.as_ref().and_then(|name| Some((name, model.shape(name)?))) else { return };
        let secret = shape.sensitive || of.sensitive;
        let listed = || format!("[{}]", items.iter().map(plain).collect::<Vec<_>>().join(", "));
        for constraint in length(shape, items.len()) {
            self.violation(path, shown(secret, &listed()), constraint);
        }
        let mut violates = false;
        for (at, item) in items.iter().enumerate() {
            if matches!(of.kind, Kind::Structure | Kind::List | Kind::Map) {
                self.value(&format!("{path}.{}.member", at + 1), name, item, text);
                continue;
            }
            match Self::scalar(of, item, text) {
                None => self.mistyped(&format!("{path}.{}.member", at + 1), of.kind),
                Some(violated) => violates |= !violated.is_empty(),
            }
        }
        if violates {
            // AWS lists all constraints of the items, not just the violated ones.
            let constraint = format!("Member must satisfy constraint: [{}]", constraints(of).join(", "));
            self.violation(path, shown(secret, &listed()), constraint);
        }
    }

    fn map(&mut self, path: &str, shape: &Shape, entries: &Map<String, Value>, text: bool) {
        let model = self.model;
        let part = |name: &Option<String>| name.as_ref().and_then(|name| model.shape(name));
        let (Some(key), Some(of)) = (part(&shape.key), part(&shape.value)) else { return };
        let secret = shape.sensitive || key.sensitive || of.sensitive;
        let pairs = || entries.iter().map(|(key, value)| format!("{key}={}", plain(value))).collect::<Vec<_>>();
        let listed = || format!("{{{}}}", pairs().join(", "));
        for constraint in length(shape, entries.len()) {
            self.violation(path, shown(secret, &listed()), constraint);
        }
        let (mut bad_key, mut bad_value) = (false, false);
        for (name, value) in entries {
            bad_key |= Self::scalar(key, &Value::from(name.as_str()), text).is_none_or(|violated| !violated.is_empty());
            if value.is_null() {
                continue;
            }
            if matches!(of.kind, Kind::Structure | Kind::List | Kind::Map) {
                if let Some(name) = &shape.value {
                    self.value(&format!("{path}.value"), name, value, text);
                }
                continue;
            }
            match Self::scalar(of, value, text) {
                None => self.mistyped(&format!("{path}.value"), of.kind),
                Some(violated) => bad_value |= !violated.is_empty(),
            }
        }
        for (bad, whose, of) in [(bad_key, "keys", key), (bad_value, "value", of)] {
            if bad {
                let constraint = format!("Map {whose} must satisfy constraint: [{}]", constraints(of).join(", "));
                self.violation(path, shown(secret, &listed()), constraint);
            }
        }
    }

    /// The constraints that a scalar violates; `None` if it has the wrong type.
    fn scalar(shape: &Shape, value: &Value, text: bool) -> Option<Vec<String>> {
        match (shape.kind, value) {
            (Kind::String, Value::String(value)) => Some(violated_by_text(shape, value)),
            (Kind::Blob, Value::String(value)) => {
                // Decode only to check the length: it may be a zip of 50 MB.
                let limited = shape.min.is_some() || shape.max.is_some();
                let bytes = if limited { BASE64_STANDARD.decode(value).map_or(0, |bytes| bytes.len()) } else { 0 };
                Some(if limited { length(shape, bytes) } else { Vec::new() })
            }
            (Kind::Boolean, Value::Bool(_)) => Some(Vec::new()),
            (Kind::Boolean, Value::String(value)) if text && (value == "true" || value == "false") => Some(Vec::new()),
            // A fraction is refused. AWS does not document whether it truncates instead.
            (Kind::Integer | Kind::Long, Value::Number(number)) => number.as_i64().map(|whole| range(shape, whole)),
            (Kind::Integer | Kind::Long, Value::String(value)) if text => value.parse().ok().map(|n| range(shape, n)),
            (Kind::Double | Kind::Float | Kind::Timestamp, Value::Number(_)) => Some(Vec::new()),
            (Kind::Double | Kind::Float, Value::String(value)) if text => value.parse::<f64>().ok().map(|_| Vec::new()),
            (Kind::Timestamp, Value::String(_)) if text => Some(Vec::new()),
            _ => None,
        }
    }
}

fn violated_by_text(shape: &Shape, value: &str) -> Vec<String> {
    let mut violated = length(shape, value.chars().count());
    if shape.pattern.as_ref().is_some_and(|pattern| !pattern.matches(value)) {
        violated.extend(pattern_of(shape));
    }
    if !shape.choices.is_empty() && !shape.choices.iter().any(|choice| choice == value) {
        violated.extend(choices_of(shape));
    }
    violated
}

/// All constraints of a scalar of this shape, as AWS lists them.
fn constraints(shape: &Shape) -> Vec<String> {
    let max = shape.max.map(|max| format!("Member must have length less than or equal to {max}"));
    let min = shape.min.map(|min| format!("Member must have length greater than or equal to {min}"));
    let not_null = Some("Member must not be null".to_owned());
    max.into_iter().chain(min).chain(pattern_of(shape)).chain(choices_of(shape)).chain(not_null).collect()
}

fn pattern_of(shape: &Shape) -> Option<String> {
    let pattern = shape.pattern.as_ref()?;
    Some(format!("Member must satisfy regular expression pattern: {}", pattern.text))
}

fn choices_of(shape: &Shape) -> Option<String> {
    let choices = shape.choices.join(", ");
    (!choices.is_empty()).then(|| format!("Member must satisfy enum value set: [{choices}]"))
}

fn length(shape: &Shape, found: usize) -> Vec<String> {
    limits(shape, i64::try_from(found).unwrap_or(i64::MAX), "length")
}

fn range(shape: &Shape, found: i64) -> Vec<String> {
    limits(shape, found, "value")
}

fn limits(shape: &Shape, found: i64, of: &str) -> Vec<String> {
    let min = shape.min.filter(|min| found < *min);
    let max = shape.max.filter(|max| found > *max);
    let min = min.map(|min| format!("Member must have {of} greater than or equal to {min}"));
    let max = max.map(|max| format!("Member must have {of} less than or equal to {max}"));
    min.into_iter().chain(max).collect()
}

fn shown(secret: bool, value: &str) -> String {
    if secret {
        return "Value".to_owned();
    }
    let cut: String = value.chars().take(MAX_SHOWN).collect();
    format!("Value '{cut}'")
}

/// A scalar as AWS's messages show it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}
