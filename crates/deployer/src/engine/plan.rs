//! The plan: one immutable value that text, JSON and apply all read.

use std::fmt;

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
    Permission,
    Deployment,
    Stage,
}

impl ResourceKind {
    /// All of them, in order.
    pub const ALL: [Self; 14] = [
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
        Self::Permission,
        Self::Deployment,
        Self::Stage,
    ];

    /// The name as `--only` and JSON spell it.
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
            Self::Permission => "permission",
            Self::Deployment => "deployment",
            Self::Stage => "stage",
        }
    }

    /// The name in a sentence.
    pub fn words(self) -> String {
        match self {
            Self::RestApi => "REST API".into(),
            other => other.as_str().replace('_', " "),
        }
    }

    /// What must be there before it.
    pub fn needs(self) -> &'static [Self] {
        match self {
            Self::LogGroup | Self::Role | Self::UserPool | Self::RestApi => &[],
            Self::Function => &[Self::Role, Self::LogGroup],
            Self::ResourceServer | Self::Domain => &[Self::UserPool],
            Self::AppClient => &[Self::ResourceServer],
            Self::Authorizer => &[Self::UserPool, Self::RestApi],
            Self::Method => &[Self::Authorizer],
            Self::Integration => &[Self::Method],
            Self::Permission => &[Self::Function, Self::RestApi],
            Self::Deployment => &[Self::Integration],
            Self::Stage => &[Self::Deployment],
        }
    }
}

/// What is done to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    Create,
    Update,
    Adopt,
    Replace,
    Delete,
    NoOp,
}

impl Action {
    /// One character that stands for it.
    pub fn symbol(self) -> char {
        match self {
            Self::Create => '+',
            Self::Update => '~',
            Self::Adopt => '>',
            Self::Replace => '±',
            Self::Delete => '-',
            Self::NoOp => '•',
        }
    }
}

/// One field that differs. Values are shown as JSON; a secret is never one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldDiff {
    /// Path within the resource, in deploy.toml's or AWS's words: `memory_mb`, `tags.deployer:stack`.
    pub field: String,
    /// What it should be; `null` when it should not be there.
    pub desired: serde_json::Value,
    /// What it is; `null` when it is not there.
    pub actual: serde_json::Value,
}

/// What will be done to one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which resource.
    pub resource: ResourceKind,
    /// What is done.
    pub action: Action,
    /// Physical name or AWS id, where known.
    pub id: Option<String>,
    /// Why, where the action alone does not tell: `method changed since the last deployment`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Field by field; every desired field of what is created, what differs of all else.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diff: Vec<FieldDiff>,
}

/// Something of a resource's name that is not the stack's, and keeps the plan from being carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unowned {
    /// Which resource.
    pub resource: ResourceKind,
    /// Physical name or AWS id.
    pub id: String,
    /// Who owns it, where that is known: `stack digits/dev`, `user pool eu-west-1_x`.
    pub owner: Option<String>,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Unowned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \"{}\" ", self.resource.words(), self.id)?;
        match &self.owner {
            Some(owner) => write!(f, "belongs to {owner}"),
            None => f.write_str("exists and belongs to no stack"),
        }
    }
}

/// Another stack of this stage that stays as it is. Told when nothing of this one is there, for then `name` may have
/// been changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftBehind {
    /// Its name.
    pub stack: String,
    /// Its stage.
    pub stage: String,
    /// What it has, as resource and physical name or id.
    pub resources: Vec<(ResourceKind, String)>,
}
