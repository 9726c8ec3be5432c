//! Tokens that the authorizer accepts and refuses.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::Request;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};

use super::super::token::sign;
use crate::{
    clock,
    state::cognito::SigningKey,
    testing::{HOST, World, document, keys, object},
};

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
async fn an_access_token_with_the_scope_is_accepted_and_its_claims_are_in_the_event() {
    let world = World::new();
    let issued = world.token().await;
    let response = world.post(PREDICT, &issued).await;
    assert_eq!(response.status(), 200, "{:?}", response.body());
    assert_eq!(status(&world, &format!("Bearer {issued}")).await, 200);
    let exp = json!(2_098_528_967_u64);
    let response = world.post(PREDICT, &token(&json!({ "exp": exp, "cognito:groups": ["a", "b"] }))).await;
    let seen = &document(&response)["requestContext"]["authorizer"]["claims"];
    assert_eq!(seen["exp"], "Tue Jul 01 12:42:47 UTC 2036");
    assert_eq!(seen["cognito:groups"], "a,b");
    assert!(seen.as_object().unwrap().values().all(Value::is_string), "{seen}");
    assert!(seen["auth_time"].as_str().unwrap().parse::<u64>().is_ok());
}

#[tokio::test]
async fn errors_have_aws_messages() {
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
async fn everything_but_a_valid_access_token_of_the_pool_is_refused() {
    let world = World::new();
    let [own, other] = keys();
    let good = token(&json!({}));
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(own.kid.clone());
    let public = EncodingKey::from_secret(own.n.as_bytes());
    let by_public_key = jsonwebtoken::encode(&header, &claims(&json!({})), &public).unwrap();
    let body = good.split('.').nth(1).unwrap();
    let signature = good.split('.').nth(2).unwrap();
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let under = |header: Value, signature: &str| format!("{}.{body}.{signature}", part(&header));
    let none = |kid: &str| under(json!({ "alg": "none", "kid": kid }), "");
    let tampered = |claims: &Value| {
        let [header, signature] = [0, 2].map(|at| good.split('.').nth(at).unwrap());
        format!("{header}.{}.{signature}", part(claims))
    };
    let der = BASE64_URL_SAFE_NO_PAD.decode(&own.n).unwrap();
    let by_modulus = jsonwebtoken::encode(&header, &claims(&json!({})), &EncodingKey::from_secret(&der)).unwrap();
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
        ("none, the real signature", under(json!({ "alg": "none", "kid": own.kid }), signature)),
        ("None", under(json!({ "alg": "None", "kid": own.kid }), "")),
        ("no alg", under(json!({ "kid": own.kid }), signature)),
        ("no kid", under(json!({ "alg": "RS256" }), signature)),
        ("kid as a path", under(json!({ "alg": "RS256", "kid": "../../../../dev/null" }), signature)),
        ("kid as a query", under(json!({ "alg": "RS256", "kid": "' OR 1=1 --" }), signature)),
        ("RS512", under(json!({ "alg": "RS512", "kid": own.kid }), signature)),
        ("PS256", under(json!({ "alg": "PS256", "kid": own.kid }), signature)),
        ("crit", under(json!({ "alg": "RS256", "kid": own.kid, "crit": ["x"], "x": 1 }), signature)),
        ("HS256 with the modulus", by_modulus),
        ("tampered scope", tampered(&json!({ "scope": "digits/predict", "token_use": "access" }))),
        ("longer life", tampered(&Value::Object(claims(&json!({ "exp": clock::now_s() + 86_400 }))))),
        ("no signature", good[..=good.rfind('.').unwrap()].to_owned()),
        ("two parts", good[..good.rfind('.').unwrap()].to_owned()),
        ("four parts", format!("{good}.x")),
        ("padded base64", format!("{good}==")),
        ("white space within", good.replacen('.', " .", 1)),
        ("a tab after Bearer", format!("Bearer\t{good}")),
        ("two spaces after Bearer", format!("Bearer  {good}")),
        ("upper-case scheme", format!("BEARER {good}")),
        ("scheme twice", format!("Bearer Bearer {good}")),
        ("token twice", format!("{good},{good}")),
        ("quoted", format!("\"{good}\"")),
        ("Basic", format!("Basic {good}")),
        ("expired long ago", token(&json!({ "exp": 1 }))),
        ("expires before it is issued", token(&json!({ "exp": clock::now_s() - 1, "iat": clock::now_s() + 60 }))),
        ("not yet valid", token(&json!({ "nbf": clock::now_s() + 600 }))),
        ("exp as text", token(&json!({ "exp": "4102444800" }))),
        ("negative exp", token(&json!({ "exp": -1 }))),
        ("nbf as text", token(&json!({ "nbf": "0" }))),
        ("scopes as a list", token(&json!({ "scope": ["digits/predict"] }))),
        ("scope in capitals", token(&json!({ "scope": "DIGITS/PREDICT" }))),
        ("scope after a tab", token(&json!({ "scope": "openid\tdigits/predict" }))),
        ("issuer with a slash", token(&json!({ "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Own/" }))),
        ("token_use of both", token(&json!({ "token_use": ["access", "id"] }))),
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
    let own_key = json!({ "kty": "RSA", "n": other.n, "e": other.e, "kid": own.kid });
    let mut brought = Header::new(Algorithm::RS256);
    brought.kid = Some(own.kid.clone());
    brought.jku = Some("http://127.0.0.1:1/jwks.json".to_owned());
    brought.jwk = serde_json::from_value(own_key).ok();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", other.pkcs8);
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
    let brought = jsonwebtoken::encode(&brought, &claims(&json!({})), &key).unwrap();
    assert_eq!(status(&world, &brought).await, 401, "a key in the token's own header");
    let request = Request::post(PREDICT).header("host", HOST);
    let no_text = http::HeaderValue::from_bytes(&[0xff, 0xfe]).unwrap();
    let request = request.header("authorization", no_text).body(Bytes::new()).unwrap();
    assert_eq!(world.send(request).await.status(), 401, "bytes that are not text");
    assert_eq!(status(&world, &good).await, 200);
    assert_eq!(status(&world, &token(&json!({ "nbf": clock::now_s() - 60 }))).await, 200);
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
async fn a_method_without_scopes_accepts_only_id_tokens() {
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
