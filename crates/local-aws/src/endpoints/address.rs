//! Resolves the host and path of a request to an endpoint.

/// The endpoint that a request is for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// The token endpoint, with the domain's prefix and Region if the host contains them.
    Token(Option<(String, String)>),
    /// The key set of the user pool with this id.
    Keys(String),
    /// The OpenID configuration of the user pool with this id.
    Configuration(String),
    /// A stage of an API.
    Api(StageAddress),
}

/// The stage of an API, and the path below it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StageAddress {
    pub(super) api: String,
    /// `None` if the host contains no Region: then the API is looked up in all Regions.
    pub(super) region: Option<String>,
    pub(super) stage: String,
    /// The path after the stage, as sent; at least `/`.
    pub(super) path: String,
}

/// Whether a request to `host` for `path` is for an endpoint, which needs no signature.
///
/// False for a host that is neither this server nor AWS's: a web page that rebinds its own host name to 127.0.0.1
/// reaches nothing here.
pub(crate) fn serves(host: &str, path: &str) -> bool {
    resolve(host, path).is_some()
}

pub(super) fn resolve(host: &str, path: &str) -> Option<Endpoint> {
    let host = without_port(host).to_ascii_lowercase();
    if let Some((api, region)) = api_host(&host) {
        let (stage, path) = stage_and_path(path.strip_prefix('/')?);
        return Some(Endpoint::Api(StageAddress { api, region, stage, path }));
    }
    if let Some(domain) = token_host(&host) {
        return (path == "/oauth2/token").then_some(Endpoint::Token(Some(domain)));
    }
    let is_local = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
    let is_issuer = host.starts_with("cognito-idp.") && host.ends_with(".amazonaws.com");
    if (is_local || is_issuer)
        && let Some((pool, document)) = path.strip_prefix('/')?.split_once("/.well-known/")
    {
        return match document {
            "jwks.json" => Some(Endpoint::Keys(pool.to_owned())),
            "openid-configuration" => Some(Endpoint::Configuration(pool.to_owned())),
            _ => None,
        };
    }
    if !is_local {
        return None;
    }
    if path == "/oauth2/token" {
        return Some(Endpoint::Token(None));
    }
    let (api, rest) = split_first(path.strip_prefix("/_aws/execute-api/")?);
    let (stage, path) = stage_and_path(rest);
    Some(Endpoint::Api(StageAddress { api: api.to_owned(), region: None, stage, path }))
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
