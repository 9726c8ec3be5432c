//! What callers of a deployed stack meet: token endpoint, key set, and the API endpoint.
//!
//! Each is reached in two ways. Either by AWS's own host name (`<api>.execute-api.<region>.amazonaws.com`,
//! `<domain>.auth.<region>.amazoncognito.com`), sent in the Host header, or on the server's own address by the paths
//! that MiniStack and LocalStack share: `/_aws/execute-api/<api>/<stage>/…`, `/oauth2/token` and
//! `/<pool id>/.well-known/…`. Those name no Region, so the id is looked up in all of them.

mod authorizer;
mod execute_api;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod ids;
mod jwks;
mod proxy_event;
mod proxy_response;
mod refusal;
mod route;
pub(crate) mod runtime;
#[cfg(test)]
pub(crate) mod tests;
mod throttle;
mod token;

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, header::HOST};

pub(crate) use throttle::Throttle;

use crate::server::App;

/// What a request is for.
#[derive(Debug, PartialEq, Eq)]
enum Target {
    /// The token endpoint, with domain prefix and Region when the host names them.
    Token(Option<(String, String)>),
    /// A user pool's key set.
    Keys(String),
    /// A user pool's OpenID configuration.
    Configuration(String),
    /// A stage of an API.
    Api(ApiTarget),
}

/// A request to a stage of an API.
#[derive(Debug, PartialEq, Eq)]
struct ApiTarget {
    api: String,
    /// None: looked up.
    region: Option<String>,
    stage: String,
    /// As sent, from the slash after the stage; `/` at least.
    path: String,
}

/// Whether a request to `host` for `path` is the data plane's, which needs no signature.
///
/// False for a host name that is neither the server's own nor one of AWS's: a page that rebinds its own name to
/// 127.0.0.1 reaches nothing here.
pub(crate) fn serves(host: &str, path: &str) -> bool {
    target(host, path).is_some()
}

/// Answers a data-plane request.
pub(crate) async fn handle(app: &Arc<App>, request: Request<Bytes>) -> Response<Bytes> {
    let target = target(host_of(&request).unwrap_or_default(), request.uri().path());
    match target {
        Some(Target::Token(domain)) => token::answer(&app.store, domain.as_ref(), &request),
        Some(Target::Keys(pool)) => jwks::keys(&app.store, &pool, &request),
        Some(Target::Configuration(pool)) => jwks::configuration(&app.store, &pool, &request),
        Some(Target::Api(target)) => execute_api::answer(app, &target, &request).await,
        None => refusal::not_found(),
    }
}

fn host_of(request: &Request<Bytes>) -> Option<&str> {
    match request.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => request.headers().get(HOST).and_then(|host| host.to_str().ok()),
    }
}

fn target(host: &str, path: &str) -> Option<Target> {
    let host = without_port(host).to_ascii_lowercase();
    if let Some((api, region)) = api_host(&host) {
        let (stage, path) = stage_and_path(path.strip_prefix('/')?);
        return Some(Target::Api(ApiTarget { api, region, stage, path }));
    }
    if let Some(domain) = token_host(&host) {
        return (path == "/oauth2/token").then_some(Target::Token(Some(domain)));
    }
    let own = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
    let issuer = host.starts_with("cognito-idp.") && host.ends_with(".amazonaws.com");
    if (own || issuer)
        && let Some((pool, document)) = path.strip_prefix('/')?.split_once("/.well-known/")
    {
        return match document {
            "jwks.json" => Some(Target::Keys(pool.to_owned())),
            "openid-configuration" => Some(Target::Configuration(pool.to_owned())),
            _ => None,
        };
    }
    if !own {
        return None;
    }
    if path == "/oauth2/token" {
        return Some(Target::Token(None));
    }
    let (api, rest) = split_first(path.strip_prefix("/_aws/execute-api/")?);
    let (stage, path) = stage_and_path(rest);
    Some(Target::Api(ApiTarget { api: api.to_owned(), region: None, stage, path }))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// API and Region of `<api>.execute-api[.<region>].{amazonaws.com,localhost}`.
fn api_host(host: &str) -> Option<(String, Option<String>)> {
    let (api, rest) = host.split_once(".execute-api.")?;
    if api.is_empty() || api.contains('.') {
        return None;
    }
    let region = match rest {
        "localhost" => None,
        _ => Some(rest.strip_suffix(".amazonaws.com").or_else(|| rest.strip_suffix(".localhost"))?),
    };
    Some((api.to_owned(), region.map(str::to_owned)))
}

/// Prefix and Region of `<prefix>.auth.<region>.amazoncognito.com`.
fn token_host(host: &str) -> Option<(String, String)> {
    let (prefix, region) = host.strip_suffix(".amazoncognito.com")?.split_once(".auth.")?;
    Some((prefix.to_owned(), region.to_owned()))
}

fn split_first(path: &str) -> (&str, &str) {
    path.split_once('/').unwrap_or((path, ""))
}

fn stage_and_path(path: &str) -> (String, String) {
    let (stage, rest) = split_first(path);
    (stage.to_owned(), format!("/{rest}"))
}
