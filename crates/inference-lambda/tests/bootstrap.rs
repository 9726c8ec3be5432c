//! Tests the real executable under a small Runtime API: it starts, answers events, does not leak memory, and fails with a clear
//! error without a model.
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

/// Generous, because a test machine may be busy.
const TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Clone)]
struct RuntimeApi {
    events: Arc<Mutex<Vec<String>>>,
    responses: mpsc::UnboundedSender<String>,
}

/// Returns each event once, then lets the function wait as Lambda does.
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

/// Kills the function when the test ends, even by a panic.
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

/// A package with its model.
fn whole_package() -> tempfile::TempDir {
    let package = package("mnist.tflite");
    std::fs::copy(root().join("model/mnist.tflite"), package.path().join("mnist.tflite")).unwrap();
    package
}

/// Serves the Runtime API until the test ends. Returns its address and a channel with everything posted to it.
async fn serve(events: Vec<String>) -> (String, mpsc::UnboundedReceiver<String>) {
    let (sender, responses) = mpsc::unbounded_channel();
    let api = RuntimeApi { events: Arc::new(Mutex::new(events)), responses: sender };
    let router = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(response))
        .with_state(api);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address.to_string(), responses)
}

async fn answer(responses: &mut mpsc::UnboundedReceiver<String>) -> Value {
    let answer = tokio::time::timeout(TIMEOUT, responses.recv()).await.unwrap().unwrap();
    serde_json::from_str(&answer).unwrap()
}

/// A request with one of the test images.
fn event() -> String {
    let event = json!({
        "httpMethod": "POST",
        "path": "/",
        "headers": {"content-type": "image/png", "authorization": "a-secret-token"},
        "body": STANDARD.encode(std::fs::read(root().join("test_images/7.png")).unwrap()),
        "isBase64Encoded": true,
    });
    event.to_string()
}

#[tokio::test]
async fn the_executable_answers_an_event() {
    let (address, mut responses) = serve(vec![event()]).await;
    let package = whole_package();
    let function = Function::start(package.path(), &address);
    let answer = answer(&mut responses).await;
    let output = function.stop();

    assert_eq!(answer["statusCode"], 200, "{answer}");
    assert_eq!(answer["headers"]["content-type"], "application/json");
    assert_eq!(answer["isBase64Encoded"], false);
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["label"], "7");

    let log = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [loaded, line] = lines.as_slice() else { panic!("{log}") };
    assert!(loaded["engine"].as_str().unwrap().starts_with("channels-last ("), "{loaded}");
    assert_eq!((&loaded["taken"]["Conv"], &loaded["left"]), (&json!(2), &json!({})));
    assert_eq!((&line["status"], &line["label"]), (&json!(200), &json!("7")));
    assert_eq!(line["request_id"], "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    assert!(!log.contains("secret"));
}

#[tokio::test]
async fn an_unreadable_event_is_an_error_and_the_next_one_is_served() {
    let (address, mut responses) = serve(vec![event(), "7".to_owned()]).await;
    let package = whole_package();
    let _function = Function::start(package.path(), &address);
    assert_eq!(answer(&mut responses).await["errorType"], "Runtime.UnreadableEvent");
    assert_eq!(answer(&mut responses).await["statusCode"], 200);
}

/// Anything that is kept per event would add up over millions of events.
#[tokio::test]
#[cfg(target_os = "linux")]
async fn memory_does_not_grow_with_the_number_of_events() {
    const WARM_UP: usize = 500;
    const TOTAL: usize = 3_500;
    let (address, mut responses) = serve(vec![event(); TOTAL]).await;
    let package = whole_package();
    let mut function = Function::start(package.path(), &address);
    // Drain stdout: a full pipe would block the function.
    let mut log = function.0.as_mut().unwrap().stdout.take().unwrap();
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    let resident_kb = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", function.0.as_ref().unwrap().id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_ascii_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    let mut after = [0, 0];
    for number in 1..=TOTAL {
        assert_eq!(answer(&mut responses).await["statusCode"], 200);
        if number == WARM_UP {
            after[0] = resident_kb();
        }
    }
    after[1] = resident_kb();
    let limit_kb = after[0] + 128;
    assert!(after[1] <= limit_kb, "{after:?} KB after {WARM_UP} and {TOTAL} events");
}

#[test]
fn a_package_without_its_model_fails_before_polling() {
    let package = package("missing.onnx");
    let output = Function::start(package.path(), "127.0.0.1:1").wait();
    assert_eq!(output.status.code(), Some(1));
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert!(line["message"].as_str().unwrap().contains("missing.onnx"), "{line}");
}
