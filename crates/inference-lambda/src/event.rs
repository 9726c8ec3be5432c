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
    #[serde(rename = "headers", deserialize_with = "content_type")]
    pub(crate) content_type: Option<String>,
    #[serde(rename = "queryStringParameters", deserialize_with = "top_k")]
    pub(crate) top_k: Option<String>,
}

/// Header names are case-insensitive: HTTP/2 clients send lower case, HTTP/1.1 clients any case.
fn content_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(PickValue(|name| name.eq_ignore_ascii_case("content-type")))
}

fn top_k<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(PickValue(|name| name == "top_k"))
}

/// Picks one value from a map and skips the others. Null counts as an empty map.
struct PickValue(fn(&str) -> bool);

impl<'de> Visitor<'de> for PickValue {
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
    fn only_the_needed_fields_are_read() {
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
    fn null_and_absent_fields_are_none() {
        for text in ["{}", r#"{"headers": null, "queryStringParameters": null, "body": null}"#] {
            let event = parse(text).unwrap();
            assert_eq!((event.body, event.content_type, event.top_k), (None, None, None));
        }
    }

    #[test]
    fn other_json_is_an_error() {
        for text in ["", "7", r#"{"headers": 7}"#, r#"{"body": {}}"#, r#"{"isBase64Encoded": "yes"}"#] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
