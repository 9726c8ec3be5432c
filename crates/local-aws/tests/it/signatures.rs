//! Tampered requests: every change that is possible without the secret is refused.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use http::{HeaderValue, Method, Request};

use crate::cloud::Cloud;

/// `GET /restapis?limit=5`, signed at `time`.
fn signed(cloud: &Cloud, secret: &str, time: SystemTime) -> Request<String> {
    let identity = Credentials::from_keys(&cloud.server.credentials().access_key_id, secret, None).into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("apigateway")
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let url = format!("{}/restapis?limit=5", cloud.server.endpoint());
    let host = cloud.server.address().to_string();
    let mut request = Request::get(&url).header("host", &host).header("x-amz-meta", "a").body(String::new()).unwrap();
    let headers = [("host", host.as_str()), ("x-amz-meta", "a")];
    let signable = SignableRequest::new("GET", &url, headers.into_iter(), SignableBody::Bytes(b"")).unwrap();
    sign(signable, &params).unwrap().into_parts().0.apply_to_request_http1x(&mut request);
    request
}

async fn send(request: Request<String>) -> (u16, String) {
    let (parts, body) = request.into_parts();
    let client = reqwest::Client::new().request(parts.method, parts.uri.to_string());
    let response = client.headers(parts.headers).body(body).send().await.unwrap();
    let kind = response.headers().get("x-amzn-errortype").map_or("", |kind| kind.to_str().unwrap()).to_owned();
    (response.status().as_u16(), kind)
}

/// Replaces a text in the Authorization header.
fn replace(request: &mut Request<String>, from: &str, to: &str) {
    let header = request.headers()["authorization"].to_str().unwrap();
    assert!(header.contains(from), "{header}");
    let changed = header.replacen(from, to, 1);
    request.headers_mut().insert("authorization", changed.parse().unwrap());
}

fn set(request: &mut Request<String>, name: &'static str, value: &str) {
    request.headers_mut().insert(name, value.parse().unwrap());
}

fn add(request: &mut Request<String>, name: &'static str, value: &'static str) {
    request.headers_mut().append(name, HeaderValue::from_static(value));
}

fn remove(request: &mut Request<String>, name: &str) {
    request.headers_mut().remove(name);
}

fn target(request: &mut Request<String>, path_and_query: &str) {
    let uri = request.uri().to_string();
    let base = uri.split("/restapis").next().unwrap();
    *request.uri_mut() = format!("{base}{path_and_query}").parse().unwrap();
}

const MISMATCH: &str = "InvalidSignatureException";
const INCOMPLETE: &str = "IncompleteSignatureException";
const UNKNOWN: &str = "UnrecognizedClientException";
const MISSING: &str = "MissingAuthenticationTokenException";

type Tamper = fn(&mut Request<String>);

const TAMPERED: [(&str, Tamper, &str); 27] = [
    ("another verb", |request| *request.method_mut() = Method::DELETE, MISMATCH),
    ("another path", |request| target(request, "/restapis/x?limit=5"), MISMATCH),
    ("the path, encoded", |request| target(request, "/%72estapis?limit=5"), MISMATCH),
    ("another query", |request| target(request, "/restapis?limit=6"), MISMATCH),
    ("one more parameter", |request| target(request, "/restapis?limit=5&position=x"), MISMATCH),
    ("no query", |request| target(request, "/restapis"), MISMATCH),
    ("a body", |request| *request.body_mut() = "{}".into(), MISMATCH),
    ("another date", |request| set(request, "x-amz-date", "20261125T000000Z"), MISMATCH),
    ("an invalid date", |request| set(request, "x-amz-date", "yesterday"), INCOMPLETE),
    ("no date", |request| remove(request, "x-amz-date"), INCOMPLETE),
    ("a second date", |request| add(request, "x-amz-date", "x"), INCOMPLETE),
    ("another value of a signed header", |request| set(request, "x-amz-meta", "b"), MISMATCH),
    ("a second value of a signed header", |request| add(request, "x-amz-meta", "b"), MISMATCH),
    ("a signed header removed", |request| remove(request, "x-amz-meta"), MISMATCH),
    ("a header no longer signed", |request| replace(request, ";x-amz-meta", ""), MISMATCH),
    ("the host no longer signed", |request| replace(request, "host;", ""), INCOMPLETE),
    ("a signed header that is missing", |request| replace(request, "x-amz-meta", "x-amz-meta;x-other"), MISMATCH),
    ("another Region", |request| replace(request, "us-east-1", "eu-west-1"), MISMATCH),
    ("another service", |request| replace(request, "/apigateway/", "/lambda/"), MISMATCH),
    ("an empty service", |request| replace(request, "/apigateway/", "//"), "NotImplemented"),
    ("another key id", |request| replace(request, "Credential=", "Credential=X"), UNKNOWN),
    ("no signature", |request| replace(request, "Signature=", "Signature=,x="), MISMATCH),
    ("a longer signature", |request| replace(request, "Signature=", "Signature=0"), MISMATCH),
    ("another algorithm", |request| replace(request, "AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), INCOMPLETE),
    ("a scope without its last part", |request| replace(request, "/aws4_request", ""), INCOMPLETE),
    ("a second Authorization", |request| add(request, "authorization", "x"), INCOMPLETE),
    ("no Authorization", |request| remove(request, "authorization"), MISSING),
];

#[tokio::test]
#[expect(clippy::print_stdout, reason = "the table is for human readers")]
async fn a_tampered_request_is_refused() {
    let cloud = Cloud::start().await;
    let secret = cloud.server.credentials().secret_access_key.clone();
    let now = SystemTime::now();
    assert_eq!(send(signed(&cloud, &secret, now)).await.0, 200);
    for (attack, tamper, expected) in TAMPERED {
        let mut request = signed(&cloud, &secret, now);
        tamper(&mut request);
        let (status, code) = send(request).await;
        println!("{attack}: {status} {code}");
        assert_eq!(code, expected, "{attack}: {status}");
        assert!([400, 403, 501].contains(&status), "{attack}: {status}");
    }
    let wrong = send(signed(&cloud, "another secret", now)).await;
    assert_eq!(wrong, (403, MISMATCH.to_owned()));
    cloud.server.stop().await;
}

/// As on AWS: SigV4 has no nonce. Only root can read loopback traffic, and root can read the secret as well.
#[tokio::test]
async fn a_replay_is_accepted_for_15_minutes() {
    let cloud = Cloud::start().await;
    let secret = cloud.server.credentials().secret_access_key.clone();
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let now = SystemTime::now();
    for (time, status) in
        [(now, 200), (now, 200), (now - minutes(14), 200), (now - minutes(16), 403), (now + minutes(16), 403)]
    {
        assert_eq!(send(signed(&cloud, &secret, time)).await.0, status);
    }
    cloud.server.stop().await;
}

/// Presigned URLs are not supported, and a web page can only send unsigned requests without the user's consent.
#[tokio::test]
async fn a_request_without_a_signature_header_is_refused() {
    let cloud = Cloud::start().await;
    let base = cloud.server.endpoint();
    let presigned = format!(
        "{base}/restapis?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}%2F20261125%2Fus-east-1%2Fapigateway\
         %2Faws4_request&X-Amz-Date=20261125T000000Z&X-Amz-Expires=604800&X-Amz-SignedHeaders=host&X-Amz-Signature=00",
        cloud.server.credentials().access_key_id
    );
    let client = reqwest::Client::new();
    let page = client.post(format!("{base}/restapis")).header("origin", "http://evil.example");
    let page = page.header("content-type", "text/plain").body(r#"{"name": "x"}"#);
    let form = client.post(&base).header("content-type", "application/x-www-form-urlencoded");
    let form = form.header("origin", "null").body("Action=CreateRole&Version=2010-05-08&RoleName=r");
    for request in [client.get(&presigned), page, form, client.request(Method::OPTIONS, &base)] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 403);
        assert!(response.headers().keys().all(|name| !name.as_str().starts_with("access-control-")));
    }
    assert!(cloud.server.state().regions.is_empty(), "nothing was created");
    cloud.server.stop().await;
}
