//! Tests of the handler with in-memory events and the shipped model.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use classifier::{Classifier, Manifest};
use serde_json::{Value, json};

use super::*;

mod encodings;
mod forms;
mod mistakes;
mod texts;

fn read(path: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)).unwrap()
}

fn classifier() -> Classifier {
    let labels = (0..10).map(|digit| digit.to_string()).collect();
    let manifest = Manifest { labels, top_k: 3, ..Manifest::new("mnist-dev", "mnist.onnx") };
    Classifier::new(manifest, &read("model/mnist.onnx")).unwrap()
}

/// The response to an event, and the log line.
struct Outcome {
    status: u16,
    content_type: String,
    body: Value,
    log: Value,
}

fn send(event: Value) -> Outcome {
    let event: ProxyEvent = serde_json::from_value(event).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (response, line) = runtime.block_on(handle(&classifier(), &Cors::new("https://a.example"), event, "request-1"));
    assert!(!response.is_base64_encoded);
    assert_eq!(response.headers["access-control-allow-origin"], "https://a.example");
    let body: Value = serde_json::from_str(&response.body).unwrap();
    let log = serde_json::to_value(&line).unwrap();
    assert_eq!(log["status"], response.status_code);
    assert_eq!(log["request_id"], "request-1");
    if response.status_code != 200 {
        assert_eq!(response.headers["content-type"], "application/problem+json");
        assert_eq!(body["status"], response.status_code);
        assert!(body["title"].is_string() && body["type"].is_string() && body["detail"].is_string(), "{body}");
        assert!(log["error"].is_string(), "{log}");
    }
    Outcome { status: response.status_code, content_type: response.headers["content-type"].to_string(), body, log }
}

fn base64_event(content_type: &str, body: &[u8]) -> Value {
    json!({
        "httpMethod": "POST",
        "headers": {"Content-Type": content_type, "Authorization": "a-secret-token"},
        "body": STANDARD.encode(body),
        "isBase64Encoded": true,
    })
}

fn status(content_type: &str, body: &[u8]) -> u16 {
    send(base64_event(content_type, body)).status
}

#[test]
fn an_image_is_classified_and_logged() {
    let seven = read("test_images/7.png");
    let outcome = send(base64_event("image/png", &seven));
    assert_eq!((outcome.status, outcome.content_type.as_str()), (200, "application/json"));
    assert_eq!(outcome.body["label"], "7");
    assert_eq!(outcome.body["model"], "mnist-dev");
    let predictions = outcome.body["predictions"].as_array().unwrap();
    assert_eq!(predictions.len(), 3);
    assert_eq!(predictions[0], json!({"label": "7", "score": outcome.body["score"]}));
    assert!(outcome.body["score"].as_f64().unwrap() > 0.9);

    let log = &outcome.log;
    assert_eq!((&log["format"], &log["width"], &log["height"]), (&json!("PNG"), &json!(28), &json!(28)));
    assert_eq!((&log["label"], &log["bytes"], &log["level"]), (&json!("7"), &json!(seven.len()), &json!("INFO")));
    for duration in ["decode_ms", "preprocess_ms", "inference_ms", "total_ms"] {
        assert!(log[duration].as_f64().unwrap() >= 0.0, "{duration}");
    }
    assert!(!log.to_string().contains("secret"));
}

#[test]
fn the_bytes_decide_and_not_the_content_type() {
    let seven = read("test_images/7.png");
    for content_type in [
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "IMAGE/JPEG; q=1",
        "image/x-png",
        "image/apng",
        "image/svg+xml",
        "image/*",
        "*/*",
        "text/plain",
        "application/binary",
        "application/json; charset=utf-8",
        "multipart/form-data; boundary=x",
        "multipart/mixed",
        "'image/png'",
        "",
    ] {
        assert_eq!(status(content_type, &seven), 200, "{content_type}");
    }
    let mut event = base64_event("image/png", &seven);
    event["headers"] = Value::Null;
    assert_eq!(send(event).status, 200);
}

/// A text body is used unchanged. This BMP of one white pixel happens to be valid text.
#[test]
fn a_body_without_base64_is_used_unchanged() {
    let mut bmp = b"BM".to_vec();
    for word in [58u32, 0, 54, 40, 1, 1] {
        bmp.extend(word.to_le_bytes());
    }
    bmp.extend([1, 0, 24, 0]);
    bmp.extend([0; 24]);
    bmp.extend([127, 127, 127, 0]);
    let outcome = send(json!({"headers": {}, "body": String::from_utf8(bmp).unwrap(), "isBase64Encoded": false}));
    assert_eq!(outcome.status, 200, "{}", outcome.body);
    assert_eq!(outcome.log["format"], "BMP");
}

#[test]
fn a_png_that_arrives_as_text_is_explained() {
    let text = String::from_utf8_lossy(&read("test_images/7.png")).into_owned();
    let outcome = send(json!({"headers": {"content-type": "image/png"}, "body": text, "isBase64Encoded": false}));
    assert_eq!(outcome.status, 400);
    assert!(outcome.body["detail"].as_str().unwrap().contains("binary media types"), "{}", outcome.body);
}

#[test]
fn unsupported_formats_are_415() {
    assert_eq!(status("", b"\0\0\0\x18ftypheic and so on"), 415);
}

#[test]
fn bad_images_are_400() {
    let seven = read("test_images/7.png");
    for (body, why) in [
        (&b""[..], "empty"),
        (b"this is a text file", "text"),
        (&seven[..seven.len() / 2], "half a PNG"),
        (&seven[..20], "a PNG's first bytes"),
        (&[0xff, 0xd8, 0xff, 0xe0, 0, 16], "a JPEG's first bytes"),
        (b"GIF89a\x01\0\x01\0", "a GIF's first bytes"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "a WebP's first bytes"),
        (b"BM", "a BMP's first bytes"),
    ] {
        let outcome = send(base64_event("image/png", body));
        assert_eq!(outcome.status, 400, "{why}: {}", outcome.body);
    }
    let outcome = send(json!({"headers": {}, "body": "not base64!", "isBase64Encoded": true}));
    assert_eq!(outcome.status, 400);
    assert!(outcome.body["detail"].as_str().unwrap().contains("base64"));
    assert_eq!(send(json!({})).status, 400);
}

/// The header tells the size, before any pixel is decoded.
#[test]
fn an_image_with_too_many_pixels_is_413() {
    let mut gif = b"GIF89a".to_vec();
    gif.extend(20_000u16.to_le_bytes());
    gif.extend(1u16.to_le_bytes());
    gif.extend([0, 0, 0]);
    gif.extend(b",\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0;");
    let outcome = send(base64_event("image/gif", &gif));
    assert_eq!(outcome.status, 413, "{}", outcome.body);
    assert_eq!(status("image/png", &vec![0; 10 * 1024 * 1024 + 1]), 413);
}

#[test]
fn top_k_can_be_requested() {
    let ask = |top_k: &str| {
        let mut event = base64_event("image/png", &read("test_images/3.png"));
        event["queryStringParameters"] = json!({"top_k": top_k});
        send(event)
    };
    assert_eq!(ask("1").body["predictions"].as_array().unwrap().len(), 1);
    for top_k in ["10", "500", "007000", "18446744073709551615", "18446744073709551616", &"9".repeat(300)] {
        assert_eq!(ask(top_k).body["predictions"].as_array().unwrap().len(), 10, "{top_k}");
    }
    for top_k in ["0", "-0", "000", "-1", "-99999999999999999999", "+3", " 3", "many", "", "1.5", "1e3", "٣"] {
        assert_eq!(ask(top_k).status, 400, "{top_k}");
    }
}

#[test]
fn the_cause_of_a_500_is_only_logged() {
    let problem = Problem::from(classifier::Error::Model("running model: /secret/path".into()));
    assert_eq!(problem.status, 500);
    assert!(!problem.document().unwrap().contains("secret"));
    assert_eq!(problem.cause.as_deref(), Some("running model: /secret/path"));
}
