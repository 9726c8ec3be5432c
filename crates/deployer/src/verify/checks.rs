//! The requests to a deployed endpoint and the answers that they must get: its contract, and everything that it must
//! refuse.
//!
//! Each is data. Every request carries an image that would be classified, so an endpoint that wrongly lets one in
//! answers 200.

use reqwest::Method;
use serde_json::json;

use super::forge::Forge;
use crate::{data_plane::Secret, outputs::Outputs, probe::IMAGE};

/// The first bytes of a TIFF file, a format that the function does not read.
const TIFF: &[u8] = b"II*\0\x08\0\0\0";

/// More bytes than API Gateway accepts in all headers together.
const TOO_LONG: usize = 11_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// What callers may rely on.
    Contract,
    /// Tokens that must be refused.
    Token,
    /// Other ways to send a token.
    Header,
    /// Other methods than POST.
    Method,
    /// Other paths than the endpoint's.
    Path,
}

/// The answer that a check expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Exactly this status.
    Status(u16),
    /// This status, with a problem document of this status.
    Problem(u16),
    /// Any refusal, because AWS does not document which.
    Refused,
    /// A refusal or an answer, but no failure of the service: the token is valid, in a form that AWS does not document.
    Handled,
}

/// One request and its expected answer.
pub struct Check {
    pub group: Group,
    /// What is sent, in a few words.
    pub name: String,
    pub method: Method,
    pub url: String,
    /// Headers; may hold tokens, so they are never shown.
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub expect: Expect,
}

impl Check {
    fn new(group: Group, name: impl Into<String>, url: &str, expect: Expect) -> Self {
        Self {
            group,
            name: name.into(),
            method: Method::POST,
            url: url.to_owned(),
            headers: vec![("content-type", "image/png".into())],
            body: IMAGE.to_vec(),
            expect,
        }
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn token(self, token: &str) -> Self {
        self.header("authorization", token)
    }

    fn content(mut self, kind: &str, body: &[u8]) -> Self {
        self.headers[0].1 = kind.to_owned();
        self.body = body.to_vec();
        self
    }

    fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }
}

/// All checks of a stack.
pub fn all(outputs: &Outputs, token: &Secret, forge: &Forge, has_preflight: bool) -> anyhow::Result<Vec<Check>> {
    let (url, token) = (&outputs.endpoint, token.expose());
    let mut checks = contract(url, token);
    checks.extend(tokens(outputs, token, forge)?);
    checks.extend(headers(url, token));
    checks.extend(methods(url, token, has_preflight));
    checks.extend(paths(outputs, token));
    Ok(checks)
}

fn contract(url: &str, token: &str) -> Vec<Check> {
    let check = |name: &str, expect| Check::new(Group::Contract, name, url, expect).token(token);
    let form = [
        b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"7.png\"\r\n\r\n".as_slice(),
        IMAGE,
        b"\r\n--x--\r\n",
    ];
    let bearer = Check::new(Group::Contract, "an image, the token after \"Bearer\"", url, Expect::Status(200));
    vec![
        check("an image", Expect::Status(200)),
        bearer.token(&format!("Bearer {token}")),
        check("an image in a form", Expect::Status(200)).content("multipart/form-data; boundary=x", &form.concat()),
        check("bytes that are not an image", Expect::Problem(400)).content("image/png", b"no image"),
        check("a truncated image", Expect::Problem(400)).content("image/png", &IMAGE[..IMAGE.len() / 2]),
        check("an empty body", Expect::Problem(400)).content("image/png", b""),
        check("a TIFF image", Expect::Problem(415)).content("image/png", TIFF),
        check("text, declared as text", Expect::Problem(400)).content("text/plain", b"text"),
    ]
}

fn tokens(outputs: &Outputs, token: &str, forge: &Forge) -> anyhow::Result<Vec<Check>> {
    let url = &outputs.endpoint;
    let (past, future) = Forge::around_now();
    let mut rows: Vec<(String, Option<String>)> = vec![
        ("no token".into(), None),
        ("an empty token".into(), Some(String::new())),
        ("a word as the token".into(), Some("x".into())),
        ("\"Bearer\" alone".into(), Some("Bearer".into())),
        ("three empty parts".into(), Some("..".into())),
        ("no algorithm (alg none), no signature".into(), Some(forge.unsigned(false))),
        ("no algorithm (alg none), the real signature".into(), Some(forge.unsigned(true))),
        ("another key's id".into(), Some(forge.with_header(json!({"kid": "absent"})))),
        ("a path as the key's id".into(), Some(forge.with_path_as_kid())),
        ("another algorithm (alg RS512)".into(), Some(forge.with_header(json!({"alg": "RS512"})))),
        ("no signature".into(), Some(forge.with_signature(""))),
        ("another signature".into(), Some(forge.with_signature(&forge.spoilt_signature()))),
        ("a fourth part".into(), Some(format!("{token}.x"))),
        ("a changed scope".into(), Some(forge.with_claims(json!({"scope": "other/scope"})))),
        ("another client".into(), Some(forge.with_claims(json!({"client_id": "other", "sub": "other"})))),
        ("a longer lifetime".into(), Some(forge.with_claims(json!({"exp": future + 86_400})))),
    ];
    for (form, forged) in forge.with_public_key_as_secret()? {
        rows.push((format!("signed with HMAC (alg HS256), {form} as the secret"), Some(forged)));
    }
    let pool = forge.claim("iss").rsplit_once('/').map_or("", |(host, _)| host);
    let forged = [
        ("signed by another key", json!({}), json!({})),
        ("signed by another key, which the header contains", json!({"jwk": forge.own_key()}), json!({})),
        ("signed by another key, at an address of its own", json!({"jku": "https://127.0.0.1:1/jwks.json"}), json!({})),
        ("expired, signed by another key", json!({}), json!({"exp": past})),
        ("not yet valid, signed by another key", json!({}), json!({"nbf": future, "iat": future})),
        (
            "another pool's, signed by another key",
            json!({}),
            json!({"iss": format!("{pool}/{}_other", outputs.region)}),
        ),
        ("an ID token, signed by another key", json!({}), json!({"token_use": "id", "aud": outputs.client_id})),
        (
            "another client's scope, signed by another key",
            json!({}),
            json!({"client_id": "other", "scope": "other/scope"}),
        ),
    ];
    for (name, header, claims) in forged {
        rows.push((name.into(), Some(forge.by_own_key(header, claims)?)));
    }
    let check = |(name, forged): (String, Option<String>)| {
        let check = Check::new(Group::Token, name, url, Expect::Status(401));
        match forged {
            Some(forged) => check.token(&forged),
            None => check,
        }
    };
    Ok(rows.into_iter().map(check).collect())
}

fn headers(url: &str, token: &str) -> Vec<Check> {
    let check = |name: &str, expect| Check::new(Group::Header, name, url, expect);
    let with_query = format!("{url}?Authorization={token}&access_token={token}");
    vec![
        check("two Authorization headers, the first real", Expect::Refused).token(token).token("x"),
        check("two Authorization headers, the second real", Expect::Refused).token("x").token(token),
        check("the token as a password (Basic)", Expect::Status(401)).token(&format!("Basic {token}")),
        check("the token after \"bearer\"", Expect::Handled).token(&format!("bearer {token}")),
        check("the token after two spaces", Expect::Handled).token(&format!("Bearer  {token}")),
        check("the token twice in one header", Expect::Status(401)).token(&format!("{token}, {token}")),
        Check::new(Group::Header, "the token in the query string", &with_query, Expect::Status(401)),
        check("the token in a cookie", Expect::Status(401)).header("cookie", format!("Authorization={token}")),
        check("the token in another header", Expect::Status(401)).header("x-amz-security-token", token),
        check("the token in the body", Expect::Status(401))
            .content("application/x-www-form-urlencoded", format!("access_token={token}").as_bytes()),
        check("a token of 11,000 bytes", Expect::Refused).token(&"x".repeat(TOO_LONG)),
        check("11,000 bytes of other headers with the token", Expect::Refused)
            .token(token)
            .header("x-padding", "x".repeat(TOO_LONG)),
    ]
}

fn methods(url: &str, token: &str, has_preflight: bool) -> Vec<Check> {
    let verbs = [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS, Method::TRACE];
    let check = |method: Method, name: String| {
        Check::new(Group::Method, name, url, Expect::Refused).token(token).method(method)
    };
    // A preflight is answered without a token, and without the function: there is no body.
    let preflight = if has_preflight { Expect::Status(204) } else { Expect::Refused };
    let browser = Check::new(Group::Method, "a web page's preflight, without a token", url, preflight)
        .method(Method::OPTIONS)
        .header("origin", "https://page.example")
        .header("access-control-request-method", "POST");
    let mut checks: Vec<Check> =
        verbs.into_iter().map(|verb| check(verb.clone(), format!("{verb} with a real token"))).collect();
    for check in checks.iter_mut().filter(|check| check.method == Method::OPTIONS) {
        check.expect = preflight;
    }
    checks.push(browser);
    // HTTP accepts any word as a method; these two only look like POST.
    for name in [b"post".as_slice(), b"POSTX"] {
        if let Ok(method) = Method::from_bytes(name) {
            checks.push(check(method.clone(), format!("{method} with a real token")));
        }
    }
    let overridden = check(Method::GET, "GET with a header that overrides it to POST".into());
    checks.push(overridden.header("x-http-method-override", "POST"));
    checks
}

fn paths(outputs: &Outputs, token: &str) -> Vec<Check> {
    let base = outputs.endpoint.trim_end_matches('/');
    let api = base.rsplit_once('/').map_or(base, |(api, _)| api);
    let stage = &outputs.stage;
    let with_token = [
        ("another stage", format!("{api}/{stage}x/")),
        ("a path below", format!("{base}/absent")),
        ("an encoded path below", format!("{base}/%61bsent")),
        ("the stage in capitals", format!("{api}/{}/", stage.to_uppercase())),
    ];
    let without_token = [
        ("a second slash", format!("{base}//")),
        ("a slash before the stage", format!("{api}//{stage}/")),
        ("an encoded slash", format!("{base}/%2f")),
        ("an encoded slash before the stage", format!("{api}/%2f{stage}/")),
        ("an encoded parent folder", format!("{base}/..%2f{stage}/")),
        ("a NUL", format!("{base}/%00")),
        ("a path parameter", format!("{base}/;x=y")),
        ("a backslash", format!("{base}/%5c")),
        ("a path that is not UTF-8", format!("{base}/%ff%fe")),
        ("a path of 5,000 bytes", format!("{base}/{}", "a".repeat(5_000))),
    ];
    let check = |name: &str, url: &str| Check::new(Group::Path, name, url, Expect::Refused);
    let with = with_token.iter().map(|(name, url)| check(&format!("{name}, with a real token"), url).token(token));
    let without = without_token.iter().map(|(name, url)| check(&format!("{name}, without a token"), url));
    with.chain(without).collect()
}
