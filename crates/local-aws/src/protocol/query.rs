//! The query protocol: forms in, XML out.

use std::io;

use bytes::Bytes;
use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};
use serde_json::{Map, Value};

use super::rest;
use crate::outcome::ApiError;

/// Parses a form into a document: `Tags.member.1.Key=a` becomes `{"Tags": [{"Key": "a"}]}`. All scalars
/// are strings.
pub(crate) fn document(form: &str) -> Map<String, Value> {
    let mut root = Map::new();
    for (name, value) in rest::pairs(form) {
        let mut at = &mut root;
        let mut parts = name.split('.').peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                at.insert(part.to_owned(), Value::String(value.clone()));
                break;
            }
            let child = at.entry(part).or_insert_with(|| Value::Object(Map::new()));
            if !child.is_object() {
                *child = Value::Object(Map::new());
            }
            let Value::Object(next) = child else { break };
            at = next;
        }
    }
    root.into_iter().map(|(name, value)| (name, lists(value))).collect()
}

/// Turns objects whose only member is `member`, with items numbered from 1, into lists.
fn lists(value: Value) -> Value {
    let Value::Object(mut members) = value else { return value };
    if members.len() == 1
        && let Some(Value::Object(items)) = members.remove("member")
    {
        let mut items: Vec<(u32, Value)> =
            items.into_iter().filter_map(|(index, item)| Some((index.parse().ok()?, lists(item)))).collect();
        items.sort_by_key(|(index, _)| *index);
        return Value::Array(items.into_iter().map(|(_, item)| item).collect());
    }
    Value::Object(members.into_iter().map(|(name, member)| (name, lists(member))).collect())
}

/// `<XResponse><XResult>…</XResult><ResponseMetadata>…`
pub(crate) fn response(namespace: &str, operation: &str, id: &str, document: Option<&Value>) -> Bytes {
    xml(|writer| {
        let root = format!("{operation}Response");
        writer.write_event(Event::Start(BytesStart::new(&root).with_attributes([("xmlns", namespace)])))?;
        if let Some(document) = document {
            element(writer, &format!("{operation}Result"), document)?;
        }
        element(writer, "ResponseMetadata", &serde_json::json!({ "RequestId": id }))?;
        writer.write_event(Event::End(BytesEnd::new(&root)))
    })
}

/// `<ErrorResponse><Error>…</Error><RequestId>…`
pub(crate) fn error(namespace: &str, id: &str, error: &ApiError) -> Bytes {
    let kind = if error.status >= 500 { "Receiver" } else { "Sender" };
    xml(|writer| {
        writer.write_event(Event::Start(BytesStart::new("ErrorResponse").with_attributes([("xmlns", namespace)])))?;
        let body = serde_json::json!({ "Type": kind, "Code": error.code, "Message": error.message });
        element(writer, "Error", &body)?;
        element(writer, "RequestId", &Value::from(id))?;
        writer.write_event(Event::End(BytesEnd::new("ErrorResponse")))
    })
}

fn xml(write: impl FnOnce(&mut Writer<Vec<u8>>) -> io::Result<()>) -> Bytes {
    let mut writer = Writer::new(Vec::new());
    let written =
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None))).and_then(|()| write(&mut writer));
    // Writing to memory fails only when memory does.
    debug_assert!(written.is_ok(), "writing XML to memory");
    writer.into_inner().into()
}

fn element(writer: &mut Writer<Vec<u8>>, name: &str, value: &Value) -> io::Result<()> {
    if value.is_null() {
        return Ok(());
    }
    writer.write_event(Event::Start(BytesStart::new(name)))?;
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                element(writer, name, member)?;
            }
        }
        Value::Array(items) => {
            for item in items {
                element(writer, "member", item)?;
            }
        }
        Value::String(text) => writer.write_event(Event::Text(BytesText::new(text)))?,
        scalar => writer.write_event(Event::Text(BytesText::new(&scalar.to_string())))?,
    }
    writer.write_event(Event::End(BytesEnd::new(name)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn forms_become_documents() {
        let form =
            "Action=TagRole&Tags.member.2.Key=b&Tags.member.1.Key=a&Tags.member.1.Value=x%26y&TagKeys.member.1=k";
        assert_eq!(
            Value::Object(document(form)),
            json!({ "Action": "TagRole", "Tags": [{ "Key": "a", "Value": "x&y" }, { "Key": "b" }], "TagKeys": ["k"] })
        );
    }

    #[test]
    fn a_scalar_that_is_also_a_structure_does_not_fail() {
        assert_eq!(Value::Object(document("A=1&A.B=2&A.B.C=3")), json!({ "A": { "B": { "C": "3" } } }));
    }

    #[test]
    fn text_is_escaped() {
        let document = json!({ "Names": ["a<b"], "Many": false, "None": null });
        let text = String::from_utf8_lossy(&response("urn:x", "Get", "1", Some(&document))).into_owned();
        assert!(text.contains("<GetResponse xmlns=\"urn:x\"><GetResult>"), "{text}");
        assert!(text.contains("<Names><member>a&lt;b</member></Names>"), "{text}");
        assert!(text.contains("<Many>false</Many>") && !text.contains("<None>"), "{text}");
    }
}
