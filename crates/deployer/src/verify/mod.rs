//! Checks a deployed endpoint from outside: what it must answer and what it must refuse, request by request.

mod checks;
mod forge;

use std::time::Duration;

use anyhow::{Context as _, anyhow};
use serde::Serialize;

pub use self::checks::Group;
use self::{
    checks::{Check, Expect},
    forge::{Forge, PublicKey},
};
use crate::{
    backoff::Backoff,
    data_plane::{Client, Reply, Secret, Unanswered},
    error::Failure,
    outputs::Outputs,
};

/// The result of one check. Holds no token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    pub group: Group,
    /// What was sent.
    pub check: String,
    /// The expected answer, in words.
    pub expected: String,
    /// The status of the answer; `None` if no answer arrived.
    pub status: Option<u16>,
    /// Why no answer arrived, or what is wrong with the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Whether the answer is the expected one.
    pub ok: bool,
}

/// How long to wait for a rate limit to pass, for each check.
const PATIENCE: Duration = Duration::from_secs(30);

/// The checks of one endpoint, about to be run.
pub struct Checklist {
    client: Client,
    checks: Vec<Check>,
}

impl Checklist {
    /// The checks for a stack, with a valid token. Whether web pages may call it decides what a preflight must get.
    pub async fn prepare(outputs: &Outputs, token: &Secret, has_preflight: bool) -> anyhow::Result<Self> {
        let client = Client::new(outputs)?;
        let forge = Forge::new(token, public_key(&client, outputs, token).await?)?;
        Ok(Self { client, checks: checks::all(outputs, token, &forge, has_preflight)? })
    }

    pub fn len(&self) -> usize {
        self.checks.len()
    }

    /// Runs one check after the other and calls `on_done` after each.
    pub async fn run(&self, on_done: impl Fn()) -> Vec<Row> {
        let mut rows = Vec::new();
        for check in &self.checks {
            let mut backoff = Backoff::new(PATIENCE);
            let answer = loop {
                let answer = self.client.ask(&check.method, &check.url, &check.headers, &check.body).await;
                // A throttled request was neither let in nor refused.
                let throttled = answer.as_ref().is_ok_and(|reply| reply.status == 429);
                if !throttled || !backoff.pause(None).await {
                    break answer;
                }
            };
            rows.push(judge(check, &answer));
            on_done();
        }
        rows
    }
}

/// The key that signed the token, from the pool's key set.
async fn public_key(client: &Client, outputs: &Outputs, token: &Secret) -> anyhow::Result<PublicKey> {
    let url = outputs.keys_url();
    let failure = || Failure::failed(format!("reading the key set at {url}"));
    let reply = client.get(&url).await.with_context(failure)?;
    if reply.status != 200 {
        return Err(anyhow!("it answered {}", reply.problem()).context(failure()));
    }
    let document = serde_json::from_slice(&reply.body).with_context(failure)?;
    let found = forge::kid(token).and_then(|kid| PublicKey::find(&document, &kid));
    found.ok_or_else(|| anyhow!("the key that signed the token is not in it").context(failure()))
}

fn judge(check: &Check, answer: &Result<Reply, Unanswered>) -> Row {
    let (status, body) = match answer {
        Ok(reply) => (Some(reply.status), reply.body.as_slice()),
        Err(_) => (None, [].as_slice()),
    };
    let refused = |status: u16| (400..500).contains(&status) && status != 429;
    let (ok, problem) = match (check.expect, status) {
        (_, None) => (false, answer.as_ref().err().map(ToString::to_string)),
        (Expect::Status(expected), Some(status)) => (status == expected, None),
        (Expect::Problem(expected), Some(status)) if status == expected => {
            let problem = not_a_problem(body, expected);
            (problem.is_none(), problem)
        }
        (Expect::Problem(_), Some(_)) => (false, None),
        (Expect::Refused, Some(status)) => (refused(status), None),
        (Expect::Handled, Some(status)) => (refused(status) || status == 200, None),
    };
    let expected = match check.expect {
        Expect::Status(status) => status.to_string(),
        Expect::Problem(status) => format!("{status}, problem document"),
        Expect::Refused => "4xx".into(),
        Expect::Handled => "200 or 4xx".into(),
    };
    Row { group: check.group, check: check.name.clone(), expected, status, problem, ok }
}

/// Why a body is not the problem document of that status (RFC 9457), if it is not.
fn not_a_problem(body: &[u8], status: u16) -> Option<String> {
    let Ok(document) = serde_json::from_slice::<serde_json::Value>(body) else {
        return Some("the body is not JSON".into());
    };
    let missing = ["type", "title", "detail"].into_iter().find(|name| !document[name].is_string());
    match missing {
        Some(name) => Some(format!("the body has no {name}")),
        None if document["status"] != status => Some("the body states another status".into()),
        None => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn judged(expect: Expect, status: u16, body: &str) -> Row {
        let check = Check {
            group: Group::Contract,
            name: "x".into(),
            method: reqwest::Method::POST,
            url: String::new(),
            headers: Vec::new(),
            body: Vec::new(),
            expect,
        };
        judge(&check, &Ok(Reply::new(status, body)))
    }

    #[test]
    fn a_row_holds_only_with_what_it_expects() {
        let cases = [
            (Expect::Status(401), 401, true),
            (Expect::Status(401), 200, false),
            (Expect::Status(401), 403, false),
            (Expect::Refused, 403, true),
            (Expect::Refused, 200, false),
            (Expect::Refused, 302, false),
            (Expect::Refused, 429, false),
            (Expect::Refused, 502, false),
            (Expect::Handled, 200, true),
            (Expect::Handled, 401, true),
            (Expect::Handled, 500, false),
        ];
        for (expect, status, ok) in cases {
            assert_eq!(judged(expect, status, "").ok, ok, "{expect:?} {status}");
        }
    }

    /// A token of the right form, and a key set with the key that it names.
    fn looks_like_a_token() -> (Secret, serde_json::Value) {
        use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
        let part = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = serde_json::json!({"iss": "https://issuer/pool", "scope": "a/b", "client_id": "client"});
        let token = format!("{}.{}.c2ln", part(serde_json::json!({"kid": "k", "alg": "RS256"})), part(claims));
        let modulus = BASE64_URL_SAFE_NO_PAD.encode([0xb5; 256]);
        let keys = serde_json::json!({"keys": [{"kid": "k", "kty": "RSA", "n": modulus, "e": "AQAB"}]});
        (Secret::new(token), keys)
    }

    /// The checks that pass for an endpoint that answers everything with this status.
    async fn passed(status: u16, body: &'static str) -> Vec<Row> {
        use axum::{Router, http::StatusCode, routing::get};
        let (token, keys) = looks_like_a_token();
        let answer = async move || (StatusCode::from_u16(status).unwrap(), body);
        let router =
            Router::new().route("/{pool}/.well-known/jwks.json", get(async move || keys.to_string())).fallback(answer);
        let base = crate::testing::serve(router).await;
        let outputs = crate::testing::outputs(&base);
        let table = Checklist::prepare(&outputs, &token, false).await.unwrap();
        let rows = table.run(|| ()).await;
        assert_eq!(rows.len(), table.len());
        for row in &rows {
            assert!(!format!("{row:?}").contains("c2ln"), "{row:?} shows the token");
        }
        rows.into_iter().filter(|row| row.ok).collect()
    }

    #[tokio::test]
    async fn an_open_endpoint_and_a_broken_one_fail_every_refusal() {
        let open = passed(200, "{}").await;
        let odd = ["the token after \"bearer\"", "the token after two spaces"];
        assert!(open.iter().all(|row| row.group == Group::Contract || odd.contains(&row.check.as_str())), "{open:?}");
        assert_eq!(passed(502, "{}").await, []);
    }

    #[tokio::test]
    async fn an_endpoint_that_refuses_everything_fails_the_contract() {
        let shut = passed(401, "{}").await;
        assert!(shut.iter().all(|row| row.group != Group::Contract));
        assert!(shut.iter().filter(|row| row.group == Group::Token).count() > 20);
    }

    #[test]
    fn a_problem_document_is_read() {
        let good = r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"no"}"#;
        assert!(judged(Expect::Problem(400), 400, good).ok);
        for (body, problem) in [
            ("no", "the body is not JSON"),
            (r#"{"message":"no"}"#, "the body has no type"),
            (r#"{"type":"a","title":"b","detail":"c","status":415}"#, "the body states another status"),
        ] {
            let row = judged(Expect::Problem(400), 400, body);
            assert_eq!((row.ok, row.problem.as_deref()), (false, Some(problem)));
        }
    }
}
