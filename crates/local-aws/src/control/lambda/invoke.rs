//! Invoke: runs a function through the fleet.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;

use super::{check_active, find, target, version};
use crate::{
    control::Call,
    data::runtime::InvokeError,
    protocol::{Answer, ApiError, Content, Outcome},
};

/// Bytes of a synchronous payload, each way.
const MOST_PAYLOAD: usize = 6 * 1024 * 1024;

/// Runs the function, or only sees whether it could be run.
pub(in crate::control) async fn invoke(call: &Call) -> Outcome {
    let target = target(call)?;
    let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
    let (serving, executed) = call.app.store.read(|state| {
        let function = find(call, state, &target.name)?;
        version::check(call, function, target.version)?;
        check_active(function, call.now_ms)?;
        let published = target.version.and_then(|number| Some((number, function.versions.get(&number)?)));
        Ok::<_, ApiError>(published.map_or_else(
            || (function.serving(call.now_ms).clone(), "$LATEST".to_owned()),
            |(number, version)| (version.clone(), number.to_string()),
        ))
    })?;
    if call.body.len() > MOST_PAYLOAD {
        // The API reference's code; what is seen on the wire is also RequestEntityTooLargeException.
        let message = format!("Request must be smaller than {MOST_PAYLOAD} bytes for the InvokeFunction operation");
        return Err(ApiError::new(413, "RequestTooLargeException", message));
    }
    let payload = if call.body.is_empty() { Bytes::from_static(b"{}") } else { call.body.clone() };
    if serde_json::from_slice::<serde::de::IgnoredAny>(&payload).is_err() {
        let message = "Could not parse request body into json: the payload is no JSON document";
        return Err(ApiError::new(400, "InvalidRequestContentException", message));
    }
    match header("x-amz-invocation-type").unwrap_or("RequestResponse") {
        "DryRun" => return Ok(Answer::empty(204)),
        "Event" => {
            let (app, region) = (Arc::clone(&call.app), call.region.clone());
            tokio::spawn(async move {
                // What comes of it shows in the function's log; an asynchronous caller does not wait to hear.
                let _ = app.fleet.invoke(&app, &region, &target.name, &serving, payload).await;
            });
            return Ok(Answer::empty(202));
        }
        "RequestResponse" => {}
        other => {
            let message = format!("Value '{other}' at 'invocationType' failed to satisfy constraint");
            return Err(ApiError::new(400, "ValidationException", message));
        }
    }
    let tail = header("x-amz-log-type").is_some_and(|kind| kind == "Tail");
    let done = call.app.fleet.invoke(&call.app, &call.region, &target.name, &serving, payload).await;
    let done = done.map_err(|error| match error {
        InvokeError::Throttled => ApiError {
            members: vec![
                ("Reason", "ReservedFunctionConcurrentInvocationLimitExceeded".to_owned()),
                ("Type", "User".to_owned()),
            ],
            ..ApiError::new(429, "TooManyRequestsException", "Rate Exceeded.")
        },
        InvokeError::BadCode(reason) => ApiError::new(502, "InvalidZipFileException", reason),
    })?;
    let mut headers = vec![("x-amz-executed-version", executed)];
    if let Some(error) = done.function_error {
        headers.push(("x-amz-function-error", error.to_owned()));
    }
    if tail {
        headers.push(("x-amz-log-result", BASE64_STANDARD.encode(done.log_tail)));
    }
    Ok(Answer { status: 200, headers, content: Content::Bytes(done.payload) })
}
