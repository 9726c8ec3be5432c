//! What a request addresses, by its host and path.

/// What a request addresses.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// The token endpoint, with domain prefix and Region when the host names them.
    Token(Option<(String, String)>),
    /// A user pool's key set.
    Keys(String),
    /// A user pool's OpenID configuration.
    Configuration(String),
    /// A stage of an API.
    Api(StageAddress),
}

/// A request to a stage of an API.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StageAddress {
    pub(super) api: String,
    /// None where the address names none: the API is looked up in all Regions.
    pub(super) region: Option<String>,
    pub(super) stage: String,
    /// As sent, from the slash after the stage; `/` at least.
    pub(super) path: String,
}

/// Whether a request to `host` for `path` addresses an endpoint, which needs no signature.
///
/// False for a host name that is neither the server's own nor one of AWS's: a page that rebinds its own name to
/// 127.0.0.1 reaches nothing here.
pub(crate) fn serves(host: &str, path: &str) -> bool {
    address(host, path).is_some()
}

pub(super) fn address(host: &str, path: &str) -> Option<Endpoint> {
    let host = without_port(host).to_ascii_lowercase();
    if let Some((api, region)) = api_host(&host) {
        let (stage, path) = stage_and_path(path.strip_prefix('/')?);
        return Some(Endpoint::Api(StageAddress { api, region, stage, path }));
    }
    if let Some(domain) = token_host(&host) {
        return (path == "/oauth2/token").then_some(Endpoint::Token(Some(domain)));
    }
    let own = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
    let issuer = host.starts_with("cognito-idp.") && host.ends_with(".amazonaws.com");
    if (own || issuer)
        && let Some((pool, document)) = path.strip_prefix('/')?.split_once("/.well-known/")
    {
        return match document {
            "jwks.json" => Some(Endpoint::Keys(pool.to_owned())),
            "openid-configuration" => Some(Endpoint::Configuration(pool.to_owned())),
            _ => None,
        };
    }
    if !own {
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
