//! The hosts that a request may name.

use axum::body::Body;
use http::{Request, header};

/// The host of a request: from the request target if it has one, otherwise from the `Host` header.
pub(super) fn host_of(request: &Request<Body>) -> Option<String> {
    let hosts: Vec<_> = request.headers().get_all(header::HOST).iter().collect();
    let named = match (request.uri().authority(), hosts.as_slice()) {
        (Some(authority), _) => authority.as_str(),
        (None, [host]) => host.to_str().ok()?,
        // With several hosts, a proxy in front of us could pick a different one.
        _ => return None,
    };
    Some(named.to_ascii_lowercase())
}

/// Whether this `Host` names this server.
pub(super) fn is_ours(host: &str, port: u16) -> bool {
    let (name, given_port) = match host.rsplit_once(':') {
        Some((name, digits)) if !digits.ends_with(']') => (name, digits.parse::<u16>().ok()),
        _ => (host, Some(port)),
    };
    // A client that resolves AWS's host names to this server sends no port.
    let aws = [".amazonaws.com", ".amazoncognito.com"].iter().any(|suffix| name.ends_with(suffix));
    let local = matches!(name, "127.0.0.1" | "localhost" | "[::1]") || name.ends_with(".localhost");
    aws || (local && given_port == Some(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_this_server_are_accepted() {
        for host in [
            "127.0.0.1:4566",
            "localhost:4566",
            "[::1]:4566",
            "x.localhost:4566",
            "sts.us-east-1.amazonaws.com",
            "p.auth.us-east-1.amazoncognito.com:4566",
        ] {
            assert!(is_ours(host, 4566), "{host}");
        }
        for host in ["evil.example:4566", "127.0.0.1:1", "127.0.0.1.evil.example", "", "amazonaws.com.evil", "[::1]:1"]
        {
            assert!(!is_ours(host, 4566), "{host}");
        }
    }
}
