//! The AWS services that take signed requests.

use crate::{outcome::ApiError, protocol::Protocol};

/// A service, by its name in a credential scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    ApiGateway,
    /// User pools (`cognito-idp`).
    Cognito,
    Iam,
    Lambda,
    /// CloudWatch Logs.
    Logs,
    Sts,
}

impl Service {
    /// Every service, sorted by name.
    pub(crate) const ALL: [Self; 6] = [Self::ApiGateway, Self::Cognito, Self::Iam, Self::Lambda, Self::Logs, Self::Sts];

    /// The service of that name in a credential scope.
    pub(crate) fn by_scope(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// The name in credential scopes, ARNs and IAM actions.
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

    pub(crate) fn protocol(self) -> Protocol {
        match self {
            Self::ApiGateway | Self::Lambda => Protocol::RestJson,
            Self::Cognito | Self::Logs => Protocol::Json,
            Self::Iam | Self::Sts => Protocol::Query,
        }
    }

    /// The XML namespace of a service with the query protocol.
    pub(crate) fn namespace(self) -> &'static str {
        match self {
            Self::Iam => "https://iam.amazonaws.com/doc/2010-05-08/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            _ => "",
        }
    }

    /// The prefix of `X-Amz-Target` of a service with the JSON protocol.
    pub(crate) fn target_prefix(self) -> Option<&'static str> {
        match self {
            Self::Cognito => Some("AWSCognitoIdentityProviderService"),
            Self::Logs => Some("Logs_20140328"),
            _ => None,
        }
    }

    /// The error of a request above the rate limit.
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

    /// The error of a request that the policy does not allow.
    pub(crate) fn access_denied(self, message: String) -> ApiError {
        let (status, code) = match self {
            Self::Iam | Self::Sts => (403, "AccessDenied"),
            Self::Lambda | Self::ApiGateway => (403, "AccessDeniedException"),
            Self::Cognito | Self::Logs => (400, "AccessDeniedException"),
        };
        ApiError::new(status, code, message)
    }

    /// The error code for a value that breaks a constraint.
    pub(crate) fn validation_code(self) -> &'static str {
        match self {
            Self::ApiGateway => "BadRequestException",
            Self::Cognito | Self::Logs => "InvalidParameterException",
            Self::Iam | Self::Sts => "ValidationError",
            Self::Lambda => "ValidationException",
        }
    }
}
