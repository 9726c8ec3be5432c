//! Which requests are for the data plane.

use super::super::address::{Endpoint, StageAddress, resolve, serves};

#[test]
fn both_addresses_of_an_endpoint_are_resolved() {
    let api = |region: Option<&str>, path: &str| {
        Some(Endpoint::Api(StageAddress {
            api: "abc".to_owned(),
            region: region.map(str::to_owned),
            stage: "dev".to_owned(),
            path: path.to_owned(),
        }))
    };
    assert_eq!(resolve("abc.execute-api.eu-west-1.amazonaws.com", "/dev/a/b"), api(Some("eu-west-1"), "/a/b"));
    assert_eq!(resolve("ABC.execute-api.localhost:4566", "/dev"), api(None, "/"));
    assert_eq!(resolve("127.0.0.1:4566", "/_aws/execute-api/abc/dev/a/"), api(None, "/a/"));
    assert_eq!(resolve("localhost:1", "/_aws/execute-api/abc/dev"), api(None, "/"));
    let domain = Some(("digits".to_owned(), "eu-west-1".to_owned()));
    assert_eq!(resolve("digits.auth.eu-west-1.amazoncognito.com", "/oauth2/token"), Some(Endpoint::Token(domain)));
    assert_eq!(resolve("[::1]:80", "/oauth2/token"), Some(Endpoint::Token(None)));
    let keys = Some(Endpoint::Keys("eu-west-1_A".to_owned()));
    assert_eq!(resolve("localhost", "/eu-west-1_A/.well-known/jwks.json"), keys);
    assert_eq!(resolve("cognito-idp.eu-west-1.amazonaws.com", "/eu-west-1_A/.well-known/jwks.json"), keys);
}

#[test]
fn foreign_hosts_and_control_plane_paths_are_not_endpoints() {
    for (host, path) in [
        ("attacker.example", "/_aws/execute-api/abc/dev/"),
        ("attacker.example", "/oauth2/token"),
        ("abc.execute-api.attacker.example", "/dev/"),
        ("127.0.0.1.attacker.example", "/oauth2/token"),
        ("127.0.0.1:4566", "/2015-03-31/functions/digits"),
        ("127.0.0.1:4566", "/"),
        ("localhost", "/eu-west-1_A/.well-known/other"),
        ("digits.auth.eu-west-1.amazoncognito.com", "/login"),
        ("", ""),
    ] {
        assert!(!serves(host, path), "{host} {path}");
    }
}
