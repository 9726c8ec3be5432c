//! Which hosts a request may name.

use axum::body::Body;
use http::{Request, header};

/// The host that the request names: that of the request target if it has one, else of the header.
pub(super) fn host_of(request: &Request<Body>) -> Option<String> {
    let hosts: Vec<_> = request.headers().get_all(header::HOST).iter().collect();
    let named = match (request.uri().authority(), hosts.as_slice()) {
        (Some(authority), _) => authority.as_str(),
        (None, [host]) => host.to_str().ok()?,
        // A proxy in front of us could take another one of several hosts than we do.
        _ => return None,
    };
    Some(named.to_ascii_lowercase())
}

/// Whether a client that sends this `Host` meant this server.
pub(super) fn is_ours(host: &str, port: u16) -> bool {
    let (name, given_port) = match host.rsplit_once(':') {
        Some((name, digits)) if !digits.ends_with(']') => (name, digits.parse::<u16>().ok()),
        _ => (host, Some(port)),
    };
    // A client that resolves AWS's names to this server gives no port.
    let aws = [".amazonaws.com", ".amazoncognito.com"].iter().any(|suffix| name.ends_with(suffix));
    let local = matches!(name, "127.0.0.1" | "localhost" | "[::1]") || name.ends_with(".localhost");
    aws || (local && given_port == Some(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_server_are_answered() {
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
