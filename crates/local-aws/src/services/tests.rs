//! Invariants of every operation.

use std::collections::BTreeSet;

use http::Method;

use super::operations;
use crate::{model, operation::Wire, service::Service, state::State, testing::request_of};

#[test]
fn every_operation_except_get_caller_identity_needs_a_permission() {
    let state = State::new("123456789012");
    for operation in operations() {
        let permissions = (operation.permissions)(&request_of(operation), &state);
        assert_eq!(permissions.is_empty(), operation.service == Service::Sts, "{}", operation.name);
    }
}

#[test]
fn names_and_routes_are_unique_and_match_the_models() {
    let mut seen = BTreeSet::new();
    for operation in operations() {
        let name = format!("{} {}", operation.service.name(), operation.name);
        assert!(seen.insert(name.clone()), "{name} has two rows");
        let expected = model::uri(operation.service, operation.name);
        let expected = expected.unwrap_or_else(|| panic!("{name} has no model"));
        if let Wire::Rest { method, uri } = operation.wire {
            assert!(
                seen.insert(format!("{} {method} {uri}", operation.service.name())),
                "{name}: {method} {uri} is taken"
            );
            assert_eq!(uri.replace("+}", "}"), expected, "{name}");
        }
    }
    assert!(seen.len() > 100, "{}", seen.len());
}

#[test]
fn names_tell_reads_from_writes() {
    for operation in operations() {
        let reads = ["Get", "List", "Describe", "Filter", "Invoke"].iter().any(|verb| operation.name.starts_with(verb));
        assert_eq!(operation.writes, !reads, "{}", operation.name);
    }
}

#[test]
fn a_path_matches_one_operation_and_its_labels() {
    let route = |service, method: Method, path: &str| {
        let segments: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        super::route(service, &method, &segments).map(|(operation, labels)| (operation.name, labels.join(" ")))
    };
    let found = |name, labels: &str| Some((name, labels.to_owned()));
    let gateway = |method, path: &str| route(Service::ApiGateway, method, path);
    assert_eq!(gateway(Method::GET, "/restapis"), found("GetRestApis", ""));
    assert_eq!(gateway(Method::PUT, "/restapis/a/resources/r/methods/POST"), found("PutMethod", "a r POST"));
    assert_eq!(
        gateway(Method::GET, "/tags/arn:aws:apigateway:r::/restapis/a"),
        found("GetTags", "arn:aws:apigateway:r::/restapis/a")
    );
    assert_eq!(gateway(Method::POST, "/restapis/a/resources/r/methods/POST"), None);
    assert_eq!(gateway(Method::GET, "/restapis/a/other"), None);
    let lambda = |method, path: &str| route(Service::Lambda, method, path);
    assert_eq!(lambda(Method::DELETE, "/2015-03-31/functions/f/policy/s"), found("RemovePermission", "f s"));
    assert_eq!(lambda(Method::GET, "/2015-03-31/functions/f/configuration/"), found("GetFunctionConfiguration", "f"));
    assert_eq!(lambda(Method::GET, "/2017-03-31/tags/a/b"), None);
    assert_eq!(route(Service::Iam, Method::POST, "/"), None);
}
