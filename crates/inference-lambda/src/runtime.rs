//! The event loop on Lambda's Runtime API: fetches the next event, posts the response, and repeats. Source: Lambda developer
//! guide, "Using the Lambda runtime API for custom runtimes".
//!
//! The HTTP client is the one of the crate lambda_runtime. Its event loop is not used: for X-Ray it writes each event's trace id
//! into an environment variable, and the C library never frees old values, so the memory of a busy function would grow without
//! limit.

use std::env;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{BoxError, PooledClient, build_request};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Environment variable with the Runtime API's host and port.
const ADDRESS_VARIABLE: &str = "AWS_LAMBDA_RUNTIME_API";
const INVOCATION: &str = "/2018-06-01/runtime/invocation";
const REQUEST_ID: &str = "lambda-runtime-aws-request-id";

/// The error posted for an event that cannot be parsed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UnreadableEvent {
    error_type: &'static str,
    error_message: String,
}

/// Handles events one after another. Returns only if the Runtime API fails.
pub(crate) async fn run<E, R>(mut handle: impl AsyncFnMut(E, &str) -> R) -> Result<(), BoxError>
where
    E: DeserializeOwned,
    R: Serialize,
{
    let address = env::var(ADDRESS_VARIABLE).map_err(|error| format!("{ADDRESS_VARIABLE}: {error}"))?;
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
                let unreadable = UnreadableEvent { error_type: "Runtime.UnreadableEvent", error_message: message };
                post(&client, &id, "error", &unreadable).await?;
            }
        }
    }
}

/// Waits for the next event. Returns its id and its JSON.
async fn next(client: &PooledClient) -> Result<(String, Bytes), BoxError> {
    let request = build_request().method(Method::GET).uri(format!("{INVOCATION}/next")).body(Body::empty())?;
    let response = call(client, request).await?;
    if response.status() != StatusCode::OK {
        return Err(format!("fetching the next event: the Runtime API returned {}", response.status()).into());
    }
    let id = response.headers().get(REQUEST_ID).ok_or("fetching the next event: it has no request id")?;
    Ok((id.to_str()?.to_owned(), response.into_body()))
}

/// Posts a response or an error. If Lambda refuses it as too late or too large, only that caller is affected, so the loop
/// continues.
async fn post(client: &PooledClient, id: &str, kind: &str, document: &impl Serialize) -> Result<(), BoxError> {
    let uri = format!("{INVOCATION}/{id}/{kind}");
    let request = build_request().method(Method::POST).uri(uri).body(Body::from(serde_json::to_vec(document)?))?;
    let status = call(client, request).await?.status();
    if status.is_server_error() {
        return Err(format!("posting the {kind} of event {id}: the Runtime API returned {status}").into());
    }
    Ok(())
}

/// Sends a request and reads the whole response, so that the connection can be reused.
async fn call(client: &PooledClient, request: Request<Body>) -> Result<Response<Bytes>, BoxError> {
    let (parts, body) = client.call(request).await?.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Response::from_parts(parts, body))
}
