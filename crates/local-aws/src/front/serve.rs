//! Every request first: its host, then health, an endpoint, or the control plane.

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

/// The largest body to an endpoint that is read. API Gateway takes 10 MB, and refuses what is larger itself.
const MAX_ENDPOINT_BODY: usize = 16 * 1024 * 1024;

/// Answers any request.
pub(crate) async fn serve(State(app): State<Arc<App>>, request: Request<Body>) -> Response<Body> {
    let Some(host) = host_of(&request).filter(|host| is_ours(host, app.port)) else {
        // A web page can have its own name resolve to this machine (DNS rebinding).
        return text(StatusCode::MISDIRECTED_REQUEST, "this server does not answer for that host\n");
    };
    if request.uri().path() == "/_local/health" {
        return health(&app);
    }
    let is_endpoint = endpoints::serves(&host, request.uri().path());
    let (parts, body) = request.into_parts();
    if !is_endpoint {
        return control_plane::answer(&app, parts, body).await;
    }
    match body::read(body, MAX_ENDPOINT_BODY).await {
        Ok(body) => {
            let began = Instant::now();
            app.faults.arrive().await;
            let answer = app.endpoints.handle(Request::from_parts(parts, body)).await.map(Body::from);
            app.faults.depart(began).await;
            answer
        }
        Err(BodyError::TooLong) => text(StatusCode::PAYLOAD_TOO_LARGE, r#"{"message":"Request Too Long"}"#),
        Err(BodyError::Broken) => text(StatusCode::BAD_REQUEST, r#"{"message":"Bad Request"}"#),
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
