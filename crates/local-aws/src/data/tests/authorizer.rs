//! Tokens that open a method, and all those that do not.

use jsonwebtoken::{Algorithm, EncodingKey, Header};

use super::*;
use crate::{clock, data::token::sign};

const PREDICT: &str = "/dev/predict";

fn claims(change: &Value) -> Map<String, Value> {
    let now = clock::now_s();
    let mut claims = object(&json!({
        "sub": "client", "token_use": "access", "scope": "openid digits/predict", "auth_time": now, "iat": now,
        "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Own", "exp": now + 60, "client_id": "client",
    }));
    claims.extend(object(change));
    claims
}

fn token(change: &Value) -> String {
    sign(&keys()[0], &claims(change)).unwrap()
}

async fn status(world: &World, authorization: &str) -> u16 {
    world.post(PREDICT, authorization).await.status().as_u16()
}

#[tokio::test]
async fn a_scope_of_an_access_token_opens_and_its_claims_are_told() {
    let world = World::new();
    let issued = world.token().await;
    let response = world.post(PREDICT, &issued).await;
    assert_eq!(response.status(), 200, "{:?}", response.body());
    assert_eq!(status(&world, &format!("Bearer {issued}")).await, 200);
    let exp = json!(2_098_528_967_u64);
    let response = world.post(PREDICT, &token(&json!({ "exp": exp, "cognito:groups": ["a", "b"] }))).await;
    let told = &document(&response)["requestContext"]["authorizer"]["claims"];
    assert_eq!(told["exp"], "Tue Jul 01 12:42:47 UTC 2036");
    assert_eq!(told["cognito:groups"], "a,b");
    assert!(told.as_object().unwrap().values().all(Value::is_string), "{told}");
    assert!(told["auth_time"].as_str().unwrap().parse::<u64>().is_ok());
}

#[tokio::test]
async fn a_refusal_has_the_words_of_aws() {
    let world = World::new();
    let request = Request::post(PREDICT).header("host", HOST).body(Bytes::new()).unwrap();
    let response = world.send(request).await;
    assert_eq!(response.status(), 401);
    assert_eq!(response.headers()["x-amzn-errortype"], "UnauthorizedException");
    assert_eq!(document(&response), json!({ "message": "Unauthorized" }));
    assert!(response.headers().contains_key("x-amzn-requestid"));
    let response = world.post(PREDICT, &token(&json!({ "exp": clock::now_s() }))).await;
    assert_eq!(response.status(), 401);
    assert_eq!(document(&response), json!({ "message": "The incoming token has expired" }));
}

#[tokio::test]
async fn what_is_not_the_pools_own_access_token_is_refused() {
    let world = World::new();
    let [own, other] = keys();
    let good = token(&json!({}));
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(own.kid.clone());
    let public = EncodingKey::from_secret(own.n.as_bytes());
    let by_public_key = jsonwebtoken::encode(&header, &claims(&json!({})), &public).unwrap();
    let body = good.split('.').nth(1).unwrap();
    let none = |kid: &str| {
        let header = json!({ "alg": "none", "kid": kid }).to_string();
        format!("{}.{body}.", BASE64_URL_SAFE_NO_PAD.encode(header))
    };
    let foreign = |kid: &str| {
        let key = SigningKey { kid: kid.to_owned(), ..other.clone() };
        sign(&key, &claims(&json!({}))).unwrap()
    };
    let issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other";
    let mut altered = good.clone().into_bytes();
    let at = altered.len() - 10;
    altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
    let cases = [
        ("empty", String::new()),
        ("garbage", "a.b.c".to_owned()),
        ("oversized", "x".repeat(9_900)),
        ("lower-case scheme", format!("bearer {good}")),
        ("altered signature", String::from_utf8(altered).unwrap()),
        ("none", none(&own.kid)),
        ("HS256 with the public key", by_public_key),
        ("other pool's token", sign(other, &claims(&json!({ "iss": issuer }))).unwrap()),
        ("other key, own kid", foreign(&own.kid)),
        ("unknown kid", foreign("three")),
        ("other issuer", token(&json!({ "iss": issuer }))),
        ("ID token", token(&json!({ "token_use": "id", "aud": "client" }))),
        ("no exp", token(&json!({ "exp": null }))),
        ("wrong scope", token(&json!({ "scope": "digits/admin" }))),
        ("part of a scope", token(&json!({ "scope": "digits/predictor xdigits/predict" }))),
    ];
    for (name, authorization) in cases {
        assert_eq!(status(&world, &authorization).await, 401, "{name}");
    }
    assert_eq!(status(&world, &good).await, 200);
}

#[tokio::test]
async fn two_authorization_headers_are_refused() {
    let world = World::new();
    let good = token(&json!({}));
    let request = Request::post(PREDICT).header("host", HOST);
    let request = request.header("authorization", &good).header("authorization", &good).body(Bytes::new()).unwrap();
    assert_eq!(world.send(request).await.status(), 401);
}

#[tokio::test]
async fn a_method_without_scopes_takes_id_tokens_alone() {
    let world = World::new();
    let get = async |token: String| {
        let request = Request::get(PREDICT).header("host", HOST).header("authorization", token);
        world.send(request.body(Bytes::new()).unwrap()).await.status().as_u16()
    };
    assert_eq!(get(token(&json!({}))).await, 401);
    assert_eq!(get(token(&json!({ "token_use": "id", "aud": "client" }))).await, 200);
    world.change_deployed(|snapshot| {
        let authorizer = snapshot.authorizers.get_mut("auth").unwrap();
        authorizer.identity_validation_expression = Some("cli".to_owned());
    });
    assert_eq!(get(token(&json!({ "token_use": "id", "aud": "client" }))).await, 401, "the whole audience must match");
    assert_eq!(get(token(&json!({ "token_use": "id", "aud": "cli" }))).await, 200);
}
