//! Servers that answer as a deployed stack does, and the outputs that lead to them.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use axum::{Router, http::HeaderMap, routing::post};

use crate::outputs::Outputs;

pub(crate) fn outputs(base: &str) -> Outputs {
    Outputs {
        stack: "mnist".into(),
        stage: "dev".into(),
        region: "eu-central-1".into(),
        account_id: "000000000000".into(),
        endpoint: format!("{base}/dev/"),
        token_url: format!("{base}/oauth2/token"),
        token_host: Some("mnist-dev.auth.eu-central-1.amazoncognito.com".into()),
        client_id: "client".into(),
        user_pool_id: "eu-central-1_x".into(),
        rest_api_id: "api".into(),
        function_name: "mnist-dev".into(),
        scopes: vec!["predict-api/predict".into()],
    }
}

/// Serves until the test's runtime ends.
pub(crate) async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// A token endpoint that counts, and checks what it is sent.
pub(crate) fn token_endpoint(issued: Arc<AtomicU32>) -> Router {
    let handler = async move |headers: HeaderMap, body: String| {
        assert_eq!(headers["host"], "mnist-dev.auth.eu-central-1.amazoncognito.com");
        // client:s3cret
        if headers["authorization"] != "Basic Y2xpZW50OnMzY3JldA==" {
            return (axum::http::StatusCode::BAD_REQUEST, r#"{"error":"invalid_client"}"#.to_owned());
        }
        if body != "grant_type=client_credentials" {
            return (axum::http::StatusCode::BAD_REQUEST, r#"{"error":"invalid_scope"}"#.to_owned());
        }
        let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
        let token = format!(r#"{{"access_token":"token-{number}","expires_in":3600,"token_type":"Bearer"}}"#);
        (axum::http::StatusCode::OK, token)
    };
    Router::new().route("/oauth2/token", post(handler))
}
