//! The real executable under a small Runtime API: it starts, polls, answers one event, and fails loudly without a model.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::sync::mpsc;

/// Generous, since a test machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone)]
struct RuntimeApi {
    events: Arc<Mutex<Vec<String>>>,
    responses: mpsc::UnboundedSender<String>,
}

/// Hands out each event once, and then leaves the function waiting as Lambda does.
async fn next(State(api): State<RuntimeApi>) -> Response {
    let event = api.events.lock().unwrap().pop();
    let Some(event) = event else { std::future::pending().await };
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"),
        ("lambda-runtime-deadline-ms", "4102444800000"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:123456789012:function:mnist-dev"),
    ];
    (headers, event).into_response()
}

async fn response(State(api): State<RuntimeApi>, body: String) -> StatusCode {
    api.responses.send(body).unwrap();
    StatusCode::ACCEPTED
}

/// Kills the function when a test ends, however it ends.
struct Function(Option<Child>);

impl Function {
    fn start(package: &Path, runtime_api: &str) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_bootstrap"))
            .env_clear()
            .env("LAMBDA_TASK_ROOT", package)
            .env("AWS_LAMBDA_RUNTIME_API", runtime_api)
            .env("AWS_LAMBDA_FUNCTION_NAME", "mnist-dev")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self(Some(child))
    }

    fn stop(mut self) -> Output {
        let mut child = self.0.take().unwrap();
        child.kill().unwrap();
        child.wait_with_output().unwrap()
    }

    fn wait(mut self) -> Output {
        self.0.take().unwrap().wait_with_output().unwrap()
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn package(model: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let manifest = json!({
        "name": "mnist-dev",
        "model": model,
        "labels": ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        "top_k": 3,
        "preprocess": {},
    });
    std::fs::write(folder.path().join("classifier.json"), manifest.to_string()).unwrap();
    folder
}

#[tokio::test]
async fn the_executable_answers_an_event() {
    let event = json!({
        "httpMethod": "POST",
        "path": "/",
        "headers": {"content-type": "image/png", "authorization": "a-secret-token"},
        "body": STANDARD.encode(std::fs::read(root().join("test_images/7.png")).unwrap()),
        "isBase64Encoded": true,
    });
    let (sender, mut responses) = mpsc::unbounded_channel();
    let api = RuntimeApi { events: Arc::new(Mutex::new(vec![event.to_string()])), responses: sender };
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .with_state(api);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    let package = package("mnist.tflite");
    std::fs::copy(root().join("model/mnist.tflite"), package.path().join("mnist.tflite")).unwrap();
    let function = Function::start(package.path(), &address.to_string());
    let answer = tokio::time::timeout(PATIENCE, responses.recv()).await.unwrap().unwrap();
    let output = function.stop();
    server.abort();

    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer}");
    assert_eq!(answer["headers"]["content-type"], "application/json");
    assert_eq!(answer["isBase64Encoded"], false);
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["label"], "7");

    let log = String::from_utf8(output.stdout).unwrap();
    let line: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!((log.lines().count(), &line["status"], &line["label"]), (1, &json!(200), &json!("7")));
    assert_eq!(line["request_id"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    assert!(!log.contains("secret"));
}

#[test]
fn a_package_without_its_model_ends_before_polling() {
    let package = package("missing.onnx");
    let output = Function::start(package.path(), "127.0.0.1:1").wait();
    assert_eq!(output.status.code(), Some(1));
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert!(line["message"].as_str().unwrap().contains("missing.onnx"), "{line}");
}
