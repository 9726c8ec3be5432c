//! The kinds of resources that a stack is made of, and what each needs.

use serde::Serialize;

/// The resources of a stack, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    LogGroup,
    Role,
    Function,
    UserPool,
    ResourceServer,
    AppClient,
    Domain,
    RestApi,
    Authorizer,
    Method,
    Integration,
    Cors,
    Permission,
    Deployment,
    Stage,
}

impl ResourceKind {
    /// In the order in which they are shown.
    pub const ALL: [Self; 15] = [
        Self::LogGroup,
        Self::Role,
        Self::Function,
        Self::UserPool,
        Self::ResourceServer,
        Self::AppClient,
        Self::Domain,
        Self::RestApi,
        Self::Authorizer,
        Self::Method,
        Self::Integration,
        Self::Cors,
        Self::Permission,
        Self::Deployment,
        Self::Stage,
    ];

    /// The name in `--only`, in JSON and in lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::LogGroup => "log_group",
            Self::Role => "role",
            Self::Function => "function",
            Self::UserPool => "user_pool",
            Self::ResourceServer => "resource_server",
            Self::AppClient => "app_client",
            Self::Domain => "domain",
            Self::RestApi => "rest_api",
            Self::Authorizer => "authorizer",
            Self::Method => "method",
            Self::Integration => "integration",
            Self::Cors => "cors",
            Self::Permission => "permission",
            Self::Deployment => "deployment",
            Self::Stage => "stage",
        }
    }

    /// The name in a sentence.
    pub fn words(self) -> String {
        match self {
            Self::RestApi => "REST API".into(),
            Self::Cors => "CORS".into(),
            other => other.as_str().replace('_', " "),
        }
    }

    /// What must exist before it.
    pub fn needs(self) -> &'static [Self] {
        match self {
            Self::LogGroup | Self::Role | Self::UserPool | Self::RestApi => &[],
            Self::Function => &[Self::Role, Self::LogGroup],
            Self::ResourceServer | Self::Domain => &[Self::UserPool],
            Self::AppClient => &[Self::ResourceServer],
            Self::Cors => &[Self::RestApi],
            Self::Authorizer => &[Self::UserPool, Self::RestApi],
            Self::Method => &[Self::Authorizer],
            Self::Integration => &[Self::Method],
            Self::Permission => &[Self::Function, Self::RestApi],
            Self::Deployment => &[Self::Integration, Self::Cors],
            Self::Stage => &[Self::Deployment],
        }
    }
}
