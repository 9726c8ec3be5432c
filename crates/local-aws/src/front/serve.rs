//! The entry point of every request: checks the host, then goes to the health check, an endpoint, or the control plane.

use std::{sync::Arc, time::Instant};

use axum::{body::Body, extract::State};
use http::{Request, Response, StatusCode, header};
use serde_json::json;

use super::{
    app::App,
    body::{self, BodyError},
    control_plane,
    host::{host_of, is_ours},
};
use crate::endpoints;

/// The largest body that is read for an endpoint, in bytes. API Gateway's own limit of 10 MB is checked later.
const MAX_ENDPOINT_BODY: usize = 16 * 1024 * 1024;

/// Handles any request.
pub(crate) async fn serve(State(app): State<Arc<App>>, request: Request<Body>) -> Response<Body> {
    let Some(host) = host_of(&request).filter(|host| is_ours(host, app.port)) else {
        // A web page can make its own host name resolve to this machine (DNS rebinding).
        return text(StatusCode::MISDIRECTED_REQUEST, "this server does not serve that host\n");
    };
    if request.uri().path() == "/_local/health" {
        return health(&app);
    }
    let is_endpoint = endpoints::serves(&host, request.uri().path());
    let (parts, body) = request.into_parts();
    if !is_endpoint {
        return control_plane::respond(&app, parts, body).await;
    }
    match body::read(body, MAX_ENDPOINT_BODY).await {
        Ok(body) => {
            let began = Instant::now();
            app.faults.delay_request().await;
            let response = app.endpoints.handle(Request::from_parts(parts, body)).await.map(Body::from);
            app.faults.delay_response(began).await;
            response
        }
        Err(BodyError::TooLong) => text(StatusCode::PAYLOAD_TOO_LARGE, r#"{"message":"Request Too Long"}"#),
        Err(BodyError::Incomplete) => text(StatusCode::BAD_REQUEST, r#"{"message":"Bad Request"}"#),
    }
}

fn health(app: &App) -> Response<Body> {
    let health = json!({
        "account_id": app.account_id,
        "pid": std::process::id(),
        "policy": app.cloud.guard.enforces(),
        "version": env!("CARGO_PKG_VERSION"),
    });
    text(StatusCode::OK, &health.to_string())
}

fn text(status: StatusCode, body: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_owned()));
    *response.status_mut() = status;
    if body.starts_with('{') {
        response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    }
    response
}
