//! Error responses of API Gateway itself, which AWS calls gateway responses.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use serde_json::{Value, json};

/// An error of API Gateway itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GatewayError {
    /// 401: no token, an invalid one, or one without the scope.
    Unauthorized,
    /// 401: the token has expired.
    Expired,
    /// 403: no such API or stage, or an API key is missing.
    Forbidden,
    /// 403: no such resource or method. AWS words it like this.
    MissingAuthenticationToken,
    /// 413: more than 10 MB to the API, or more than 6 MB to Lambda.
    TooLong,
    /// 431: more than 10,240 bytes of headers.
    HeadersTooLong,
    /// 429: above the stage's limit.
    Throttled,
    /// 500: Lambda refused the invocation.
    Internal,
    /// 501: the configuration uses a feature that the local cloud does not have.
    NotImplemented,
    /// 502: the function failed, or its response is not a proxy response.
    BadGateway,
    /// 504: the integration timed out.
    TimedOut,
}

impl GatewayError {
    /// The types of gateway responses that may change it, the most specific first.
    pub(super) fn response_types(self) -> &'static [&'static str] {
        match self {
            Self::Unauthorized | Self::Expired => &["UNAUTHORIZED", "DEFAULT_4XX"],
            Self::MissingAuthenticationToken => &["MISSING_AUTHENTICATION_TOKEN", "DEFAULT_4XX"],
            Self::TooLong => &["REQUEST_TOO_LARGE", "DEFAULT_4XX"],
            Self::Throttled => &["THROTTLED", "DEFAULT_4XX"],
            Self::Forbidden | Self::HeadersTooLong => &["DEFAULT_4XX"],
            Self::TimedOut => &["INTEGRATION_TIMEOUT", "DEFAULT_5XX"],
            Self::Internal | Self::BadGateway => &["DEFAULT_5XX"],
            Self::NotImplemented => &[],
        }
    }

    /// The response with these headers, without request ids.
    pub(super) fn response(self, headers: &[(String, String)]) -> Response<Bytes> {
        let (status, kind, message) = match self {
            Self::Unauthorized => (401, "UnauthorizedException", "Unauthorized"),
            Self::Expired => (401, "UnauthorizedException", "The incoming token has expired"),
            Self::Forbidden => (403, "ForbiddenException", "Forbidden"),
            Self::MissingAuthenticationToken => {
                (403, "MissingAuthenticationTokenException", "Missing Authentication Token")
            }
            Self::TooLong => (413, "RequestTooLargeException", "Request Too Long"),
            // Status and message are unverified: the quotas page documents only the limit.
            Self::HeadersTooLong => (431, "RequestTooLargeException", "Request Header Fields Too Large"),
            Self::Throttled => (429, "TooManyRequestsException", "Too Many Requests"),
            Self::Internal => (500, "InternalServerErrorException", "Internal server error"),
            Self::NotImplemented => (
                501,
                "NotImplementedException",
                "The local cloud does not support this authorization or integration type",
            ),
            Self::BadGateway => (502, "InternalServerErrorException", "Internal server error"),
            Self::TimedOut => (504, "InternalServerErrorException", "Endpoint request timed out"),
        };
        let mut response = json_response(status, &json!({ "message": message }));
        response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(kind));
        for (name, value) in headers {
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_str(value)) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// A JSON response.
pub(super) fn json_response(status: u16, document: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(document.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A 404 for a path that is not an endpoint.
pub(super) fn not_found() -> Response<Bytes> {
    json_response(404, &json!({ "message": "Not Found" }))
}
