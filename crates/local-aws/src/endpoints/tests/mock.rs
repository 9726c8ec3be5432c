//! The mock integration and gateway responses.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Request, Response};

use crate::{
    state::apigateway::{GatewayResponse, Integration, IntegrationResponse, Snapshot},
    testing::{HOST, World},
};

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// A world whose GET answers by itself, with all media types binary.
fn world(content_handling: Option<&str>) -> World {
    let world = World::new();
    world.change_deployed(|snapshot: &mut Snapshot| {
        snapshot.binary_media_types = vec!["*/*".to_owned()];
        let method = snapshot.resources.get_mut("r1").unwrap().methods.get_mut("GET").unwrap();
        method.authorization_type = "NONE".to_owned();
        let template = r#"#set($o = $input.params("origin"))#if($o == "https://a.example")#set($context.responseOverride.header.X-Origin = $o)#end"#;
        let answer = IntegrationResponse {
            response_parameters: texts(&[("method.response.header.X-Origin", "'none'")]),
            response_templates: texts(&[("application/json", template)]),
        };
        method.integration = Some(Integration {
            kind: "MOCK".to_owned(),
            http_method: None,
            uri: None,
            content_handling: content_handling.map(str::to_owned),
            request_templates: texts(&[("application/json", r#"{"statusCode": 204}"#)]),
            responses: BTreeMap::from([("204".to_owned(), answer)]),
            ..method.integration.clone().unwrap()
        });
        let parameters = texts(&[("gatewayresponse.header.Access-Control-Allow-Origin", "'*'")]);
        let response = GatewayResponse { response_parameters: parameters };
        snapshot.gateway_responses.insert("DEFAULT_4XX".to_owned(), response);
        let response = GatewayResponse { response_parameters: texts(&[("gatewayresponse.header.X-Missing", "'yes'")]) };
        snapshot.gateway_responses.insert("MISSING_AUTHENTICATION_TOKEN".to_owned(), response);
    });
    world
}

async fn ask(world: &World, verb: &str, path: &str, origin: &str) -> Response<Bytes> {
    let request = Request::builder().method(verb).uri(path).header("host", HOST).header("origin", origin);
    world.send(request.body(Bytes::new()).unwrap()).await
}

#[tokio::test]
async fn a_mock_answers_from_its_templates() {
    let world = world(Some("CONVERT_TO_TEXT"));
    for (origin, shown) in [("https://a.example", "https://a.example"), ("https://b.example", "none")] {
        let response = ask(&world, "GET", "/dev/predict", origin).await;
        assert_eq!((response.status().as_u16(), response.headers()["x-origin"].to_str().unwrap()), (204, shown));
        assert!(response.body().is_empty());
    }
}

/// Where all media types are binary, even an empty body is, and cannot be put into a template.
#[tokio::test]
async fn a_mock_fails_on_what_is_binary() {
    assert_eq!(ask(&world(None), "GET", "/dev/predict", "x").await.status(), 500);
}

#[tokio::test]
async fn gateway_responses_add_headers_to_refusals() {
    let world = world(None);
    let refused = ask(&world, "POST", "/dev/predict", "x").await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["access-control-allow-origin"]),
        (401, &"*".parse().unwrap())
    );
    // The type of its own replaces the default, headers included.
    let missing = ask(&world, "GET", "/dev/absent", "x").await;
    assert_eq!((missing.status().as_u16(), &missing.headers()["x-missing"]), (403, &"yes".parse().unwrap()));
    assert!(!missing.headers().contains_key("access-control-allow-origin"));
    // No deployment, no gateway response.
    let unknown = ask(&world, "GET", "/absent/predict", "x").await;
    assert_eq!(unknown.status(), 403);
    assert!(!unknown.headers().contains_key("access-control-allow-origin"));
}
