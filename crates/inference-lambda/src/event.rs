//! The part of an API Gateway REST proxy event that matters here. Everything else, the token in the headers and its
//! claims included, is skipped while parsing and never reaches memory.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// A request as API Gateway passes it on.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct ProxyEvent {
    pub(crate) body: Option<String>,
    /// Set where the request's Content-Type is one of the API's binary media types.
    pub(crate) is_base64_encoded: bool,
    #[serde(rename = "headers", deserialize_with = "content_type")]
    pub(crate) content_type: Option<String>,
    #[serde(rename = "queryStringParameters", deserialize_with = "top_k")]
    pub(crate) top_k: Option<String>,
}

/// HTTP/2 clients send header names in lower case, and HTTP/1.1 clients as they like.
fn content_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Pick(|name| name.eq_ignore_ascii_case("content-type")))
}

fn top_k<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Pick(|name| name == "top_k"))
}

/// Takes one value out of a map whose others are skipped; null is an empty map.
struct Pick(fn(&str) -> bool);

impl<'de> Visitor<'de> for Pick {
    type Value = Option<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map of strings or null")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut picked = None;
        while let Some(name) = map.next_key::<String>()? {
            if (self.0)(&name) {
                picked = map.next_value()?;
            } else {
                map.next_value::<IgnoredAny>()?;
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
    fn a_whole_event_gives_its_four_facts() {
        let event = parse(
            r#"{"resource": "/", "path": "/", "httpMethod": "POST", "multiValueHeaders": {"Accept": ["*/*"]},
                "headers": {"Authorization": "secret", "CONTENT-TYPE": "image/png", "Accept": "*/*"},
                "queryStringParameters": {"x": "1", "top_k": "5"}, "pathParameters": null, "stageVariables": null,
                "requestContext": {"authorizer": {"claims": {"sub": "secret"}}},
                "body": "aGk=", "isBase64Encoded": true}"#,
        )
        .unwrap();
        assert_eq!(event.content_type.as_deref(), Some("image/png"));
        assert_eq!(event.top_k.as_deref(), Some("5"));
        assert_eq!(event.body.as_deref(), Some("aGk="));
        assert!(event.is_base64_encoded);
        assert!(!format!("{event:?}").contains("secret"));
    }

    #[test]
    fn null_and_absent_are_empty() {
        for text in ["{}", r#"{"headers": null, "queryStringParameters": null, "body": null}"#] {
            let event = parse(text).unwrap();
            assert_eq!((event.body, event.content_type, event.top_k), (None, None, None));
        }
    }

    #[test]
    fn what_is_no_event_is_an_error() {
        for text in ["", "7", r#"{"headers": 7}"#, r#"{"body": {}}"#, r#"{"isBase64Encoded": "yes"}"#] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
