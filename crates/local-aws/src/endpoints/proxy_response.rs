//! Converts a function's proxy response to an HTTP response.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE},
};
use serde_json::{Map, Value};

use super::{gateway_error::GatewayError, proxy_event::is_binary};

/// Headers that a function cannot set: API Gateway renames them to `x-amzn-remapped-<name>`.
const REMAPPED: [&str; 11] = [
    "authorization",
    "connection",
    "content-length",
    "content-md5",
    "date",
    "expect",
    "host",
    "max-forwards",
    "server",
    "user-agent",
    "www-authenticate",
];

/// Headers that API Gateway drops, because they describe the connection.
const DROPPED: [&str; 6] = ["keep-alive", "proxy-authenticate", "te", "trailer", "transfer-encoding", "upgrade"];

/// Converts a payload. The error is 502 if it is not a proxy response.
pub(super) fn convert(
    payload: &[u8],
    binary_types: &[String],
    request: &HeaderMap,
) -> Result<Response<Bytes>, GatewayError> {
    let proxied: Map<String, Value> = serde_json::from_slice(payload).map_err(|_| GatewayError::BadGateway)?;
    let status = proxied.get("statusCode").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok()).filter(|status| status.as_u16() >= 200);
    let is_base64 = match proxied.get("isBase64Encoded") {
        None | Some(Value::Null) => false,
        Some(value) => value.as_bool().ok_or(GatewayError::BadGateway)?,
    };
    let body = match proxied.get("body") {
        None | Some(Value::Null) => Bytes::new(),
        Some(Value::String(text)) if is_base64 && wants_binary(binary_types, request) => {
            // API Gateway treats this as a configuration error, not as a malformed response.
            Bytes::from(STANDARD.decode(text).map_err(|_| GatewayError::Internal)?)
        }
        Some(Value::String(text)) => Bytes::from(text.clone()),
        Some(_) => return Err(GatewayError::BadGateway),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status.ok_or(GatewayError::BadGateway)?;
    set_headers(response.headers_mut(), &proxied)?;
    Ok(response)
}

/// Whether the client accepts binary: the first media type of `Accept` decides, and the default is `*/*`.
fn wants_binary(binary_types: &[String], request: &HeaderMap) -> bool {
    let accept = request.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    is_binary(binary_types, accept.split(',').next().unwrap_or(""))
}

fn set_headers(headers: &mut HeaderMap, proxied: &Map<String, Value>) -> Result<(), GatewayError> {
    let mut pairs = Vec::new();
    for (name, values) in fields(proxied, "multiValueHeaders")? {
        for value in values.as_array().ok_or(GatewayError::BadGateway)? {
            pairs.push((name, text(value)?));
        }
    }
    for (name, value) in fields(proxied, "headers")? {
        let value = text(value)?;
        // A value in both `headers` and `multiValueHeaders` is sent once.
        if !pairs.iter().any(|(other, given)| name.eq_ignore_ascii_case(other) && *given == value) {
            pairs.push((name, value));
        }
    }
    for (name, value) in pairs {
        let name: HeaderName = name.parse().map_err(|_| GatewayError::BadGateway)?;
        let value = HeaderValue::from_str(&value).map_err(|_| GatewayError::BadGateway)?;
        if DROPPED.contains(&name.as_str()) {
            continue;
        }
        let name = if REMAPPED.contains(&name.as_str()) {
            format!("x-amzn-remapped-{name}").parse().map_err(|_| GatewayError::BadGateway)?
        } else {
            name
        };
        headers.append(name, value);
    }
    if !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(())
}

fn fields<'a>(proxied: &'a Map<String, Value>, name: &str) -> Result<Vec<(&'a String, &'a Value)>, GatewayError> {
    match proxied.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(fields)) => Ok(fields.iter().collect()),
        Some(_) => Err(GatewayError::BadGateway),
    }
}

/// The value of a header; numbers and booleans are converted to text.
fn text(value: &Value) -> Result<String, GatewayError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(_) | Value::Bool(_) => Ok(value.to_string()),
        _ => Err(GatewayError::BadGateway),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use serde_json::json;

    use super::*;

    fn converted(
        answer: &Value,
        types: &[&str],
        accept: Option<&'static str>,
    ) -> Result<Response<Bytes>, GatewayError> {
        let types: Vec<String> = types.iter().map(|&pattern| pattern.to_owned()).collect();
        let mut request = HeaderMap::new();
        if let Some(accept) = accept {
            request.insert(ACCEPT, HeaderValue::from_static(accept));
        }
        convert(answer.to_string().as_bytes(), &types, &request)
    }

    #[test]
    fn a_valid_response_is_converted() {
        let answer = json!({
            "statusCode": 422, "body": "x", "headers": { "X-A": 1, "Date": "then", "Transfer-Encoding": "chunked" },
            "multiValueHeaders": { "x-b": ["1", "2"] },
        });
        let response = converted(&answer, &[], None).unwrap();
        assert_eq!(response.status(), 422);
        assert_eq!(response.body(), "x");
        assert_eq!(response.headers()["x-a"], "1");
        assert_eq!(response.headers()["x-amzn-remapped-date"], "then");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.headers().get_all("x-b").iter().count(), 2);
        assert!(!response.headers().contains_key("transfer-encoding"));
    }

    #[test]
    fn base64_is_decoded_when_the_first_accepted_type_is_binary() {
        let answer = json!({ "statusCode": 200, "body": "AP8=", "isBase64Encoded": true });
        let body = |types: &[&str], accept| converted(&answer, types, accept).unwrap().into_body();
        assert_eq!(body(&["*/*"], None), [0, 255].as_slice());
        assert_eq!(body(&["image/png"], Some("image/png,text/html")), [0, 255].as_slice());
        assert_eq!(body(&["image/png"], Some("text/html,image/png")), "AP8=");
        assert_eq!(body(&[], None), "AP8=");
    }

    #[test]
    fn an_invalid_proxy_response_is_a_bad_gateway() {
        for answer in [
            json!("text"),
            json!({}),
            json!({ "statusCode": "200" }),
            json!({ "statusCode": 99 }),
            json!({ "statusCode": 200, "body": { "a": 1 } }),
            json!({ "statusCode": 200, "headers": [] }),
            json!({ "statusCode": 200, "headers": { "a b": "c" } }),
            json!({ "statusCode": 200, "headers": { "a": "b\r\nc: d" } }),
            json!({ "statusCode": 200, "isBase64Encoded": "yes" }),
        ] {
            assert_eq!(converted(&answer, &[], None).err(), Some(GatewayError::BadGateway), "{answer}");
        }
        assert_eq!(convert(b"", &[], &HeaderMap::new()).err(), Some(GatewayError::BadGateway));
    }
}
