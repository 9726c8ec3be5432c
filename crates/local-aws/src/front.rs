//! Every request first: host, health, data plane or signature, then the operation.

use std::{error::Error as _, sync::Arc, time::Instant};

use axum::{
    body::{Body, to_bytes},
    extract::State,
};
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, StatusCode, header, request::Parts};
use serde_json::json;

use crate::{
    clock,
    control::{self, Call, Service},
    data,
    faults::Fault,
    model::{self, Findings},
    protocol::{Answer, ApiError, Content, Protocol, query, render, render_error, rest},
    random,
    requests::{RequestRecord, is_write},
    server::App,
    signature::{Authorization, Refusal},
};

/// The largest control-plane body: a zip of 50 MB in base64, and room to refuse a larger one properly.
const CONTROL_BODY: usize = 80 * 1024 * 1024;

/// The largest data-plane body that is read. API Gateway takes 10 MB; what is larger is the data plane's to refuse.
const DATA_BODY: usize = 16 * 1024 * 1024;

/// Answers any request.
pub(crate) async fn serve(State(app): State<Arc<App>>, request: Request<Body>) -> Response<Body> {
    let host = host_of(&request);
    if !host.as_deref().is_some_and(|host| is_ours(host, app.address.port())) {
        // Not one of our names: a page in a browser that had its own name resolve to this machine (DNS rebinding).
        return text(StatusCode::MISDIRECTED_REQUEST, "this server does not answer for that host\n");
    }
    let host = host.unwrap_or_default();
    let path = request.uri().path();
    if path == "/_local/health" {
        let health = json!({
            "account_id": app.options.account_id,
            "pid": std::process::id(),
            "policy": app.guard.enforces(),
            "version": env!("CARGO_PKG_VERSION"),
        });
        return text(StatusCode::OK, &health.to_string());
    }
    if data::serves(&host, path) {
        let (parts, body) = request.into_parts();
        return match to_bytes(body, DATA_BODY).await {
            Ok(body) => {
                let began = Instant::now();
                app.faults.arrive().await;
                let answer = data::handle(&app, Request::from_parts(parts, body)).await.map(Body::from);
                app.faults.depart(began).await;
                answer
            }
            Err(error) if is_too_long(&error) => {
                text(StatusCode::PAYLOAD_TOO_LARGE, r#"{"message":"Request Too Long"}"#)
            }
            Err(_) => text(StatusCode::BAD_REQUEST, r#"{"message":"Bad Request"}"#),
        };
    }
    control_plane(&app, request).await
}

async fn control_plane(app: &Arc<App>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let id = random::uuid().unwrap_or_default();
    let guess = guess_protocol(&parts);
    let refuse = |protocol: Protocol, namespace: &str, error: &ApiError| {
        render_error(protocol, namespace, &id, error).map(Body::from)
    };

    let authorization = match Authorization::read(&parts.headers) {
        Ok(authorization) => authorization,
        Err(refusal) => return refuse(guess, "", &refusal_error(guess, &refusal)),
    };
    if let Err(refusal) = authorization.check_key(&app.credentials) {
        return refuse(guess, "", &refusal_error(guess, &refusal));
    }
    let Some(service) = Service::by_scope(&authorization.service) else {
        let error = ApiError::not_implemented(&format!("the service {}", authorization.service));
        return refuse(guess, "", &error);
    };
    let (protocol, namespace) = (service.protocol(), service.namespace());
    let body = match to_bytes(body, CONTROL_BODY).await {
        Ok(body) => body,
        Err(error) => {
            let error = if is_too_long(&error) {
                ApiError::new(413, "RequestEntityTooLargeException", "Request body is too large")
            } else {
                ApiError::new(400, "IncompleteBody", "The body broke off, or is not as its headers say")
            };
            return refuse(protocol, namespace, &error);
        }
    };
    if let Err(refusal) = authorization.verify(&app.credentials, &parts, &body) {
        return refuse(protocol, namespace, &refusal_error(protocol, &refusal));
    }

    let began = Instant::now();
    let call = match decode(app, service, authorization.region, parts, body) {
        Ok(call) => call,
        Err(error) => {
            record(app, service, "", began, &Findings::default(), &Err(&error));
            return refuse(protocol, namespace, &error);
        }
    };
    perform(app, service, call, &id).await
}

/// Runs the operation, through whatever fault it meets.
async fn perform(app: &Arc<App>, service: Service, mut call: Call, id: &str) -> Response<Body> {
    let (protocol, namespace) = (service.protocol(), service.namespace());
    let operation = call.operation.clone();
    let began = Instant::now();
    app.faults.arrive().await;
    call.now_ms = clock::now_ms();
    let findings = model::check(service, &call);
    let fault = app.faults.meet(service, &call.region, &operation, &call.document);
    let outcome = match fault {
        Some(Fault::DropBeforeEffect) => return broken_connection(),
        Some(Fault::HoldBeforeEffect) => return hold(app).await,
        Some(Fault::Throttle) => Err(service.throttled()),
        Some(Fault::Error500) => Err(ApiError::internal("injected")),
        Some(Fault::DropAfterEffect | Fault::HoldAfterEffect | Fault::Pass) | None => {
            match findings.refusal(protocol, service.invalid()) {
                Some(refusal) => Err(refusal),
                None => control::run(service, call).await,
            }
        }
    };
    app.faults.depart(began).await;
    record(app, service, &operation, began, &findings, &outcome.as_ref());
    let response = match outcome {
        Ok(answer) => render(protocol, namespace, &operation, id, answer),
        Err(error) => render_error(protocol, namespace, id, &error),
    };
    match fault {
        Some(Fault::DropAfterEffect) => broken_connection(),
        Some(Fault::HoldAfterEffect) => hold(app).await,
        _ => response.map(Body::from),
    }
}

/// Never answers; ends with the connection.
async fn hold(app: &App) -> Response<Body> {
    app.faults.held.notify_one();
    std::future::pending().await
}

fn record(
    app: &App,
    service: Service,
    operation: &str,
    began: Instant,
    findings: &Findings,
    outcome: &Result<&Answer, &ApiError>,
) {
    app.requests.add(RequestRecord {
        service: service.name().to_owned(),
        operation: operation.to_owned(),
        write: is_write(operation),
        status: outcome.map_or_else(|error| error.status, |answer| answer.status),
        error_code: outcome.err().map(|error| error.code.clone()),
        violations: findings.all(),
        answer_violations: outcome.map_or_else(
            |error| model::check_refusal(service, operation, error),
            |answer| match &answer.content {
                Content::Document(document) => model::check_answer(service, operation, Some(document)),
                Content::Empty => model::check_answer(service, operation, None),
                Content::Bytes(_) => Vec::new(),
            },
        ),
        began,
        ended: Instant::now(),
    });
}

/// Finds out which operation is meant, and parses its input.
pub(crate) fn decode(
    app: &Arc<App>,
    service: Service,
    region: String,
    parts: Parts,
    body: Bytes,
) -> Result<Call, ApiError> {
    let mut labels = Vec::new();
    let mut document = serde_json::Map::new();
    let operation = match service.protocol() {
        Protocol::Query => {
            let form = str::from_utf8(&body).map_err(|_| ApiError::new(400, "MalformedInput", "no UTF-8"))?;
            document = query::document(if form.is_empty() { parts.uri.query().unwrap_or_default() } else { form });
            let action = document.get("Action").and_then(|action| action.as_str());
            let action = action.ok_or_else(|| ApiError::new(400, "MissingAction", "Missing Action"))?;
            action.to_owned()
        }
        Protocol::Json => {
            let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
            let unknown = || ApiError::new(400, "UnknownOperationException", format!("no operation {target:?}"));
            let (prefix, operation) = target.split_once('.').ok_or_else(unknown)?;
            if Some(prefix) != service.target() {
                return Err(unknown());
            }
            document = parse(&body)?;
            operation.to_owned()
        }
        Protocol::RestJson => {
            let segments = rest::segments(parts.uri.path());
            let (operation, found) = control::route(service, &parts.method, &segments).ok_or_else(|| {
                ApiError::not_implemented(&format!("{} {} {}", service.name(), parts.method, parts.uri.path()))
            })?;
            labels = found;
            // Invoke's body is the function's, not ours to read.
            if operation != "Invoke" {
                document = parse(&body)?;
            }
            operation.to_owned()
        }
    };
    let query = rest::pairs(parts.uri.query().unwrap_or_default());
    Ok(Call::new(Arc::clone(app), region, operation, labels, query, parts.headers, document, body))
}

fn parse(body: &[u8]) -> Result<serde_json::Map<String, serde_json::Value>, ApiError> {
    if body.is_empty() {
        return Ok(serde_json::Map::new());
    }
    serde_json::from_slice(body).map_err(|error| {
        // Where, never what: a body may hold secrets.
        let message = format!("no JSON object (line {}, column {})", error.line(), error.column());
        ApiError::serialization(message)
    })
}

/// The host, by which a name is meant: that of the request target if it has one, else the header.
fn host_of(request: &Request<Body>) -> Option<String> {
    let hosts: Vec<_> = request.headers().get_all(header::HOST).iter().collect();
    let named = match (request.uri().authority(), hosts.as_slice()) {
        (Some(authority), _) => authority.as_str(),
        (None, [host]) => host.to_str().ok()?,
        // Several hosts could mean one thing to us and another to what is behind us.
        _ => return None,
    };
    Some(named.to_ascii_lowercase())
}

/// Whether a `Host` can only come from a client that meant this server.
fn is_ours(host: &str, port: u16) -> bool {
    let (name, given_port) = match host.rsplit_once(':') {
        Some((name, digits)) if !digits.ends_with(']') => (name, digits.parse::<u16>().ok()),
        _ => (host, Some(port)),
    };
    // The names of AWS are given without a port when a client resolves them to this server.
    let aws = [".amazonaws.com", ".amazoncognito.com"].iter().any(|suffix| name.ends_with(suffix));
    let local = matches!(name, "127.0.0.1" | "localhost" | "[::1]") || name.ends_with(".localhost");
    aws || (local && given_port == Some(port))
}

/// Whether a body had more bytes than were to be read, and not something else wrong with it.
fn is_too_long(error: &axum::Error) -> bool {
    error.source().is_some_and(|source| source.is::<http_body_util::LengthLimitError>())
}

/// Before the service is known, its protocol is guessed so that the client can read the refusal.
fn guess_protocol(parts: &Parts) -> Protocol {
    let content_type =
        parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if parts.headers.contains_key("x-amz-target") {
        Protocol::Json
    } else if content_type.starts_with("application/x-www-form-urlencoded") {
        Protocol::Query
    } else {
        Protocol::RestJson
    }
}

/// A refused signature, as each protocol's services word it.
fn refusal_error(protocol: Protocol, refusal: &Refusal) -> ApiError {
    let query = protocol == Protocol::Query;
    let status = if protocol == Protocol::Json { 400 } else { 403 };
    match refusal {
        Refusal::Missing => {
            let code = if query { "MissingAuthenticationToken" } else { "MissingAuthenticationTokenException" };
            ApiError::new(status, code, "Missing Authentication Token")
        }
        Refusal::Incomplete(what) => {
            let code = if query { "IncompleteSignature" } else { "IncompleteSignatureException" };
            ApiError::new(if query { 400 } else { status }, code, what.clone())
        }
        Refusal::UnknownKey => {
            let code = if query { "InvalidClientTokenId" } else { "UnrecognizedClientException" };
            ApiError::new(status, code, "The security token included in the request is invalid.")
        }
        Refusal::Mismatch => {
            let code = if query { "SignatureDoesNotMatch" } else { "InvalidSignatureException" };
            let message = "The request signature we calculated does not match the signature you provided. Check your \
                 AWS Secret Access Key and signing method. Consult the service documentation for details.";
            ApiError::new(status, code, message)
        }
        Refusal::Expired(when) => {
            let code = if query { "SignatureDoesNotMatch" } else { "InvalidSignatureException" };
            ApiError::new(status, code, when.clone())
        }
    }
}

/// A connection that breaks before a byte of the answer was sent: the body fails before the head is flushed.
fn broken_connection() -> Response<Body> {
    let failure = Err::<Bytes, _>(std::io::Error::other("connection broken on purpose"));
    Response::new(Body::from_stream(stream::iter([failure])))
}

fn text(status: StatusCode, body: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_owned()));
    *response.status_mut() = status;
    if body.starts_with('{') {
        response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_server_are_answered() {
        for host in [
            "127.0.0.1:4566",
            "localhost:4566",
            "[::1]:4566",
            "x.localhost:4566",
            "sts.us-east-1.amazonaws.com",
            "p.auth.us-east-1.amazoncognito.com:4566",
        ] {
            assert!(is_ours(host, 4566), "{host}");
        }
        for host in ["evil.example:4566", "127.0.0.1:1", "127.0.0.1.evil.example", "", "amazonaws.com.evil", "[::1]:1"]
        {
            assert!(!is_ours(host, 4566), "{host}");
        }
    }
}
