//! Predictions against a server that answers as the endpoint does.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use axum::{body::Bytes, http::HeaderMap, http::StatusCode, response::IntoResponse as _, routing::post};
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::{
    testing::{outputs, serve, target, token_endpoint},
    ui::Format,
};

const PNG: &[u8] = b"\x89PNG and so on";

/// A token endpoint, and an endpoint that classifies every PNG as a seven and refuses everything else. The first token
/// is valid for that many requests.
async fn endpoint(first_token: u32) -> String {
    let uses = Arc::new(AtomicU32::new(0));
    let handler = async move |headers: HeaderMap, body: Bytes| {
        let token = headers["authorization"].to_str().unwrap_or_default().to_owned();
        if token == "Bearer token-1" && uses.fetch_add(1, Ordering::SeqCst) >= first_token {
            return (StatusCode::UNAUTHORIZED, r#"{"message":"The incoming token has expired"}"#).into_response();
        }
        if headers["content-type"] != "image/png" || !body.starts_with(PNG) {
            let problem =
                json!({"type": "about:blank", "title": "Bad Request", "status": 400, "detail": "not an image"});
            return (StatusCode::BAD_REQUEST, problem.to_string()).into_response();
        }
        let predictions = json!([{"label": "7", "score": 0.9}, {"label": "1", "score": 0.0625}]);
        let answer = json!({"label": "7", "score": 0.9, "predictions": predictions, "model": "mnist"});
        answer.to_string().into_response()
    };
    serve(token_endpoint(Arc::default()).route("/dev/", post(handler))).await
}

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in ["b.png", "a.PNG", "c.txt"] {
        std::fs::write(folder.path().join(name), PNG).unwrap();
    }
    std::fs::write(folder.path().join("text"), "no image").unwrap();
    folder
}

async fn predict(base: &str, folder: &Path, images: &[PathBuf], top_k: u16) -> anyhow::Result<Predictions> {
    let cache = Cache::new(&target(folder), &[]);
    let lookup = async |_| Ok((outputs(base), Secret::new("s3cret")));
    let session = Session::open(cache, Vec::new(), false, lookup).await?;
    let args = PredictArgs { images: images.to_vec(), top_k, jobs: 3 };
    let ui = Ui::new(Format::Text, 0, true);
    classify_all(&session, &Inputs::find(images).images, &args, &ui).await.map(Predictions)
}

fn text(predictions: &Predictions) -> String {
    anstream::adapter::strip_str(&predictions.to_string()).to_string()
}

#[tokio::test]
async fn one_image_is_shown_with_bars() {
    let folder = folder();
    let predictions = predict(&endpoint(99).await, folder.path(), &[folder.path().join("b.png")], 1).await.unwrap();
    assert_eq!(text(&predictions), "7  0.9000  █████████████████████▋\n");
    let document = serde_json::to_value(&predictions).unwrap();
    assert_eq!(document[0]["predictions"], json!([{"label": "7", "score": 0.9}]));
    assert_eq!((&document[0]["label"], document[0]["latency_ms"].is_u64()), (&json!("7"), true));
}

#[tokio::test]
async fn a_folder_is_read_by_name_and_failures_are_the_images_own() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let images = [folder.path().to_owned(), path("text"), path("absent.png")];
    let mut predictions = predict(&endpoint(99).await, folder.path(), &images, 3).await.unwrap();
    for outcome in &mut predictions.0 {
        outcome.image = outcome.image.rsplit('/').next().unwrap().to_owned();
        if let Ok(answer) = &mut outcome.answer {
            answer.latency_ms = 5;
        }
    }
    let expected = "\
image       label                           score   ms
a.PNG       7                               0.9000  5
b.png       7                               0.9000  5
text        not an image (400 Bad Request)
absent.png  No such file or directory (os error 2)
2 of 4 images failed";
    let squeezed =
        |text: &str| text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect::<Vec<_>>();
    assert_eq!(squeezed(&text(&predictions)), squeezed(expected));
    let document = serde_json::to_value(&predictions).unwrap();
    assert_eq!(document[2], json!({"image": "text", "error": "not an image (400 Bad Request)"}));
}

#[tokio::test]
async fn an_expired_token_is_renewed_for_all_at_once() {
    let folder = folder();
    let images = vec![folder.path().join("b.png"); 8];
    let predictions = predict(&endpoint(2).await, folder.path(), &images, 3).await.unwrap();
    assert!(predictions.0.iter().all(|outcome| outcome.answer.is_ok()), "{predictions:?}");
    // The second token is cached.
    let kept = Cache::new(&target(folder.path()), &[]).load(0).unwrap();
    assert_eq!(kept.token.token.expose(), "token-2");
}

#[tokio::test]
async fn outputs_from_the_cache_that_lead_nowhere_are_looked_up_again() {
    let folder = folder();
    let images = [folder.path().join("b.png")];
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gone = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let base = endpoint(99).await;
    predict(&base, folder.path(), &images, 1).await.unwrap();
    let cache = Cache::new(&target(folder.path()), &[]);
    let mut grant = cache.load(0).unwrap();
    grant.outputs = outputs(&gone);
    cache.save(&grant).unwrap();
    let predictions = predict(&base, folder.path(), &images, 1).await.unwrap();
    assert!(predictions.0[0].answer.is_ok());

    grant.token.expires_at = u64::MAX;
    cache.save(&grant).unwrap();
    let error = predict(&gone, folder.path(), &images, 1).await.unwrap_err();
    assert!(format!("{error:#}").contains("Connection refused"), "{error:#}");
}

#[tokio::test]
async fn what_is_too_large_is_not_sent() {
    let folder = folder();
    let path = folder.path().join("large.png");
    std::fs::write(&path, vec![0; IMAGE_LIMIT + 1]).unwrap();
    let predictions = predict(&endpoint(0).await, folder.path(), &[path], 1).await.unwrap();
    let error = predictions.0[0].answer.as_ref().unwrap_err();
    assert_eq!(error, "4694017 bytes exceed the 4694016 that fit into a request to Lambda");
}

/// What ends the function ends it again, so a second attempt would only take longer.
#[tokio::test]
async fn an_image_that_ends_the_function_is_sent_once() {
    let sent = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&sent);
    let handler = async move || {
        count.fetch_add(1, Ordering::SeqCst);
        let headers = [("x-amzn-errortype", "InternalServerErrorException")];
        (StatusCode::BAD_GATEWAY, headers, r#"{"message": "Internal server error"}"#)
    };
    let base = serve(token_endpoint(Arc::default()).route("/dev/", post(handler))).await;
    let folder = folder();
    let predictions = predict(&base, folder.path(), &[folder.path().join("b.png")], 1).await.unwrap();
    let error = predictions.0[0].answer.as_ref().unwrap_err();
    assert!(error.contains("(502 Bad Gateway): the function ended without an answer"), "{error}");
    assert!(error.contains("function.memory_mb"), "{error}");
    assert_eq!(sent.load(Ordering::SeqCst), 1);
}

/// A 502 that is not API Gateway's comes from something in between, so it may pass.
#[tokio::test]
async fn a_gateway_in_between_is_asked_again() {
    let sent = Arc::new(AtomicU32::new(0));
    let handler = async move || {
        let statuses = [StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE, StatusCode::BAD_REQUEST];
        (statuses[sent.fetch_add(1, Ordering::SeqCst).min(2) as usize], r#"{"detail": "the third"}"#)
    };
    let base = serve(token_endpoint(Arc::default()).route("/dev/", post(handler))).await;
    let folder = folder();
    let predictions = predict(&base, folder.path(), &[folder.path().join("b.png")], 1).await.unwrap();
    assert_eq!(predictions.0[0].answer.as_ref().unwrap_err(), "the third (400 Bad Request)");
}

#[test]
fn every_usual_extension_of_an_image_counts_and_other_files_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let images =
        ["a.PNG", "b.jpg", "c.JPEG", "d.jpe", "e.jfif", "f.WebP", "g.gif", "h.bmp", "i.dib", "j.tif", "k.TIFF"];
    for name in images {
        std::fs::write(folder.path().join(name), PNG).unwrap();
    }
    std::fs::create_dir(folder.path().join("folder.png")).unwrap();
    let names = |inputs: &Inputs| -> Vec<String> {
        inputs.images.iter().map(|input| input.name().rsplit('/').next().unwrap().to_owned()).collect()
    };
    let inputs = Inputs::find(&[folder.path().to_owned()]);
    assert_eq!(names(&inputs), images);
    assert_eq!(inputs.passed_over(), None);

    for name in ["x.txt", "y.TXT", "z", ".hidden", "m.heic", "1.a", "1.b", "1.c", "1.d"] {
        std::fs::write(folder.path().join(name), PNG).unwrap();
    }
    let inputs = Inputs::find(&[folder.path().to_owned(), folder.path().join("x.txt")]);
    assert_eq!(names(&inputs).last().unwrap(), "x.txt", "what is named is sent");
    assert_eq!(
        inputs.passed_over().unwrap(),
        "passed over 9 files that have no image's extension: 2 without an extension, 2 .txt, 1 .a, 1 .b, 1 .c, 2 others"
    );
}
