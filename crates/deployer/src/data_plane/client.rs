//! The HTTP client: it retries only what is safe to retry, follows no redirects, and never shows a secret.

use std::{error::Error as _, fmt, time::Duration};

use anyhow::{Context as _, anyhow};
use reqwest::{
    Method, RequestBuilder, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HOST, RETRY_AFTER},
    redirect::Policy,
};
use serde::Deserialize;

use super::{clock::now, secret::Secret};
use crate::{backoff::Backoff, error::Failure, outputs::Outputs};

/// API Gateway ends a request after 29 s.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(35);
/// How long to retry after a temporary status.
const STATUS_PATIENCE: Duration = Duration::from_secs(45);
/// How long to retry a refused connection: a server that is starting soon listens.
const CONNECT_PATIENCE: Duration = Duration::from_millis(1500);
/// More than API Gateway lets through; a longer body is cut off.
const BODY_LIMIT: usize = 11_000_000;

/// The header with API Gateway's code of an error of its own.
const ERROR_TYPE: &str = "x-amzn-errortype";

/// Calls one stack's endpoints.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub body: Vec<u8>,
    retry_after: Option<Duration>,
    /// API Gateway's code of an error of its own.
    error_type: Option<String>,
}

/// No answer arrived.
#[derive(Debug, Clone)]
pub struct Unanswered {
    /// Whether the connection failed, so that nothing was sent.
    pub connect: bool,
    reason: String,
}

/// A token, its scopes and when it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    pub token: Secret,
    /// When it expires, in seconds since the Unix epoch.
    pub expires_at: u64,
    pub scopes: Vec<String>,
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Unanswered {}

impl From<reqwest::Error> for Unanswered {
    fn from(error: reqwest::Error) -> Self {
        let connect = error.is_connect();
        let mut reason = if error.is_timeout() { "no answer in time".to_owned() } else { error.to_string() };
        let mut source = error.source();
        // The last error of the chain is the operating system's; those before it repeat each other.
        while let Some(inner) = source.filter(|_| !error.is_timeout()) {
            reason = inner.to_string();
            source = inner.source();
        }
        Self { connect, reason }
    }
}

impl Reply {
    /// What went wrong, according to the body: the detail of a problem document, or AWS's message.
    pub fn problem(&self) -> String {
        #[derive(Deserialize)]
        struct Problem {
            #[serde(alias = "message", alias = "Message", alias = "error_description", alias = "error")]
            detail: String,
        }
        let name = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason()).unwrap_or("");
        match serde_json::from_slice::<Problem>(&self.body) {
            Ok(problem) => format!("{} ({} {name})", problem.detail, self.status),
            Err(_) => format!("{} {name}", self.status),
        }
    }

    /// An answer, for tests.
    #[cfg(test)]
    pub fn new(status: u16, body: &str) -> Self {
        Self { status, body: body.as_bytes().to_vec(), retry_after: None, error_type: None }
    }

    /// Whether the function ended without an answer: it ran out of memory or time, or crashed. API Gateway then answers 502 with
    /// this code; other answers with this status come from something in between.
    pub fn function_ended(&self) -> bool {
        self.status == 502
            && self.error_type.as_deref().is_some_and(|code| code.starts_with("InternalServerErrorException"))
    }

    /// Whether another attempt may succeed. What ends the function would end it again.
    fn is_temporary(&self) -> bool {
        matches!(self.status, 429 | 502 | 503 | 504) && !self.function_ended()
    }
}

impl Client {
    /// A client for the stack with these outputs.
    pub fn new(outputs: &Outputs) -> anyhow::Result<Self> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("deployer/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(REQUEST_TIMEOUT);
        let loopback = ["http://127.0.0.1:", "http://localhost:"];
        if loopback.iter().any(|start| outputs.endpoint.starts_with(start)) {
            // A proxy cannot reach a server on this machine's loopback interface.
            builder = builder.no_proxy();
        }
        Ok(Self { http: builder.build().context("preparing the HTTP client")? })
    }

    /// Fetches a token. Without scopes, it gets all that the app client may have.
    pub async fn fetch_token(
        &self,
        outputs: &Outputs,
        secret: &Secret,
        scopes: &[String],
    ) -> anyhow::Result<AccessToken> {
        let fetching = || format!("fetching a token from {}", outputs.token_url);
        let request = || self.token_request(outputs, secret, scopes);
        let reply = send_with_retries(request).await.with_context(|| {
            Failure::failed(fetching())
                .hint("check that the stack is up; a new token domain may take a minute to answer")
        })?;
        read_token(&reply, outputs, scopes)
    }

    /// Asks for a token once, without retries.
    pub async fn try_token(&self, outputs: &Outputs, secret: &Secret) -> Result<Reply, Unanswered> {
        send(self.token_request(outputs, secret, &[])).await
    }

    /// Posts an image, with retries.
    pub async fn post_image(
        &self,
        outputs: &Outputs,
        token: &Secret,
        image: &[u8],
        media_type: &str,
    ) -> Result<Reply, Unanswered> {
        send_with_retries(|| self.post_request(outputs, Some(token), image, media_type)).await
    }

    /// Posts an image once, with or without a token, without retries.
    pub async fn try_post(
        &self,
        outputs: &Outputs,
        token: Option<&Secret>,
        image: &[u8],
        media_type: &str,
    ) -> Result<Reply, Unanswered> {
        send(self.post_request(outputs, token, image, media_type)).await
    }

    /// Sends any request once. A header may be given twice.
    pub async fn ask(
        &self,
        method: &Method,
        url: &str,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Result<Reply, Unanswered> {
        let mut request = self.http.request(method.clone(), url);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        send(request.body(body.to_vec())).await
    }

    /// Gets a public document, with retries.
    pub async fn get(&self, url: &str) -> Result<Reply, Unanswered> {
        send_with_retries(|| self.http.get(url)).await
    }

    fn token_request(&self, outputs: &Outputs, secret: &Secret, scopes: &[String]) -> RequestBuilder {
        let scope = scopes.join(" ");
        let mut form = vec![("grant_type", "client_credentials")];
        if !scopes.is_empty() {
            form.push(("scope", &scope));
        }
        // Encoding pairs of strings cannot fail.
        let body = serde_urlencoded::to_string(form).unwrap_or_default();
        let mut request = self.http.post(&outputs.token_url);
        if let Some(host) = &outputs.token_host {
            request = request.header(HOST, host);
        }
        request
            .basic_auth(&outputs.client_id, Some(secret.expose()))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(body)
    }

    fn post_request(
        &self,
        outputs: &Outputs,
        token: Option<&Secret>,
        image: &[u8],
        media_type: &str,
    ) -> RequestBuilder {
        let request = self.http.post(&outputs.endpoint);
        let request = match token {
            Some(token) => request.bearer_auth(token.expose()),
            None => request,
        };
        request.header(CONTENT_TYPE, media_type).header(ACCEPT, "application/json").body(image.to_vec())
    }
}

async fn send(request: RequestBuilder) -> Result<Reply, Unanswered> {
    let mut response = request.send().await?;
    let status = response.status().as_u16();
    let seconds = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let error_type = response.headers().get(ERROR_TYPE).and_then(|value| Some(value.to_str().ok()?.to_owned()));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > BODY_LIMIT {
            break;
        }
    }
    Ok(Reply { status, body, retry_after: seconds.map(Duration::from_secs), error_type })
}

async fn send_with_retries(request: impl Fn() -> RequestBuilder) -> Result<Reply, Unanswered> {
    let mut status = Backoff::new(STATUS_PATIENCE);
    let mut connect = Backoff::new(CONNECT_PATIENCE);
    loop {
        let answer = send(request()).await;
        let again = match &answer {
            Ok(reply) if reply.is_temporary() => status.pause(reply.retry_after).await,
            Err(unanswered) if unanswered.connect => connect.pause(None).await,
            _ => false,
        };
        if !again {
            return answer;
        }
    }
}

/// Reads the token endpoint's answer.
pub fn read_token(reply: &Reply, outputs: &Outputs, scopes: &[String]) -> anyhow::Result<AccessToken> {
    #[derive(Deserialize)]
    struct Granted {
        access_token: String,
        expires_in: u64,
    }
    #[derive(Deserialize)]
    struct Refused {
        error: String,
    }
    let failure = Failure::failed(format!("fetching a token from {}", outputs.token_url));
    if reply.status == 200 {
        // An unreadable answer may hold a token, so it is not shown.
        let granted: Granted = serde_json::from_slice(&reply.body)
            .map_err(|_| anyhow!("the answer contains no token"))
            .context(failure)?;
        let scopes = if scopes.is_empty() { outputs.scopes.clone() } else { scopes.to_vec() };
        let expires_at = now().saturating_add(granted.expires_in);
        return Ok(AccessToken { token: Secret::new(granted.access_token), expires_at, scopes });
    }
    let code = serde_json::from_slice::<Refused>(&reply.body).map(|refused| refused.error).unwrap_or_default();
    let failure = match code.as_str() {
        "invalid_client" => failure.hint("the app client has changed: `deployer up` repairs it"),
        "invalid_scope" => failure.hint(format!("the stack has these scopes: {}", outputs.scopes.join(" "))),
        "invalid_grant" | "unauthorized_client" => {
            failure.hint("the app client does not allow client credentials: `deployer up` repairs it")
        }
        _ => failure.hint("check the stack with `deployer status`"),
    };
    Err(anyhow!("{}", reply.problem()).context(failure))
}
