//! CORS: what callers get, what drifts, and what is left when it is turned off.

use reqwest::Method;

use super::*;
use crate::resources::cors;

const ORIGINS: [&str; 2] = ["https://a.example", "http://localhost:3000"];

async fn cloud(origins: &[&str]) -> Cloud {
    let mut cloud = Cloud::start().await;
    cloud.config.api.cors_origins = origins.iter().map(|&origin| origin.to_owned()).collect();
    cloud.up().await.unwrap();
    cloud
}

/// Status and headers of the answer to a page of this origin.
async fn ask(cloud: &Cloud, method: Method, origin: &str) -> (u16, reqwest::header::HeaderMap) {
    let outputs = lookup(&cloud.aws, &cloud.config).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.request(method, &outputs.endpoint).header("origin", origin);
    let answer = request.header("access-control-request-method", "POST").send().await.unwrap();
    (answer.status().as_u16(), answer.headers().clone())
}

fn of<'a>(headers: &'a reqwest::header::HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

const ALLOW: &str = "access-control-allow-origin";

#[tokio::test]
async fn preflights_and_refusals_name_the_origins() {
    let cloud = cloud(&ORIGINS).await;
    for (origin, allowed) in [(ORIGINS[0], ORIGINS[0]), (ORIGINS[1], ORIGINS[1]), ("https://other.example", ORIGINS[0])]
    {
        let (status, headers) = ask(&cloud, Method::OPTIONS, origin).await;
        assert_eq!(
            (status, of(&headers, ALLOW), of(&headers, "vary")),
            (204, Some(allowed), Some("Origin")),
            "{origin}"
        );
        assert_eq!(of(&headers, "access-control-allow-methods"), Some("POST"));
        assert!(of(&headers, "access-control-allow-headers").unwrap().contains("authorization"));
        // Without a token, with another method.
        for (method, expected) in [(Method::POST, 401), (Method::GET, 403)] {
            let (status, headers) = ask(&cloud, method, origin).await;
            assert_eq!((status, of(&headers, ALLOW)), (expected, Some("*")));
            assert_eq!(of(&headers, "access-control-expose-headers"), Some("x-amzn-errortype"));
        }
    }
    let function = cloud.world().await.function.owned().unwrap().clone();
    assert_eq!(function.environment["CORS_ORIGINS"], ORIGINS.join(" "));
}

#[tokio::test]
async fn one_origin_is_the_same_for_everybody() {
    let cloud = cloud(&ORIGINS[..1]).await;
    let (status, headers) = ask(&cloud, Method::OPTIONS, "https://other.example").await;
    assert_eq!((status, of(&headers, ALLOW), of(&headers, "vary")), (204, Some(ORIGINS[0]), None));
    let (status, headers) = ask(&cloud, Method::POST, ORIGINS[0]).await;
    assert_eq!((status, of(&headers, ALLOW)), (401, Some(ORIGINS[0])));
    // A second `up` writes nothing.
    cloud.server.clear_requests();
    assert_eq!(changed(&cloud.up().await.unwrap()), []);
    assert_eq!(cloud.writes(), [""; 0]);
}

#[tokio::test]
async fn without_it_nothing_is_answered_and_nothing_more_is_read() {
    let cloud = cloud(&[]).await;
    let (status, headers) = ask(&cloud, Method::OPTIONS, ORIGINS[0]).await;
    assert_eq!((status, of(&headers, ALLOW)), (403, None));
    let read = cloud.server.requests().iter().any(|request| request.operation == "GetGatewayResponses");
    assert!(!read);
}

#[tokio::test]
async fn turning_it_off_removes_what_it_made_and_nothing_else() {
    let mut cloud = cloud(&ORIGINS).await;
    let api = lookup(&cloud.aws, &cloud.config).await.unwrap().rest_api_id;
    // Its owner's: another type, and a default that was changed by hand.
    for kind in ["THROTTLED", "DEFAULT_5XX"] {
        let call = cloud.aws.apigateway.put_gateway_response().rest_api_id(&api).response_type(kind.into());
        call.response_parameters("gatewayresponse.header.Retry-After", "'1'").send().await.unwrap();
    }
    cloud.config.api.cors_origins.clear();
    let plan = cloud.plan().await;
    let deleted: Vec<_> = plan.destructive().map(|change| (change.resource, change.reason.as_deref())).collect();
    assert_eq!(deleted, [(ResourceKind::Cors, Some("cors_origins is not set"))]);
    cloud.up().await.unwrap();
    assert_eq!(changed(&cloud.plan().await), []);
    let state = cloud.server.state();
    let current = &state.region(&cloud.id.region).unwrap().apis[&api].current;
    assert_eq!(current.gateway_responses.keys().collect::<Vec<_>>(), ["DEFAULT_5XX", "THROTTLED"]);
    let verbs: Vec<_> = current.resources.values().flat_map(|resource| resource.methods.keys()).collect();
    assert_eq!(verbs, ["POST"]);
}

/// Whatever somebody changes is seen, and put back.
#[tokio::test]
async fn drift_is_repaired() {
    let cloud = cloud(&ORIGINS).await;
    let api = lookup(&cloud.aws, &cloud.config).await.unwrap().rest_api_id;
    let root = cloud.world().await.root_id.unwrap();
    let gateway = &cloud.aws.apigateway;
    let delete = async || {
        gateway.delete_method().rest_api_id(&api).resource_id(&root).http_method("OPTIONS").send().await.unwrap();
    };
    let put = async |operation: Option<&str>| {
        let call = gateway.put_method().rest_api_id(&api).resource_id(&root).http_method("OPTIONS");
        call.authorization_type("NONE").set_operation_name(operation.map(Into::into)).send().await.unwrap();
    };
    let repaired = async |what: &str| {
        let plan = cloud.up().await.unwrap();
        assert!(changed(&plan).iter().any(|(kind, _)| *kind == ResourceKind::Cors), "{what}: {:?}", changed(&plan));
        assert_eq!(changed(&cloud.plan().await), [], "{what}");
        let (status, headers) = ask(&cloud, Method::OPTIONS, ORIGINS[1]).await;
        assert_eq!((status, of(&headers, ALLOW)), (204, Some(ORIGINS[1])), "{what}");
    };
    delete().await;
    repaired("a deleted preflight").await;
    // Its name says that it is ours, but it lets everybody in.
    let uri = cloud.id.invoke_uri();
    let call = gateway.put_integration().rest_api_id(&api).resource_id(&root).http_method("OPTIONS");
    let call = call.r#type(aws_sdk_apigateway::types::IntegrationType::AwsProxy).integration_http_method("POST");
    call.uri(uri).send().await.unwrap();
    repaired("a preflight that reaches the function").await;
    delete().await;
    put(None).await;
    repaired("somebody's preflight in its place, half made").await;
    delete().await;
    put(Some(cors::OPERATION)).await;
    repaired("a preflight of ours, half made").await;
    gateway.delete_gateway_response().rest_api_id(&api).response_type("DEFAULT_4XX".into()).send().await.unwrap();
    repaired("a deleted gateway response").await;
}

#[tokio::test]
async fn a_preflight_of_its_owner_stays_where_none_is_wanted() {
    let cloud = cloud(&[]).await;
    let api = lookup(&cloud.aws, &cloud.config).await.unwrap().rest_api_id;
    let root = cloud.world().await.root_id.unwrap();
    let gateway = &cloud.aws.apigateway;
    let call = gateway.put_method().rest_api_id(&api).resource_id(&root).http_method("OPTIONS");
    call.authorization_type("NONE").send().await.unwrap();
    let call = gateway.put_integration().rest_api_id(&api).resource_id(&root).http_method("OPTIONS");
    let call = call.r#type(aws_sdk_apigateway::types::IntegrationType::Mock);
    call.request_templates("application/json", r#"{"statusCode": 200}"#).send().await.unwrap();
    assert_eq!(changed(&cloud.plan().await), []);
}

#[tokio::test]
async fn a_lost_answer_is_no_second_preflight() {
    let cloud = Cloud::start().await;
    for operation in ["PutMethodResponse", "PutIntegrationResponse", "PutGatewayResponse"] {
        cloud.server.fail_next(operation, Fault::DropAfterEffect);
    }
    let mut cloud = cloud;
    cloud.config.api.cors_origins = vec!["*".into()];
    cloud.up().await.unwrap();
    assert_eq!(changed(&cloud.plan().await), []);
    let (status, headers) = ask(&cloud, Method::OPTIONS, ORIGINS[0]).await;
    assert_eq!((status, of(&headers, ALLOW)), (204, Some("*")));
}
