//! Invoke: runs a function.

use std::sync::Arc;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;

use super::{
    readiness::check_active,
    target::{find, target},
    version,
};
use crate::{
    cloud::Cloud,
    functions::InvokeError,
    operation::Running,
    outcome::{ApiError, Content, Outcome, Response},
    request::Request,
};

/// The largest payload of a synchronous invocation, request or response, in bytes.
const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// Runs the function. With `DryRun`, only checks whether it could run.
pub(super) fn invoke<'a>(cloud: &'a Cloud, request: &'a Request) -> Running<'a> {
    Box::pin(run(cloud, request))
}

async fn run(cloud: &Cloud, request: &Request) -> Outcome {
    let target = target(request)?;
    let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
    let (serving, executed) = cloud.store.read(|state| {
        let function = find(request, state, &target.name)?;
        version::check(request, function, target.version)?;
        check_active(function, request.now_ms)?;
        let published = target.version.and_then(|number| Some((number, function.versions.get(&number)?)));
        Ok::<_, ApiError>(published.map_or_else(
            || (function.serving(request.now_ms).clone(), "$LATEST".to_owned()),
            |(number, version)| (version.clone(), number.to_string()),
        ))
    })?;
    if request.body.len() > MAX_PAYLOAD {
        // The code in the API reference; some users report RequestEntityTooLargeException instead.
        let message = format!("Request must be smaller than {MAX_PAYLOAD} bytes for the InvokeFunction operation");
        return Err(ApiError::new(413, "RequestTooLargeException", message));
    }
    let payload = if request.body.is_empty() { Bytes::from_static(b"{}") } else { request.body.clone() };
    if serde_json::from_slice::<serde::de::IgnoredAny>(&payload).is_err() {
        let message = "Could not parse request body into json: the payload is not a JSON document";
        return Err(ApiError::new(400, "InvalidRequestContentException", message));
    }
    match header("x-amz-invocation-type").unwrap_or("RequestResponse") {
        "DryRun" => return Ok(Response::empty(204)),
        "Event" => {
            let (functions, region) = (Arc::clone(&cloud.functions), request.region.clone());
            tokio::spawn(async move {
                // An asynchronous caller does not wait for the result; it is in the function's log.
                let _ = functions.invoke(&region, &target.name, &serving, payload).await;
            });
            return Ok(Response::empty(202));
        }
        "RequestResponse" => {}
        other => {
            let message = format!("Value '{other}' at 'invocationType' failed to satisfy constraint");
            return Err(ApiError::new(400, "ValidationException", message));
        }
    }
    let tail = header("x-amz-log-type").is_some_and(|kind| kind == "Tail");
    let done = cloud.functions.invoke(&request.region, &target.name, &serving, payload).await;
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
    Ok(Response { status: 200, headers, content: Content::Bytes(done.payload) })
}
