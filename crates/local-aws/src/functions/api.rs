//! The Runtime API, which a bootstrap polls for invocations. Each environment has a listener on loopback.

use std::{
    error::Error as _,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header::HOST},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
    serve::ListenerExt as _,
};
use bytes::Bytes;
use http_body_util::LengthLimitError;
use serde_json::json;
use tokio::{
    sync::{Mutex as AsyncMutex, mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::peer::OwnUserListener;

/// The largest response, in bytes: 6 MB and some headroom.
pub(super) const MAX_RESPONSE: usize = 6_291_556;
/// How many bytes of a larger response are read, so that the function gets an error instead of a broken connection.
const MAX_READ: usize = 64 * 1024 * 1024;

/// An invocation for the function to poll.
#[derive(Debug)]
pub(super) struct PendingInvocation {
    pub(super) request_id: String,
    pub(super) deadline_ms: u64,
    pub(super) function_arn: String,
    pub(super) trace_id: String,
    pub(super) payload: Bytes,
    pub(super) result: oneshot::Sender<FunctionResult>,
}

/// The result that the function reported.
#[derive(Debug)]
pub(super) enum FunctionResult {
    Response(Bytes),
    /// The error document of its runtime.
    Error(Bytes),
    /// A response larger than [`MAX_RESPONSE`].
    TooLarge,
}

/// The Runtime API of one environment. Dropping it closes the listener.
pub(super) struct RuntimeApi {
    address: SocketAddr,
    invocations: mpsc::Sender<PendingInvocation>,
    mailbox: Arc<Mailbox>,
    server: JoinHandle<()>,
}

struct Mailbox {
    host: String,
    invocations: AsyncMutex<mpsc::Receiver<PendingInvocation>>,
    /// The request id of the current invocation, and where to send its result.
    current: Mutex<Option<(String, oneshot::Sender<FunctionResult>)>>,
    /// How often the function has polled.
    polls: watch::Sender<u64>,
    init_error: watch::Sender<Option<Bytes>>,
}

impl RuntimeApi {
    /// Listens on a free port.
    pub(super) async fn listen() -> std::io::Result<Self> {
        let listener = OwnUserListener::listen().await?;
        let address = listener.address();
        // Send every response at once: the function is waiting for it.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let (invocations, receiver) = mpsc::channel(1);
        let mailbox = Arc::new(Mailbox {
            host: address.to_string(),
            invocations: AsyncMutex::new(receiver),
            current: Mutex::default(),
            polls: watch::Sender::new(0),
            init_error: watch::Sender::new(None),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(middleware::from_fn_with_state(mailbox.clone(), check_host))
            .with_state(mailbox.clone());
        let server = tokio::spawn(async move {
            // The task is aborted when the environment ends.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, invocations, mailbox, server })
    }

    /// `127.0.0.1:<port>`
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Passes on an invocation; the function gets it with its next poll.
    pub(super) async fn send(&self, invocation: PendingInvocation) {
        // This cannot fail: the receiver lives as long as the mailbox.
        let _ = self.invocations.send(invocation).await;
    }

    /// The number of polls so far.
    pub(super) fn polls(&self) -> watch::Receiver<u64> {
        self.mailbox.polls.subscribe()
    }

    /// The error document of a failed init.
    pub(super) fn init_error(&self) -> watch::Receiver<Option<Bytes>> {
        self.mailbox.init_error.subscribe()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Refuses other hosts: a web page that guesses the port can only reach it under another name.
async fn check_host(State(mailbox): State<Arc<Mailbox>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if host.is_none_or(|host| host == mailbox.host) {
        next.run(request).await
    } else {
        error_response(StatusCode::FORBIDDEN, "InvalidHost", "the Host header does not name this Runtime API")
    }
}

async fn next(State(mailbox): State<Arc<Mailbox>>) -> Response {
    mailbox.polls.send_modify(|polls| *polls += 1);
    let Some(invocation) = mailbox.invocations.lock().await.recv().await else {
        return error_response(StatusCode::INTERNAL_SERVER_ERROR, "Container", "the environment has ended");
    };
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", &invocation.request_id),
        ("lambda-runtime-deadline-ms", &invocation.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", &invocation.function_arn),
        ("lambda-runtime-trace-id", &invocation.trace_id),
        ("content-type", &"application/json".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    *mailbox.current.lock().unwrap_or_else(PoisonError::into_inner) = Some((invocation.request_id, invocation.result));
    (headers, invocation.payload).into_response()
}

async fn response(State(mailbox): State<Arc<Mailbox>>, Path(id): Path<String>, body: Body) -> Response {
    let result = match read(body).await {
        Read::Complete(body) if body.len() <= MAX_RESPONSE => FunctionResult::Response(body),
        Read::Complete(_) | Read::TooLong => FunctionResult::TooLarge,
        Read::Incomplete => return unreadable(),
    };
    let too_large = matches!(result, FunctionResult::TooLarge);
    let accepted = mailbox.report(&id, result);
    if too_large {
        let message = format!("Exceeded maximum allowed payload size ({MAX_RESPONSE} bytes).");
        return error_response(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message);
    }
    accepted
}

async fn error(
    State(mailbox): State<Arc<Mailbox>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Some(document) = error_document(&headers, read(body).await) else { return unreadable() };
    mailbox.report(&id, FunctionResult::Error(document))
}

async fn init_error(State(mailbox): State<Arc<Mailbox>>, headers: HeaderMap, body: Body) -> Response {
    let Some(document) = error_document(&headers, read(body).await) else { return unreadable() };
    mailbox.init_error.send_replace(Some(document));
    accepted()
}

impl Mailbox {
    fn report(&self, id: &str, result: FunctionResult) -> Response {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match current.take_if(|(current, _)| current == id) {
            Some((_, sender)) => {
                // Fails if the invocation has just timed out: then nobody waits for the result.
                let _ = sender.send(result);
                accepted()
            }
            None => error_response(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
        }
    }
}

/// What was read of a body.
enum Read {
    Complete(Bytes),
    /// More than [`MAX_READ`] bytes.
    TooLong,
    /// The function closed the connection; it may connect again.
    Incomplete,
}

async fn read(body: Body) -> Read {
    match axum::body::to_bytes(body, MAX_READ).await {
        Ok(body) => Read::Complete(body),
        Err(error) if error.source().is_some_and(|cause| cause.is::<LengthLimitError>()) => Read::TooLong,
        Err(_) => Read::Incomplete,
    }
}

/// The error document of the runtime. If it is missing or too long, one with its error type.
fn error_document(headers: &HeaderMap, body: Read) -> Option<Bytes> {
    match body {
        Read::Incomplete => return None,
        Read::Complete(body) if !body.is_empty() && body.len() <= MAX_RESPONSE => return Some(body),
        Read::Complete(_) | Read::TooLong => {}
    }
    let kind = headers.get("lambda-runtime-function-error-type").and_then(|kind| kind.to_str().ok());
    let document = json!({ "errorType": kind.unwrap_or("Unhandled"), "errorMessage": "" });
    Some(Bytes::from(document.to_string()))
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, [("content-type", "application/json")], json!({ "status": "OK" }).to_string())
        .into_response()
}

fn unreadable() -> Response {
    error_response(StatusCode::BAD_REQUEST, "InvalidRequest", "the body could not be read")
}

fn error_response(status: StatusCode, kind: &str, message: &str) -> Response {
    let document = json!({ "errorType": kind, "errorMessage": message }).to_string();
    (status, [("content-type", "application/json")], document).into_response()
}
