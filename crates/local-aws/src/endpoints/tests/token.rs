//! The token endpoint and the key set.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http::Request;
use serde_json::{Map, Value, json};

use crate::{
    clock,
    testing::{REGION, SECRET, World, document},
};

const OWN: &str = "127.0.0.1:4566";
const DOMAIN: &str = "digits.auth.eu-west-1.amazoncognito.com";

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")))
}

async fn ask(world: &World, host: &str, authorization: Option<&str>, query: &str, body: &str) -> (u16, Value) {
    let mut request = Request::post(format!("/oauth2/token{query}"))
        .header("host", host)
        .header("content-type", "application/x-www-form-urlencoded");
    if let Some(authorization) = authorization {
        request = request.header("authorization", authorization);
    }
    let response = world.send(request.body(Bytes::from(body.to_owned())).unwrap()).await;
    (response.status().as_u16(), document(&response))
}

fn set(world: &World, name: &str, value: Value) {
    world.change(|state| {
        let pool = state.region_mut(REGION).pools.get_mut("eu-west-1_Own").unwrap();
        pool.clients.get_mut("client").unwrap().settings.insert(name.to_owned(), value);
    });
}

#[tokio::test]
async fn a_token_has_cognitos_format() {
    let world = World::new();
    let (status, response) =
        ask(&world, DOMAIN, Some(&basic("client", SECRET)), "?grant_type=client_credentials", "").await;
    assert_eq!(status, 200);
    let keys: Vec<&String> = response.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["access_token", "expires_in", "token_type"]);
    assert_eq!((&response["expires_in"], &response["token_type"]), (&json!(300), &json!("Bearer")));

    let request = Request::get("/eu-west-1_Own/.well-known/jwks.json").header("host", OWN).body(Bytes::new());
    let set = document(&world.send(request.unwrap()).await);
    let key = &set["keys"][0];
    let token = response["access_token"].as_str().unwrap();
    let header = jsonwebtoken::decode_header(token).unwrap();
    assert_eq!((header.alg, header.kid.as_deref()), (Algorithm::RS256, key["kid"].as_str()));
    let key = DecodingKey::from_rsa_components(key["n"].as_str().unwrap(), key["e"].as_str().unwrap()).unwrap();
    let claims =
        jsonwebtoken::decode::<Map<String, Value>>(token, &key, &Validation::new(Algorithm::RS256)).unwrap().claims;
    let names: Vec<&str> = claims.keys().map(String::as_str).collect();
    let expected = ["auth_time", "client_id", "exp", "iat", "iss", "jti", "scope", "sub", "token_use", "version"];
    assert_eq!(names, expected);
    assert_eq!(claims["scope"], "digits/predict digits/admin");
    assert_eq!(claims["iss"], "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Own");
    assert_eq!(claims["exp"].as_u64(), claims["iat"].as_u64().map(|issued| issued + 300));
    assert!(claims["iat"].as_u64().unwrap().abs_diff(clock::now_s()) < 60);
}

#[tokio::test]
async fn all_fields_may_be_in_the_body_and_the_client_id_finds_the_pool() {
    let world = World::new();
    world.change(|state| {
        state.region_mut(REGION).pools.remove("eu-west-1_Other");
    });
    let body = format!("grant_type=client_credentials&client_id=client&client_secret={SECRET}&scope=digits%2Fadmin");
    let (status, response) = ask(&world, OWN, None, "", &body).await;
    assert_eq!(status, 200, "{response}");
}

#[tokio::test]
async fn errors_have_oauth_codes() {
    let world = World::new();
    let good = basic("client", SECRET);
    let grant = "grant_type=client_credentials";
    let cases = [
        (good.clone(), "", "invalid_request"),
        (good.clone(), "grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        (good.clone(), "grant_type=client_credentials&client_id=other", "invalid_request"),
        (basic("client", "wrong"), grant, "invalid_client"),
        (basic("client", ""), grant, "invalid_client"),
        (basic("nobody", SECRET), grant, "invalid_client"),
        ("Basic !".to_owned(), grant, "invalid_client"),
        ("Bearer x".to_owned(), grant, "invalid_client"),
        (good.clone(), "grant_type=password", "unsupported_grant_type"),
        (good.clone(), "grant_type=client_credentials&scope=digits/none", "invalid_scope"),
        (good.clone(), "grant_type=client_credentials&scope=digits/predict+digits/none", "invalid_scope"),
        (good.clone(), "grant_type=client_credentials&scope=openid", "invalid_scope"),
    ];
    for (authorization, body, error) in cases {
        let response = ask(&world, DOMAIN, Some(&authorization), "", body).await;
        assert_eq!(response, (400, json!({ "error": error })), "{authorization} {body}");
    }
    set(&world, "AllowedOAuthFlows", json!(["code"]));
    let response = ask(&world, DOMAIN, Some(&good), "", grant).await;
    assert_eq!(response.1["error"], "unauthorized_client");
    set(&world, "AllowedOAuthFlowsUserPoolClient", json!(false));
    let response = ask(&world, DOMAIN, Some(&good), "", grant).await;
    assert_eq!(response.1["error"], "invalid_grant");
}

#[tokio::test]
async fn a_deleted_scope_is_not_granted() {
    let world = World::new();
    world.change(|state| {
        let pool = state.region_mut(REGION).pools.get_mut("eu-west-1_Own").unwrap();
        pool.resource_servers.get_mut("digits").unwrap().scopes.remove("predict");
    });
    let body = "grant_type=client_credentials&scope=digits/predict";
    let response = ask(&world, DOMAIN, Some(&basic("client", SECRET)), "", body).await;
    assert_eq!(response, (400, json!({ "error": "invalid_scope" })));
}

#[tokio::test]
async fn a_domain_works_only_once_it_is_active() {
    let world = World::new();
    world.change(|state| {
        let pool = state.region_mut(REGION).pools.get_mut("eu-west-1_Own").unwrap();
        pool.domain.as_mut().unwrap().active_from_ms = u64::MAX;
    });
    let body = "grant_type=client_credentials";
    let response = ask(&world, DOMAIN, Some(&basic("client", SECRET)), "", body).await;
    assert_eq!(response.0, 404);
    let response = ask(&world, "none.auth.eu-west-1.amazoncognito.com", None, "", "grant_type=x&client_id=c").await;
    assert_eq!(response.0, 404);
}

#[tokio::test]
async fn a_token_lifetime_defaults_to_hours_and_to_one_hour() {
    let world = World::new();
    for (value, units, seconds) in [
        (json!(2), json!({}), 7200),
        (json!(1), json!({ "AccessToken": "days" }), 86_400),
        (Value::Null, json!({}), 3600),
    ] {
        set(&world, "AccessTokenValidity", value);
        set(&world, "TokenValidityUnits", units);
        let body = "grant_type=client_credentials";
        let response = ask(&world, DOMAIN, Some(&basic("client", SECRET)), "", body).await;
        assert_eq!(response.1["expires_in"], seconds);
    }
}

#[tokio::test]
async fn only_post_is_allowed() {
    let world = World::new();
    let request = Request::get("/oauth2/token").header("host", DOMAIN).body(Bytes::new()).unwrap();
    assert_eq!(world.send(request).await.status(), 405);
}
