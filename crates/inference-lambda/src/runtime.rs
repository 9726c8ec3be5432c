//! Lambda's Runtime API: asks for the next event, posts what became of it, and so on for ever. Source: Lambda developer
//! guide, "Using the Lambda runtime API for custom runtimes".
//!
//! The HTTP client is lambda_runtime's own. Its loop is not, because that writes the trace id of each event into the
//! environment, for X-Ray's sake, and the C library keeps every value that a variable has had: the memory of a busy
//! function would grow without end.

use std::env;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{BoxError, PooledClient, build_request};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Where Lambda says its Runtime API is: host and port.
const ADDRESS: &str = "AWS_LAMBDA_RUNTIME_API";
const INVOCATION: &str = "/2018-06-01/runtime/invocation";
const REQUEST_ID: &str = "lambda-runtime-aws-request-id";

/// What is told of an event that is none.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Unreadable {
    error_type: &'static str,
    error_message: String,
}

/// Serves events one after another; ends only when the Runtime API fails.
pub(crate) async fn run<E, R>(mut handle: impl AsyncFnMut(E, &str) -> R) -> Result<(), BoxError>
where
    E: DeserializeOwned,
    R: Serialize,
{
    let address = env::var(ADDRESS).map_err(|error| format!("{ADDRESS}: {error}"))?;
    let client = PooledClient::builder().with_endpoint(address.parse()?).with_pool_size(1).build();
    loop {
        let (id, event) = next(&client).await?;
        match serde_json::from_slice(&event) {
            Ok(event) => {
                let response = handle(event, &id).await;
                post(&client, &id, "response", &response).await?;
            }
            Err(error) => {
                let message = format!("reading event: {error}");
                let unreadable = Unreadable { error_type: "Runtime.UnreadableEvent", error_message: message };
                post(&client, &id, "error", &unreadable).await?;
            }
        }
    }
}

/// The id of the next event, and the event. Waits for as long as there is none.
async fn next(client: &PooledClient) -> Result<(String, Bytes), BoxError> {
    let request = build_request().method(Method::GET).uri(format!("{INVOCATION}/next")).body(Body::empty())?;
    let answer = call(client, request).await?;
    if answer.status() != StatusCode::OK {
        return Err(format!("asking for the next event: the Runtime API answered {}", answer.status()).into());
    }
    let id = answer.headers().get(REQUEST_ID).ok_or("asking for the next event: it has no id")?;
    Ok((id.to_str()?.to_owned(), answer.into_body()))
}

/// Posts what became of an event. What Lambda refuses of it, because it is too late or too large, is its caller's loss and
/// no reason to end.
async fn post(client: &PooledClient, id: &str, what: &str, document: &impl Serialize) -> Result<(), BoxError> {
    let uri = format!("{INVOCATION}/{id}/{what}");
    let request = build_request().method(Method::POST).uri(uri).body(Body::from(serde_json::to_vec(document)?))?;
    let status = call(client, request).await?.status();
    if status.is_server_error() {
        return Err(format!("posting the {what} of event {id}: the Runtime API answered {status}").into());
    }
    Ok(())
}

/// Sends a request and reads its answer to the end, so that the connection serves the next one.
async fn call(client: &PooledClient, request: Request<Body>) -> Result<Response<Bytes>, BoxError> {
    let (parts, body) = client.call(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Response::from_parts(parts, body))
}
