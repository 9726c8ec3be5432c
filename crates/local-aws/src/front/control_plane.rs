//! The control plane, stage by stage: verify the signature, decode, check against the model, authorize, throttle, run,
//! record. A stage that refuses ends the request.

use std::{sync::Arc, time::Instant};

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Response, request::Parts};

use super::{
    app::App,
    body::{self, BodyError},
    decode::decode,
    unsigned,
};
use crate::{
    clock,
    cloud::Cloud,
    faults::Fault,
    model::{self, Findings},
    operation::{Operation, Run},
    outcome::{self, ApiError, Content, Outcome},
    protocol::{Protocol, render, render_error},
    random,
    request::Request,
    request_log::RequestRecord,
    service::Service,
    signature::Authorization,
    token_buckets::TokenBuckets,
};

/// The largest body that is read, in bytes: a zip of 50 MB in base64, and enough more to refuse a larger zip properly.
const MAX_BODY: usize = 80 * 1024 * 1024;

/// Handles a request to the control plane.
pub(super) async fn respond(app: &App, parts: Parts, body: Body) -> Response<Body> {
    let id = random::uuid();
    let guess = unsigned::guess_protocol(&parts);
    let refuse = |protocol: Protocol, namespace: &str, error: &ApiError| {
        render_error(protocol, namespace, &id, error).map(Body::from)
    };

    let authorization = match Authorization::read(&parts.headers) {
        Ok(authorization) => authorization,
        Err(error) => return refuse(guess, "", &unsigned::api_error(guess, &error)),
    };
    if let Err(error) = authorization.check_key(&app.credentials) {
        return refuse(guess, "", &unsigned::api_error(guess, &error));
    }
    let Some(service) = Service::by_scope(&authorization.service) else {
        let error = ApiError::not_implemented(&format!("the service {}", authorization.service));
        return refuse(guess, "", &error);
    };
    let (protocol, namespace) = (service.protocol(), service.namespace());
    let body = match body::read(body, MAX_BODY).await {
        Ok(body) => body,
        Err(BodyError::TooLong) => {
            let error = ApiError::new(413, "RequestEntityTooLargeException", "Request body is too large");
            return refuse(protocol, namespace, &error);
        }
        Err(BodyError::Incomplete) => {
            let message = "The request body is incomplete or does not match its headers";
            return refuse(protocol, namespace, &ApiError::new(400, "IncompleteBody", message));
        }
    };
    if let Err(error) = authorization.verify(&app.credentials, &parts, &body) {
        return refuse(protocol, namespace, &unsigned::api_error(protocol, &error));
    }

    let began = Instant::now();
    match decode(service, &app.account_id, authorization.region, parts, body) {
        Ok((operation, request)) => perform(app, operation, request, &id).await,
        Err(undecoded) => {
            let (name, error) = (undecoded.operation, undecoded.error);
            app.requests.add(record_of(service, &name, false, began, &Findings::default(), Err(&error)));
            refuse(protocol, namespace, &error)
        }
    }
}

/// Runs and records an operation, and injects the fault that is armed for it.
async fn perform(app: &App, operation: &'static Operation, mut request: Request, id: &str) -> Response<Body> {
    let (service, protocol, namespace) =
        (operation.service, operation.service.protocol(), operation.service.namespace());
    let began = Instant::now();
    app.faults.delay_request().await;
    request.now_ms = clock::now_ms();
    let findings = model::check(&request);
    let fault = app.faults.take(operation.name);
    let outcome = match fault {
        Some(Fault::DropBeforeEffect) => return broken_connection(),
        Some(Fault::HoldBeforeEffect) => return hold(app).await,
        Some(Fault::Throttle) => Err(service.throttled()),
        Some(Fault::Error500) => Err(ApiError::internal("injected fault")),
        Some(Fault::DropAfterEffect | Fault::HoldAfterEffect | Fault::Pass) | None => {
            match findings.error(protocol, service.validation_code()) {
                Some(error) => Err(error),
                None => execute(&app.cloud, &app.quotas, operation, request).await,
            }
        }
    };
    app.faults.delay_response(began).await;
    app.requests.add(record_of(service, operation.name, operation.writes, began, &findings, outcome.as_ref()));
    let response = match outcome {
        Ok(response) => render(protocol, namespace, operation.name, id, response),
        Err(error) => render_error(protocol, namespace, id, &error),
    };
    match fault {
        Some(Fault::DropAfterEffect) => broken_connection(),
        Some(Fault::HoldAfterEffect) => hold(app).await,
        _ => response.map(Body::from),
    }
}

/// Authorizes, throttles and runs a request that conforms to its model.
pub(crate) async fn execute(
    cloud: &Arc<Cloud>,
    quotas: &TokenBuckets,
    operation: &'static Operation,
    request: Request,
) -> Outcome {
    authorize(cloud, operation, &request)?;
    throttle(cloud, quotas, operation, &request)?;
    match operation.run {
        Run::Async(run) => run(cloud, &request).await,
        Run::Blocking(run) => {
            let cloud = Arc::clone(cloud);
            let done = tokio::task::spawn_blocking(move || run(&cloud, &request));
            done.await.unwrap_or_else(|_| Err(ApiError::internal("the operation panicked")))
        }
    }
}

fn authorize(cloud: &Cloud, operation: &Operation, request: &Request) -> Result<(), ApiError> {
    if !cloud.guard.enforces() {
        return Ok(());
    }
    let permissions = cloud.store.read(|state| (operation.permissions)(request, state));
    cloud.guard.check(request, &permissions)
}

/// Enforces the documented rates, if the cloud was started with them.
fn throttle(cloud: &Cloud, quotas: &TokenBuckets, operation: &Operation, request: &Request) -> Result<(), ApiError> {
    if !cloud.faults.throttle {
        return Ok(());
    }
    let mut limits = operation.quota.limits(request);
    for limit in &mut limits {
        limit.bucket = format!("{}/{}/{}", operation.service.name(), request.region, limit.bucket);
    }
    if quotas.take(&limits, Instant::now()) { Ok(()) } else { Err(operation.service.throttled()) }
}

fn record_of(
    service: Service,
    operation: &str,
    write: bool,
    began: Instant,
    findings: &Findings,
    outcome: Result<&outcome::Response, &ApiError>,
) -> RequestRecord {
    RequestRecord {
        service: service.name().to_owned(),
        operation: operation.to_owned(),
        write,
        status: outcome.map_or_else(|error| error.status, |response| response.status),
        error_code: outcome.err().map(|error| error.code.clone()),
        violations: findings.all(),
        response_violations: outcome.map_or_else(
            |error| model::check_error(service, operation, error),
            |response| match &response.content {
                Content::Document(document) => model::check_response(service, operation, Some(document)),
                Content::Empty => model::check_response(service, operation, None),
                Content::Bytes(_) => Vec::new(),
            },
        ),
        began,
        ended: Instant::now(),
    }
}

/// Never responds; ends when the connection does.
async fn hold(app: &App) -> Response<Body> {
    app.faults.held.notify_one();
    std::future::pending().await
}

/// Breaks the connection before any byte of the response: the body fails before the head is flushed.
fn broken_connection() -> Response<Body> {
    let failure = Err::<Bytes, _>(std::io::Error::other("injected connection failure"));
    Response::new(Body::from_stream(stream::iter([failure])))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::{faults::Faults, policy::Guard, services, store::Store, testing::request_of};

    #[test]
    fn documented_quotas_apply_per_region() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path(), "000000000000").unwrap();
        let cloud = Cloud::new(store, Guard::default(), Faults { throttle: true, ..Faults::default() });
        let operation = services::find(Service::ApiGateway, "DeleteRestApi").unwrap();
        let quotas = TokenBuckets::default();
        let delete = |region: &str| {
            let request = Request { region: region.to_owned(), ..request_of(operation) };
            throttle(&cloud, &quotas, operation, &request).map_err(|error| error.code)
        };
        assert_eq!(delete("us-east-1"), Ok(()));
        assert_eq!(delete("us-east-1"), Err("TooManyRequestsException".to_owned()));
        assert_eq!(delete("eu-west-1"), Ok(()));
    }
}
