//! The fields of an API Gateway REST proxy event that the function needs. Parsing skips everything else, including the access
//! token and its claims, so that they never reach memory.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// A request as API Gateway passes it to the function.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ProxyEvent {
    pub(crate) body: Option<String>,
    /// True if the request's Content-Type is one of the API's binary media types.
    pub(crate) is_base64_encoded: bool,
    #[serde(deserialize_with = "headers")]
    pub(crate) headers: Headers,
    #[serde(rename = "queryStringParameters", deserialize_with = "top_k")]
    pub(crate) top_k: Option<String>,
}

/// The headers that the function needs.
#[derive(Debug, Default)]
pub(crate) struct Headers {
    pub(crate) content_type: Option<String>,
    pub(crate) content_encoding: Option<String>,
    pub(crate) origin: Option<String>,
}

/// Header names are case-insensitive: HTTP/2 clients send lower case, HTTP/1.1 clients any case.
fn headers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Headers, D::Error> {
    let [content_type, content_encoding, origin] = deserializer.deserialize_any(PickValues(|name| {
        ["content-type", "content-encoding", "origin"].iter().position(|known| name.eq_ignore_ascii_case(known))
    }))?;
    Ok(Headers { content_type, content_encoding, origin })
}

fn top_k<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let [top_k] = deserializer.deserialize_any(PickValues(|name| (name == "top_k").then_some(0)))?;
    Ok(top_k)
}

/// Picks values from a map by the position that the function gives their names, and skips the others. Null counts as an empty map.
struct PickValues<const N: usize>(fn(&str) -> Option<usize>);

impl<'de, const N: usize> Visitor<'de> for PickValues<N> {
    type Value = [Option<String>; N];

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map of strings or null")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok([const { None }; N])
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut picked = [const { None }; N];
        while let Some(name) = map.next_key::<String>()? {
            match (self.0)(&name).and_then(|position| picked.get_mut(position)) {
                Some(value) => *value = map.next_value()?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(picked)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn parse(text: &str) -> serde_json::Result<ProxyEvent> {
        serde_json::from_str(text)
    }

    #[test]
    fn only_the_needed_fields_are_read() {
        let event = parse(
            r#"{"resource": "/", "path": "/", "httpMethod": "POST", "multiValueHeaders": {"Accept": ["*/*"]},
                "headers": {"Authorization": "secret", "CONTENT-TYPE": "image/png", "content-Encoding": "gzip", "Accept": "*/*"},
                "queryStringParameters": {"x": "1", "top_k": "5"}, "pathParameters": null, "stageVariables": null,
                "requestContext": {"authorizer": {"claims": {"sub": "secret"}}},
                "body": "aGk=", "isBase64Encoded": true}"#,
        )
        .unwrap();
        assert_eq!(event.headers.content_type.as_deref(), Some("image/png"));
        assert_eq!(event.headers.content_encoding.as_deref(), Some("gzip"));
        assert_eq!(event.top_k.as_deref(), Some("5"));
        assert_eq!(event.body.as_deref(), Some("aGk="));
        assert!(event.is_base64_encoded);
        assert!(!format!("{event:?}").contains("secret"));
    }

    #[test]
    fn null_and_absent_fields_are_none() {
        for text in ["{}", r#"{"headers": null, "queryStringParameters": null, "body": null}"#] {
            let event = parse(text).unwrap();
            assert_eq!((event.body, event.headers.content_type, event.top_k), (None, None, None));
        }
    }

    #[test]
    fn other_json_is_an_error() {
        for text in ["", "7", r#"{"headers": 7}"#, r#"{"body": {}}"#, r#"{"isBase64Encoded": "yes"}"#] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
