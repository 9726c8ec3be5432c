//! The AWS services: a folder for each with its table of `OPERATIONS`, and a file for each resource with its changes
//! and errors.

mod apigateway;
mod cognito;
mod iam;
mod lambda;
mod logs;
mod page;
mod sts;
mod tags;

use http::Method;

#[cfg(any(test, fuzzing))]
pub(crate) use self::cognito::generate_key;

use crate::{operation::Operation, service::Service};

/// Every operation that the local cloud has.
pub(crate) fn operations() -> impl Iterator<Item = &'static Operation> {
    Service::ALL.into_iter().flat_map(operations_of)
}

fn operations_of(service: Service) -> &'static [Operation] {
    match service {
        Service::ApiGateway => apigateway::OPERATIONS,
        Service::Cognito => cognito::OPERATIONS,
        Service::Iam => iam::OPERATIONS,
        Service::Lambda => lambda::OPERATIONS,
        Service::Logs => logs::OPERATIONS,
        Service::Sts => sts::OPERATIONS,
    }
}

/// The operation with this name.
pub(crate) fn find(service: Service, name: &str) -> Option<&'static Operation> {
    operations_of(service).iter().find(|operation| operation.name == name)
}

/// The operation that matches a method and path, and the values of the path's labels.
pub(crate) fn route(
    service: Service,
    method: &Method,
    segments: &[String],
) -> Option<(&'static Operation, Vec<String>)> {
    operations_of(service).iter().find_map(|operation| Some((operation, operation.labels(method.as_str(), segments)?)))
}

#[cfg(test)]
mod tests;
