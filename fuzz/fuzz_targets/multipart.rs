//! A form's body and Content-Type to the bytes of one image.
#![no_main]
#![allow(dead_code, reason = "the bootstrap's modules contain more than this target uses")]

#[path = "../../crates/inference-lambda/src/body.rs"]
mod body;
#[path = "../../crates/inference-lambda/src/event.rs"]
mod event;
#[path = "../../crates/inference-lambda/src/problem.rs"]
mod problem;

use base64::Engine as _;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // The first line follows multipart/form-data, so the input chooses the boundary.
    let Some(place) = data.iter().position(|byte| *byte == b'\n') else { return };
    let (parameters, form) = (String::from_utf8_lossy(&data[..place]), &data[place + 1..]);
    let event = event::ProxyEvent {
        body: Some(base64::engine::general_purpose::STANDARD.encode(form)),
        is_base64_encoded: true,
        content_type: Some(format!("multipart/form-data{parameters}")),
        top_k: None,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    match runtime.block_on(body::image(event)) {
        Ok(image) => assert!(!image.is_empty() && image.len() <= form.len()),
        Err(problem) => assert!((400..500).contains(&problem.status), "{problem:?}"),
    }
});
