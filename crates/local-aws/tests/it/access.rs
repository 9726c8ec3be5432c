//! Who may send requests, and from which host.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};

use crate::cloud::{Cloud, code, config};

const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// Sends a request with the body `sent`, whose signature is for the body `signed`, made at `time`.
pub(crate) async fn ask(
    cloud: &Cloud,
    service: &str,
    signed: &'static str,
    sent: &'static str,
    time: SystemTime,
) -> (u16, String) {
    ask_with(cloud, service, signed, sent, time, "").await
}

/// Like [`ask`], with an `X-Amz-Target`.
pub(crate) async fn ask_with(
    cloud: &Cloud,
    service: &str,
    signed: &'static str,
    sent: &'static str,
    time: SystemTime,
    target: &str,
) -> (u16, String) {
    let ours = cloud.server.credentials();
    let identity = Credentials::from_keys(&ours.access_key_id, &ours.secret_access_key, None).into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name(service)
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let url = format!("{}/", cloud.server.endpoint());
    let mut request =
        http::Request::post(&url).header("content-type", "application/x-www-form-urlencoded").body(sent).unwrap();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let signable =
        SignableRequest::new("POST", &url, headers.into_iter(), SignableBody::Bytes(signed.as_bytes())).unwrap();
    sign(signable, &params).unwrap().into_parts().0.apply_to_request_http1x(&mut request);
    let (parts, body) = request.into_parts();
    let response = reqwest::Client::new()
        .post(&url)
        .headers(parts.headers)
        .header("x-amz-target", target)
        .body(body)
        .send()
        .await
        .unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

#[tokio::test]
async fn a_signed_request_is_accepted_and_a_changed_one_is_refused() {
    let cloud = Cloud::start().await;
    let now = SystemTime::now();
    let (status, body) = ask(&cloud, "sts", BODY, BODY, now).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.contains("<Account>000000000000</Account>"), "{body}");

    let (status, body) = ask(&cloud, "sts", BODY, "Action=GetCallerIdentity&Version=x", now).await;
    assert_eq!(status, 403);
    assert!(body.contains("<Code>SignatureDoesNotMatch</Code>"), "{body}");
}

#[tokio::test]
async fn an_expired_signature_is_refused() {
    let cloud = Cloud::start().await;
    for minutes in [-16, 16] {
        let offset = Duration::from_secs(60 * 16);
        let time = if minutes < 0 { SystemTime::now() - offset } else { SystemTime::now() + offset };
        let (status, body) = ask(&cloud, "sts", BODY, BODY, time).await;
        assert_eq!(status, 403);
        assert!(body.contains("<Code>SignatureDoesNotMatch</Code>") && body.contains("Signature expired"), "{body}");
    }
    let (status, _) = ask(&cloud, "sts", BODY, BODY, SystemTime::now() - Duration::from_secs(60 * 10)).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn foreign_credentials_and_wrong_secrets_are_refused() {
    let cloud = Cloud::start().await;
    let endpoint = cloud.server.endpoint();
    let ours = cloud.server.credentials();
    let foreign = config(&endpoint, "AKIAFOREIGN", "secret");
    let wrong = config(&endpoint, &ours.access_key_id, "secret");
    let who = |config| aws_sdk_sts::Client::new(&config).get_caller_identity().send();
    assert_eq!(code(who(foreign.clone()).await), "InvalidClientTokenId");
    assert_eq!(code(who(wrong.clone()).await), "SignatureDoesNotMatch");
    let functions = |config| aws_sdk_lambda::Client::new(&config).list_functions().send();
    assert_eq!(code(functions(foreign.clone()).await), "UnrecognizedClientException");
    assert_eq!(code(functions(wrong.clone()).await), "InvalidSignatureException");
    let pools = |config| aws_sdk_cognitoidentityprovider::Client::new(&config).list_user_pools().max_results(1).send();
    assert_eq!(code(pools(foreign).await), "UnrecognizedClientException");
    assert_eq!(code(pools(wrong).await), "InvalidSignatureException");
}

#[tokio::test]
async fn an_unsigned_request_is_refused() {
    let cloud = Cloud::start().await;
    let client = reqwest::Client::new();
    let rest = client.get(format!("{}/restapis", cloud.server.endpoint())).send().await.unwrap();
    assert_eq!(rest.status(), 403);
    assert_eq!(rest.headers()["x-amzn-errortype"], "MissingAuthenticationTokenException");
    let json =
        client.post(cloud.server.endpoint()).header("x-amz-target", "Logs_20140328.DescribeLogGroups").body("{}");
    let json = json.send().await.unwrap();
    assert_eq!(json.status(), 400);
    assert!(json.text().await.unwrap().contains("MissingAuthenticationTokenException"));
}

#[tokio::test]
async fn a_foreign_host_is_refused_first() {
    let cloud = Cloud::start().await;
    let health = format!("{}/_local/health", cloud.server.endpoint());
    let client = reqwest::Client::new();
    assert_eq!(client.get(&health).send().await.unwrap().status(), 200);
    for host in ["evil.example", "127.0.0.1.evil.example", "127.0.0.1:1"] {
        let response = client.get(&health).header("host", host).send().await.unwrap();
        assert_eq!(response.status(), 421, "{host}");
    }
}

#[tokio::test]
async fn health_shows_no_secret() {
    let cloud = Cloud::start().await;
    let health =
        reqwest::get(format!("{}/_local/health", cloud.server.endpoint())).await.unwrap().text().await.unwrap();
    let ours = cloud.server.credentials();
    assert!(health.contains(&format!("\"pid\":{}", std::process::id())), "{health}");
    assert!(!health.contains(&ours.access_key_id) && !health.contains(&ours.secret_access_key));
}

#[tokio::test]
async fn missing_operations_and_services_are_refused_by_name() {
    let cloud = Cloud::start().await;
    let error = cloud.lambda().list_layers().send().await.unwrap_err().into_service_error();
    assert!(format!("{error:?}").contains("/2018-10-31/layers"), "{error:?}");
    assert_eq!(code(cloud.iam().list_users().send().await), "NotImplemented");
    let (status, body) = ask(&cloud, "sqs", BODY, BODY, SystemTime::now()).await;
    assert_eq!(status, 501);
    assert!(body.contains("the service sqs"), "{body}");
}

#[tokio::test]
async fn a_malformed_body_is_refused() {
    let cloud = Cloud::start().await;
    let now = SystemTime::now();
    for body in ["{", "[]", "null", "{\"logGroupName\": 7}"] {
        let (status, response) = ask_with(&cloud, "logs", body, body, now, "Logs_20140328.CreateLogGroup").await;
        assert_eq!(status, 400, "{body}");
        assert!(response.contains("\"__type\":\"SerializationException\""), "{response}");
    }
    let (status, response) = ask_with(&cloud, "logs", "{}", "{}", now, "Logs_20140328.CreateLogGroup").await;
    assert_eq!(status, 400);
    assert!(
        response.contains("InvalidParameterException") && response.contains("Value null at 'logGroupName'"),
        "{response}"
    );
    let (_, response) = ask_with(&cloud, "logs", "{}", "{}", now, "Other.CreateLogGroup").await;
    assert!(response.contains("UnknownOperationException"), "{response}");
}
