//! The Runtime API: what a bootstrap polls for its invocations. One listener an environment, on loopback.

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

/// Bytes that an answer may have: 6 MB and some room.
pub(super) const MAX_RESPONSE: usize = 6_291_556;
/// Bytes that are read of one that is longer, so that the function hears of it instead of losing its connection.
const MAX_READ: usize = 64 * 1024 * 1024;

/// An invocation on its way to the function.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) request_id: String,
    pub(super) deadline_ms: u64,
    pub(super) function_arn: String,
    pub(super) trace_id: String,
    pub(super) payload: Bytes,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// What the function said.
#[derive(Debug)]
pub(super) enum Answer {
    /// Its response.
    Response(Bytes),
    /// The error document that its runtime reported.
    Error(Bytes),
    /// A response beyond [`MAX_RESPONSE`].
    TooLarge,
}

/// The Runtime API of one environment. Dropping it closes the listener.
pub(super) struct RuntimeApi {
    address: SocketAddr,
    work: mpsc::Sender<Work>,
    mailbox: Arc<Mailbox>,
    server: JoinHandle<()>,
}

struct Mailbox {
    host: String,
    work: AsyncMutex<mpsc::Receiver<Work>>,
    /// The invocation that the function has, by request id.
    current: Mutex<Option<(String, oneshot::Sender<Answer>)>>,
    /// How often the function has asked for work.
    polls: watch::Sender<u64>,
    init_error: watch::Sender<Option<Bytes>>,
}

impl RuntimeApi {
    /// Listens on a free port.
    pub(super) async fn listen() -> std::io::Result<Self> {
        let listener = OwnUserListener::listen().await?;
        let address = listener.address();
        // The function waits for every answer, so none may wait for the next one's bytes.
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let (work, receiver) = mpsc::channel(1);
        let mailbox = Arc::new(Mailbox {
            host: address.to_string(),
            work: AsyncMutex::new(receiver),
            current: Mutex::default(),
            polls: watch::Sender::new(0),
            init_error: watch::Sender::new(None),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .layer(middleware::from_fn_with_state(mailbox.clone(), own_host))
            .with_state(mailbox.clone());
        let server = tokio::spawn(async move {
            // It ends with the environment, by being aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, work, mailbox, server })
    }

    /// `127.0.0.1:<port>`
    pub(super) fn address(&self) -> String {
        self.address.to_string()
    }

    /// Hands over an invocation; the function gets it with its next poll.
    pub(super) async fn offer(&self, work: Work) {
        // The receiver lives as long as the mailbox does.
        let _ = self.work.send(work).await;
    }

    /// How often the function has asked for work.
    pub(super) fn polls(&self) -> watch::Receiver<u64> {
        self.mailbox.polls.subscribe()
    }

    /// The error document of a start that failed.
    pub(super) fn init_error(&self) -> watch::Receiver<Option<Bytes>> {
        self.mailbox.init_error.subscribe()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A web page that guesses the port reaches it under another name, if at all.
async fn own_host(State(mailbox): State<Arc<Mailbox>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    if host.is_none_or(|host| host == mailbox.host) {
        next.run(request).await
    } else {
        refused(StatusCode::FORBIDDEN, "InvalidHost", "the Host header is not this runtime API's")
    }
}

async fn next(State(mailbox): State<Arc<Mailbox>>) -> Response {
    mailbox.polls.send_modify(|polls| *polls += 1);
    let Some(work) = mailbox.work.lock().await.recv().await else {
        return refused(StatusCode::INTERNAL_SERVER_ERROR, "Container", "the environment has ended");
    };
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("lambda-runtime-aws-request-id", &work.request_id),
        ("lambda-runtime-deadline-ms", &work.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", &work.function_arn),
        ("lambda-runtime-trace-id", &work.trace_id),
        ("content-type", &"application/json".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
    *mailbox.current.lock().unwrap_or_else(PoisonError::into_inner) = Some((work.request_id, work.answer));
    (headers, work.payload).into_response()
}

async fn response(State(mailbox): State<Arc<Mailbox>>, Path(id): Path<String>, body: Body) -> Response {
    let answer = match read(body).await {
        Read::Whole(body) if body.len() <= MAX_RESPONSE => Answer::Response(body),
        Read::Whole(_) | Read::TooLong => Answer::TooLarge,
        Read::Broken => return unreadable(),
    };
    let too_large = matches!(answer, Answer::TooLarge);
    let accepted = mailbox.answer(&id, answer);
    if too_large {
        let message = format!("Exceeded maximum allowed payload size ({MAX_RESPONSE} bytes).");
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLarge", &message);
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
    mailbox.answer(&id, Answer::Error(document))
}

async fn init_error(State(mailbox): State<Arc<Mailbox>>, headers: HeaderMap, body: Body) -> Response {
    let Some(document) = error_document(&headers, read(body).await) else { return unreadable() };
    mailbox.init_error.send_replace(Some(document));
    accepted()
}

impl Mailbox {
    fn answer(&self, id: &str, answer: Answer) -> Response {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        match current.take_if(|(current, _)| current == id) {
            Some((_, sender)) => {
                // Nobody waits for it when its time was over just now.
                let _ = sender.send(answer);
                accepted()
            }
            None => refused(StatusCode::BAD_REQUEST, "InvalidRequestID", "Invalid request ID"),
        }
    }
}

/// A body, as far as it came.
enum Read {
    Whole(Bytes),
    /// More than [`MAX_READ`] bytes.
    TooLong,
    /// The function went away within it, and may come again.
    Broken,
}

async fn read(body: Body) -> Read {
    match axum::body::to_bytes(body, MAX_READ).await {
        Ok(body) => Read::Whole(body),
        Err(error) if error.source().is_some_and(|cause| cause.is::<LengthLimitError>()) => Read::TooLong,
        Err(_) => Read::Broken,
    }
}

/// The runtime's own document, or one made of its error type when that is too long or missing.
fn error_document(headers: &HeaderMap, body: Read) -> Option<Bytes> {
    match body {
        Read::Broken => return None,
        Read::Whole(body) if !body.is_empty() && body.len() <= MAX_RESPONSE => return Some(body),
        Read::Whole(_) | Read::TooLong => {}
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
    refused(StatusCode::BAD_REQUEST, "InvalidRequest", "the body could not be read")
}

fn refused(status: StatusCode, kind: &str, message: &str) -> Response {
    let document = json!({ "errorType": kind, "errorMessage": message }).to_string();
    (status, [("content-type", "application/json")], document).into_response()
}
