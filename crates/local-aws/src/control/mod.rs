//! The control plane, one folder or file a service: owns the mutations and AWS's refusals.

mod apigateway;
mod cognito;
mod iam;
mod lambda;
mod logs;
mod page;
mod sts;
mod tags;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde_json::{Map, Value};

use crate::{
    authorization, clock,
    protocol::{ApiError, Outcome, Protocol, input::Input},
    server::App,
};

/// The services that are spoken to by signed requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    /// API Gateway REST APIs.
    ApiGateway,
    /// Cognito user pools.
    Cognito,
    /// Identities.
    Iam,
    /// Functions.
    Lambda,
    /// CloudWatch Logs.
    Logs,
    /// Tokens; here only who one is.
    Sts,
}

impl Service {
    /// The service of a credential scope.
    pub(crate) fn by_scope(name: &str) -> Option<Self> {
        [Self::ApiGateway, Self::Cognito, Self::Iam, Self::Lambda, Self::Logs, Self::Sts]
            .into_iter()
            .find(|service| service.name() == name)
    }

    /// Its name in a credential scope.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ApiGateway => "apigateway",
            Self::Cognito => "cognito-idp",
            Self::Iam => "iam",
            Self::Lambda => "lambda",
            Self::Logs => "logs",
            Self::Sts => "sts",
        }
    }

    /// How it is spoken to.
    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Self::ApiGateway | Self::Lambda => Protocol::RestJson,
            Self::Cognito | Self::Logs => Protocol::Json,
            Self::Iam | Self::Sts => Protocol::Query,
        }
    }

    /// The XML name space of a query service.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            _ => "",
        }
    }

    /// What stands before the operation in `X-Amz-Target`.
    pub(crate) fn target(self) -> Option<&'static str> {
        match self {
            Self::Cognito => Some("AWSCognitoIdentityProviderService"),
            Self::Logs => Some("Logs_20140328"),
            _ => None,
        }
    }

    /// A call beyond the rate limit.
    pub(crate) fn throttled(self) -> ApiError {
        match self {
            Self::ApiGateway => ApiError::new(429, "TooManyRequestsException", "Too Many Requests"),
            Self::Lambda => ApiError {
                members: vec![("Reason", "CallerRateLimitExceeded".to_owned())],
                ..ApiError::new(429, "TooManyRequestsException", "Rate exceeded")
            },
            Self::Cognito => ApiError::new(400, "TooManyRequestsException", "Rate exceeded"),
            Self::Logs => ApiError::new(400, "ThrottlingException", "Rate exceeded"),
            Self::Iam | Self::Sts => ApiError::new(400, "Throttling", "Rate exceeded"),
        }
    }

    /// The code with which it refuses a value that breaks a constraint.
    pub(crate) fn invalid(self) -> &'static str {
        match self {
            Self::ApiGateway => "BadRequestException",
            Self::Cognito | Self::Logs => "InvalidParameterException",
            Self::Iam | Self::Sts => "ValidationError",
            Self::Lambda => "ValidationException",
        }
    }
}

/// One verified call of an operation.
pub(crate) struct Call {
    /// The whole cloud.
    pub app: Arc<App>,
    /// Region of the credential scope.
    pub region: String,
    /// `CreateFunction`
    pub operation: String,
    /// What the path names, in REST services.
    pub labels: Vec<String>,
    /// The query string.
    pub query: Vec<(String, String)>,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The parsed body.
    pub document: Map<String, Value>,
    /// The body as it came.
    pub body: Bytes,
    /// When it came, milliseconds since the epoch.
    pub now_ms: u64,
}

impl Call {
    /// A call that came now.
    #[expect(clippy::too_many_arguments, reason = "made in one place, from the parts of one request")]
    pub(crate) fn new(
        app: Arc<App>,
        region: String,
        operation: String,
        labels: Vec<String>,
        query: Vec<(String, String)>,
        headers: HeaderMap,
        document: Map<String, Value>,
        body: Bytes,
    ) -> Self {
        Self { app, region, operation, labels, query, headers, document, body, now_ms: clock::now_ms() }
    }

    /// The account that everything lives in.
    pub(crate) fn account(&self) -> &str {
        &self.app.options.account_id
    }

    /// What the path names at `index`; routes guarantee it.
    pub(crate) fn label(&self, index: usize) -> &str {
        self.labels.get(index).map_or("", String::as_str)
    }

    /// A parameter of the query string.
    pub(crate) fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All values of a parameter that may be repeated.
    pub(crate) fn params<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The input, read with the service's rules.
    fn input(&self, service: Service) -> Input<'_> {
        Input::new(&self.document, service.invalid())
    }
}

/// The operation that a verb and path stand for, and what the path names.
pub(crate) fn route(service: Service, method: &Method, segments: &[String]) -> Option<(&'static str, Vec<String>)> {
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    match service {
        Service::ApiGateway => apigateway::route(method.as_str(), &parts),
        Service::Lambda => lambda::route(method.as_str(), &parts),
        _ => None,
    }
}

/// Runs a call that the caller may make.
pub(crate) async fn run(service: Service, call: Call) -> Outcome {
    authorization::check(service, &call)?;
    if service == Service::Lambda && call.operation == "Invoke" {
        return lambda::invoke::invoke(&call).await;
    }
    // Every other operation works on files or makes keys, which must not hold up the listener.
    let done = tokio::task::spawn_blocking(move || match service {
        Service::ApiGateway => apigateway::run(&call),
        Service::Cognito => cognito::run(&call),
        Service::Iam => iam::run(&call),
        Service::Lambda => lambda::run(&call),
        Service::Logs => logs::run(&call),
        Service::Sts => sts::run(&call),
    });
    done.await.unwrap_or_else(|_| Err(ApiError::internal("the operation broke off")))
}
