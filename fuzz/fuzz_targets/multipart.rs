//! A body and its Content-Type to the bytes of one image: forms above all, and everything else that may contain an image.
#![no_main]
#![allow(dead_code, reason = "the bootstrap's modules contain more than this target uses")]

#[path = "../../crates/inference-lambda/src/body.rs"]
mod body;
#[path = "../../crates/inference-lambda/src/content_encoding.rs"]
mod content_encoding;
#[path = "../../crates/inference-lambda/src/event.rs"]
mod event;
#[path = "../../crates/inference-lambda/src/form.rs"]
mod form;
#[path = "../../crates/inference-lambda/src/problem.rs"]
mod problem;
#[path = "../../crates/inference-lambda/src/text.rs"]
mod text;

use base64::Engine as _;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // The first line follows multipart/form-data, so the input chooses the boundary.
    let Some(place) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (parameters, form) = (String::from_utf8_lossy(&data[..place]), &data[place + 1..]);
    let event = event::ProxyEvent {
        body: Some(base64::engine::general_purpose::STANDARD.encode(form)),
        is_base64_encoded: true,
        headers: event::Headers {
            content_type: Some(format!("multipart/form-data{parameters}")),
            content_encoding: None,
            origin: None,
        },
        top_k: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    match runtime.block_on(body::find_image(event)) {
        Ok(sent) => assert!(!sent.bytes.is_empty() && sent.bytes.len() <= content_encoding::MAX_BODY),
        Err(problem) => assert!((400..500).contains(&problem.status), "{problem:?}"),
    }
});
