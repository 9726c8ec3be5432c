//! The API endpoint, with a function that really runs.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};

use crate::{
    state::apigateway::{Deployment, MethodSetting},
    testing::{ACCOUNT, FUNCTION, HOST, REGION, World, document, snapshot},
};

async fn event_of(world: &World, request: http::request::Builder, body: &[u8]) -> Value {
    let request = request.header("host", HOST).header("authorization", world.token().await);
    let response = world.send(request.body(Bytes::copy_from_slice(body)).unwrap()).await;
    assert_eq!(response.status(), 200, "{:?}", response.body());
    document(&response)
}

fn remove_authorization(world: &World) {
    world.change_deployed(|snapshot| {
        for method in snapshot.resources.get_mut("r1").unwrap().methods.values_mut() {
            method.authorization_type = "NONE".to_owned();
        }
    });
}

#[tokio::test]
async fn the_event_has_the_rest_proxy_format() {
    let world = World::new();
    let request = Request::post("/dev/predict?top_k=3&x=1&x=a%20b")
        .header("content-type", "application/json")
        .header("user-agent", "curl/8")
        .header("x-twice", "1")
        .header("x-twice", "2");
    let event = event_of(&world, request, b"{\"a\":1}").await;
    assert_eq!(event["resource"], "/predict");
    assert_eq!(event["path"], "/predict");
    assert_eq!(event["httpMethod"], "POST");
    assert_eq!(event["queryStringParameters"], json!({ "top_k": "3", "x": "a b" }));
    assert_eq!(event["multiValueQueryStringParameters"]["x"], json!(["1", "a b"]));
    assert_eq!(event["headers"]["x-twice"], "2");
    assert_eq!(event["multiValueHeaders"]["x-twice"], json!(["1", "2"]));
    assert_eq!(event["headers"]["Host"], HOST);
    assert_eq!(event["body"], "{\"a\":1}");
    assert_eq!(event["isBase64Encoded"], false);
    assert_eq!((&event["pathParameters"], &event["stageVariables"]), (&Value::Null, &Value::Null));
    let context = &event["requestContext"];
    for (name, value) in [
        ("accountId", ACCOUNT),
        ("apiId", "abc123"),
        ("stage", "dev"),
        ("path", "/dev/predict"),
        ("resourcePath", "/predict"),
        ("resourceId", "r1"),
        ("httpMethod", "POST"),
        ("protocol", "HTTP/1.1"),
        ("domainName", HOST),
    ] {
        assert_eq!(context[name], value, "{name}");
    }
    assert_eq!(context["identity"]["sourceIp"], "127.0.0.1");
    assert_eq!(context["identity"]["userAgent"], "curl/8");
    assert!(context["requestTimeEpoch"].is_u64() && context["requestId"].is_string());
}

#[tokio::test]
async fn a_body_is_base64_if_its_type_is_binary_and_corrupted_otherwise() {
    let world = World::new();
    let png = b"\x89PNG\r\n\x1a\n";
    let declared = event_of(&world, Request::post("/dev/predict").header("content-type", "image/png"), png).await;
    assert_eq!(declared["body"], BASE64_STANDARD.encode(png));
    assert_eq!(declared["isBase64Encoded"], true);
    let forgotten = event_of(&world, Request::post("/dev/predict").header("content-type", "image/webp"), png).await;
    assert_eq!(forgotten["body"], "\u{fffd}PNG\r\n\x1a\n");
    assert_eq!(forgotten["isBase64Encoded"], false);
    let empty = event_of(&world, Request::post("/dev/predict").header("content-type", "image/png"), b"").await;
    assert_eq!((&empty["body"], &empty["isBase64Encoded"]), (&Value::Null, &json!(false)));
}

#[tokio::test]
async fn the_path_of_other_emulators_reaches_the_same_stage() {
    let world = World::new();
    let request = Request::post("/_aws/execute-api/abc123/dev/predict")
        .header("host", "127.0.0.1:4566")
        .header("authorization", format!("Bearer {}", world.token().await));
    let response = world.send(request.body(Bytes::new()).unwrap()).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-from"], "function");
    assert_eq!(document(&response)["requestContext"]["domainName"], HOST);
}

#[tokio::test]
async fn unknown_routes_are_forbidden() {
    let world = World::new();
    for (path, message) in [
        ("/dev/other", "Missing Authentication Token"),
        ("/dev", "Missing Authentication Token"),
        ("/prod/predict", "Forbidden"),
    ] {
        let response = world.post(path, "").await;
        assert_eq!(response.status(), 403, "{path}");
        assert_eq!(document(&response)["message"], message, "{path}");
    }
    let request = Request::delete("/dev/predict").header("host", HOST).body(Bytes::new()).unwrap();
    let response = world.send(request).await;
    assert_eq!(response.headers()["x-amzn-errortype"], "MissingAuthenticationTokenException");
    let request = Request::get("/dev/predict").header("host", "zzz.execute-api.eu-west-1.amazonaws.com");
    assert_eq!(world.send(request.body(Bytes::new()).unwrap()).await.status(), 403);
}

#[tokio::test]
async fn a_change_is_invisible_until_it_is_deployed() {
    let world = World::new();
    world.change(|state| {
        let api = state.region_mut(REGION).apis.get_mut("abc123").unwrap();
        api.current = snapshot();
        api.current.resources.get_mut("r1").unwrap().path = "/other".to_owned();
    });
    assert_eq!(world.post("/dev/other", "").await.status(), 403);
    world.change(|state| {
        let api = state.region_mut(REGION).apis.get_mut("abc123").unwrap();
        let snapshot = api.current.clone();
        let deployment = Deployment { id: "d2".to_owned(), description: None, snapshot, created_ms: 0 };
        api.deployments.insert("d2".to_owned(), deployment);
        api.stages.get_mut("dev").unwrap().deployment_id = "d2".to_owned();
    });
    assert_eq!(world.post("/dev/other", "").await.status(), 401);
    assert_eq!(world.post("/dev/predict", "").await.status(), 403);
}

#[tokio::test]
async fn the_functions_policy_must_allow_the_caller() {
    let world = World::new();
    let token = world.token().await;
    for pattern in ["abc123/*/GET/predict", "other/*/*/predict", "abc123/prod/*/*"] {
        world.change(|state| {
            let function = state.region_mut(REGION).functions.get_mut(FUNCTION).unwrap();
            function.policy[0].source_arn = Some(format!("arn:aws:execute-api:{REGION}:{ACCOUNT}:{pattern}"));
        });
        let response = world.post("/dev/predict", &token).await;
        assert_eq!(response.status(), 500, "{pattern}");
        assert_eq!(document(&response), json!({ "message": "Internal server error" }));
    }
}

#[tokio::test]
async fn failures_of_the_function_map_to_statuses() {
    let world = World::new();
    remove_authorization(&world);
    world.change_deployed(|snapshot| {
        let method = snapshot.resources.get_mut("r1").unwrap().methods.get_mut("GET").unwrap();
        method.integration.as_mut().unwrap().timeout_ms = 600;
    });
    let post = async |action: &str| world.post(&format!("/dev/predict?do={action}"), "").await;
    for action in ["crash", "error", "malformed", "large", "memory", "foreign", "twice", "no%20json", "endless"] {
        let response = post(action).await;
        assert_eq!(response.status(), 502, "{action}");
        assert_eq!(document(&response), json!({ "message": "Internal server error" }), "{action}");
        assert_eq!(post("echo").await.status(), 200, "after {action}");
    }
    world.configure(|version| version.timeout_s = 1);
    for action in ["hang", "gone"] {
        assert_eq!(post(action).await.status(), 502, "{action}");
    }
    world.configure(|version| version.timeout_s = 20);
    assert_eq!(post("echo").await.status(), 200);
    let request = Request::get("/dev/predict?do=hang").header("host", HOST).body(Bytes::new()).unwrap();
    let response = world.send(request).await;
    assert_eq!(response.status(), 504);
    assert_eq!(document(&response), json!({ "message": "Endpoint request timed out" }));
}

#[tokio::test]
async fn request_sizes_are_limited() {
    let world = World::new();
    remove_authorization(&world);
    let post = |size: usize| Request::post("/dev/predict").header("host", HOST).body(Bytes::from(vec![b'x'; size]));
    assert_eq!(world.send(post(10 * 1024 * 1024 + 1).unwrap()).await.status(), 413);
    // API Gateway accepts it, Lambda does not.
    let response = world.send(post(7 * 1024 * 1024).unwrap()).await;
    assert_eq!((response.status().as_u16(), document(&response)), (413, json!({ "message": "Request Too Long" })));
    let request = Request::get("/dev/predict").header("host", HOST).header("x-long", "x".repeat(10_300));
    assert_eq!(world.send(request.body(Bytes::new()).unwrap()).await.status(), 431);
}

#[tokio::test]
async fn the_stages_throttling_limit_applies() {
    let world = World::new();
    world.change(|state| {
        let stage = state.region_mut(REGION).apis.get_mut("abc123").unwrap().stages.get_mut("dev").unwrap();
        let setting = MethodSetting {
            throttling_rate_limit: Some(0.001),
            throttling_burst_limit: Some(2),
            ..MethodSetting::default()
        };
        stage.method_settings.insert("*/*".to_owned(), setting);
    });
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(world.post("/dev/predict", "").await.status().as_u16());
    }
    assert_eq!(statuses, [401, 401, 429]);
}
