//! Builds the event that a function behind a REST API's proxy integration receives (payload format 1.0).

use bytes::Bytes;
use http::{
    HeaderMap, Request,
    header::{CONTENT_TYPE, HOST, USER_AGENT},
};
use serde_json::{Map, Value, json};
use time::{format_description::BorrowedFormatItem, macros::format_description};

use super::{address::StageAddress, route::Route};
use crate::clock;

/// The format of `requestTime`: `09/Apr/2015:12:34:56 +0000`.
const REQUEST_TIME: &[BorrowedFormatItem<'_>] =
    format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");

/// The ids and the time of one request.
#[derive(Debug)]
pub(super) struct Ids {
    pub request: String,
    pub extended: String,
    pub trace: String,
    /// When the request arrived, in milliseconds since the epoch.
    pub now_ms: u64,
}

/// Builds the event of a request.
pub(super) fn build(
    route: &Route,
    address: &StageAddress,
    request: &Request<Bytes>,
    claims: Option<&Map<String, Value>>,
    ids: &Ids,
) -> Value {
    let headers = forwarded_headers(route, request.headers(), ids);
    let query: Vec<(String, String)> =
        serde_urlencoded::from_str(request.uri().query().unwrap_or("")).unwrap_or_default();
    let (body, is_base64) = body(request, &route.binary_media_types);
    json!({
        "resource": route.resource_path,
        "path": address.path,
        "httpMethod": request.method().as_str(),
        "headers": last_values(&headers),
        "multiValueHeaders": all_values(&headers),
        "queryStringParameters": last_values(&query),
        "multiValueQueryStringParameters": all_values(&query),
        "pathParameters": or_null(&route.path_parameters),
        "stageVariables": or_null(&route.stage_variables),
        "requestContext": context(route, address, request, claims, ids),
        "body": body,
        "isBase64Encoded": is_base64,
    })
}

/// Whether bodies of this content type are binary: the API's binary types contain it, `<type>/*` or `*/*`.
pub(super) fn is_binary(types: &[String], content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    types.iter().any(|pattern| {
        let pattern = pattern.to_ascii_lowercase();
        match pattern.strip_suffix("/*") {
            Some("*") => true,
            Some(family) => essence.split_once('/').is_some_and(|(kind, _)| kind == family),
            None => pattern == essence,
        }
    })
}

/// The body, and whether it is base64. A body of any other type is text, in which invalid UTF-8 becomes U+FFFD. This is
/// how AWS corrupts a PNG if `binaryMediaTypes` is not set.
fn body(request: &Request<Bytes>, binary_types: &[String]) -> (Value, bool) {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let bytes = request.body();
    if bytes.is_empty() {
        return (Value::Null, false);
    }
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    // A body without a content type is treated as JSON.
    if is_binary(binary_types, content_type.unwrap_or("application/json")) {
        (Value::String(STANDARD.encode(bytes)), true)
    } else {
        (Value::String(String::from_utf8_lossy(bytes).into_owned()), false)
    }
}

/// The headers that the function sees. The HTTP layer has lowercased their names, as API Gateway does for HTTP/2
/// clients. Headers that API Gateway sets itself are capitalised.
fn forwarded_headers(route: &Route, headers: &HeaderMap, ids: &Ids) -> Vec<(String, String)> {
    const REPLACED: [&str; 10] = [
        "connection",
        "content-length",
        "host",
        "keep-alive",
        "te",
        "transfer-encoding",
        "x-amzn-trace-id",
        "x-forwarded-for",
        "x-forwarded-port",
        "x-forwarded-proto",
    ];
    let sent = headers.iter().filter(|(name, _)| !REPLACED.contains(&name.as_str()));
    let mut all: Vec<(String, String)> = sent
        .map(|(name, value)| {
            let name = if name == USER_AGENT { "User-Agent" } else { name.as_str() };
            (name.to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    all.extend(
        [
            ("Host", domain_name(route)),
            ("X-Amzn-Trace-Id", ids.trace.clone()),
            ("X-Forwarded-For", SOURCE_IP.to_owned()),
            ("X-Forwarded-Port", "443".to_owned()),
            ("X-Forwarded-Proto", "https".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    all.sort();
    debug_assert!(all.iter().all(|(name, _)| name != HOST.as_str()));
    all
}

/// The server listens on loopback only, so every caller comes from there.
const SOURCE_IP: &str = "127.0.0.1";

fn domain_name(route: &Route) -> String {
    format!("{}.execute-api.{}.amazonaws.com", route.api_id, route.region)
}

fn context(
    route: &Route,
    address: &StageAddress,
    request: &Request<Bytes>,
    claims: Option<&Map<String, Value>>,
    ids: &Ids,
) -> Value {
    let user_agent = request.headers().get(USER_AGENT).and_then(|value| value.to_str().ok());
    let mut context = json!({
        "accountId": route.account_id,
        "apiId": route.api_id,
        "deploymentId": route.deployment_id,
        "domainName": domain_name(route),
        "domainPrefix": route.api_id,
        "extendedRequestId": ids.extended,
        "httpMethod": request.method().as_str(),
        "identity": {
            "accessKey": null,
            "accountId": null,
            "caller": null,
            "cognitoAuthenticationProvider": null,
            "cognitoAuthenticationType": null,
            "cognitoIdentityId": null,
            "cognitoIdentityPoolId": null,
            "principalOrgId": null,
            "sourceIp": SOURCE_IP,
            "user": null,
            "userAgent": user_agent,
            "userArn": null,
        },
        "path": format!("/{}{}", address.stage, address.path),
        "protocol": "HTTP/1.1",
        "requestId": ids.request,
        "requestTime": clock::format(ids.now_ms, REQUEST_TIME),
        "requestTimeEpoch": ids.now_ms,
        "resourceId": route.resource_id,
        "resourcePath": route.resource_path,
        "stage": route.stage,
    });
    if let Some(claims) = claims {
        context["authorizer"] = json!({ "claims": claims });
    }
    context
}

fn or_null(values: &std::collections::BTreeMap<String, String>) -> Value {
    if values.is_empty() { Value::Null } else { json!(values) }
}

fn last_values(pairs: &[(String, String)]) -> Value {
    let values: Map<String, Value> = pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if values.is_empty() { Value::Null } else { Value::Object(values) }
}

fn all_values(pairs: &[(String, String)]) -> Value {
    let mut values = Map::new();
    for (name, value) in pairs {
        let list = values.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(list) = list {
            list.push(Value::String(value.clone()));
        }
    }
    if values.is_empty() { Value::Null } else { Value::Object(values) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_media_type_is_exact_or_has_wildcards() {
        let is = |patterns: &[&str], content_type: &str| {
            is_binary(&patterns.iter().map(|&pattern| pattern.to_owned()).collect::<Vec<_>>(), content_type)
        };
        assert!(is(&["*/*"], ""));
        assert!(is(&["image/png"], "Image/PNG; q=1"));
        assert!(is(&["image/*"], "image/jpeg"));
        assert!(!is(&["image/*"], "images/jpeg"));
        assert!(!is(&["image/png"], "image/jpeg"));
        assert!(!is(&[], "image/png"));
    }

    #[test]
    fn request_times_have_the_format_of_access_logs() {
        assert_eq!(clock::format(1_428_582_896_123, REQUEST_TIME), "09/Apr/2015:12:34:56 +0000");
    }
}
