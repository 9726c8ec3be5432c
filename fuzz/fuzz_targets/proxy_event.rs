//! The whole handler, from Lambda's event to the response, with the project's model.
#![no_main]
#![allow(dead_code, reason = "the bootstrap's modules contain more than this target uses")]

#[path = "../../crates/inference-lambda/src/body.rs"]
mod body;
#[path = "../../crates/inference-lambda/src/content_encoding.rs"]
mod content_encoding;
#[path = "../../crates/inference-lambda/src/cors.rs"]
mod cors;
#[path = "../../crates/inference-lambda/src/event.rs"]
mod event;
#[path = "../../crates/inference-lambda/src/form.rs"]
mod form;
#[path = "../../crates/inference-lambda/src/hint.rs"]
mod hint;
#[path = "../../crates/inference-lambda/src/problem.rs"]
mod problem;
#[path = "../../crates/inference-lambda/src/handler.rs"]
mod handler;
#[path = "../../crates/inference-lambda/src/log.rs"]
mod log;
#[path = "../../crates/inference-lambda/src/response.rs"]
mod response;
#[path = "../../crates/inference-lambda/src/text.rs"]
mod text;

use std::sync::LazyLock;

use classifier::Classifier;
use libfuzzer_sys::fuzz_target;

static CLASSIFIER: LazyLock<Classifier> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("fuzz-proxy-event-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../model/mnist.onnx");
    std::fs::copy(model, folder.join("model.onnx")).expect("the model");
    let manifest = r#"{"name": "mnist", "model": "model.onnx", "labels": ["0","1","2","3","4","5","6","7","8","9"],
                       "top_k": 3, "preprocess": {}}"#;
    std::fs::write(folder.join(classifier::MANIFEST_FILE), manifest).expect("the manifest");
    let classifier = Classifier::open(&folder).expect("a package that opens");
    let _ = std::fs::remove_dir_all(folder);
    classifier
});

fuzz_target!(|data: &[u8]| {
    let Ok(event) = serde_json::from_slice::<event::ProxyEvent>(data) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let (response, line) = runtime.block_on(handler::handle(&CLASSIFIER, &cors::Cors::new("*"), event, "id"));
    let status = response.status_code;
    assert!(status == 200 || (400..500).contains(&status), "{status}: {line:?}");
});
