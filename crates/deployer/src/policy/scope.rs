//! The scopes of the policy: on which resources an action is allowed, as narrowly as AWS permits. Each is one
//! statement.
//!
//! Resources whose names we choose are listed by name. The ids of pools and APIs are not known before they exist, so
//! their scopes use the ownership tags; the parts of an API inherit its tags. Only `up --adopt` needs the `Adopt…`
//! scopes: unowned resources do not have our tags yet, and IAM cannot match them by name.

use serde_json::{Map, Value, json};

use crate::names::{STACK_TAG, StackId};

/// A statement of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    Function,
    FunctionCaller,
    Role,
    RoleOfFunction,
    LogGroup,
    Region,
    AnyPool,
    NewPool,
    TagPool,
    Owned,
    AdoptPool,
    AdoptRead,
    Apis,
    NewApi,
    Api,
    ApiParts,
}

impl Scope {
    /// All of them, in the order of the document.
    pub(super) const ALL: [Self; 16] = [
        Self::Function,
        Self::FunctionCaller,
        Self::Role,
        Self::RoleOfFunction,
        Self::LogGroup,
        Self::Region,
        Self::AnyPool,
        Self::NewPool,
        Self::TagPool,
        Self::Owned,
        Self::AdoptPool,
        Self::AdoptRead,
        Self::Apis,
        Self::NewApi,
        Self::Api,
        Self::ApiParts,
    ];

    /// The statement's id.
    pub(super) fn sid(self) -> &'static str {
        match self {
            Self::Function => "Function",
            Self::FunctionCaller => "FunctionCaller",
            Self::Role => "Role",
            Self::RoleOfFunction => "RoleOfFunction",
            Self::LogGroup => "LogGroup",
            Self::Region => "Region",
            Self::AnyPool => "AnyPool",
            Self::NewPool => "NewPool",
            Self::TagPool => "TagPool",
            Self::Owned => "Owned",
            Self::AdoptPool => "AdoptPool",
            Self::Apis => "Apis",
            Self::NewApi => "NewApi",
            Self::Api => "Api",
            Self::ApiParts => "ApiParts",
            Self::AdoptRead => "AdoptRead",
        }
    }

    /// ARN patterns. A star also matches slashes, so some verbs are allowed on more paths of the stack's own API than
    /// are called. Nothing outside that API is matched.
    pub(super) fn resources(self, id: &StackId) -> Vec<String> {
        let any_pool = || id.user_pool_arn("*");
        let below_any_api = |paths: &[&str]| -> Vec<String> {
            paths.iter().map(|path| id.rest_api_arn(&format!("*/{path}"))).collect()
        };
        let pool_and = |paths: &[&str]| [any_pool()].into_iter().chain(below_any_api(paths)).collect();
        match self {
            Self::Function | Self::FunctionCaller => vec![id.function_arn()],
            Self::Role | Self::RoleOfFunction => vec![id.role_arn()],
            // Tag operations use the ARN without `:*`, all others the ARN with it.
            Self::LogGroup => vec![format!("{}:*", id.log_group_arn()), id.log_group_arn()],
            Self::Region | Self::NewPool => vec!["*".to_owned()],
            Self::AnyPool | Self::TagPool | Self::AdoptPool => vec![any_pool()],
            Self::Apis => vec![id.rest_apis_arn()],
            Self::NewApi => vec![id.rest_apis_arn(), id.rest_api_tags_arn()],
            // Gateway responses: a managed policy has no room for the whole word.
            Self::Owned | Self::AdoptRead => {
                pool_and(&["authorizers", "deployments", "gateway*", "resources", "stages"])
            }
            Self::Api => vec![id.rest_api_arn("*")],
            Self::ApiParts => below_any_api(&["authorizers", "deployments", "stages"]),
        }
    }

    /// The statement's condition.
    pub(super) fn condition(self, id: &StackId) -> Option<Value> {
        let tags = |context: &str| -> Map<String, Value> {
            id.tags().iter().map(|(key, value)| (format!("aws:{context}Tag/{key}"), json!(value))).collect()
        };
        let region = || ("aws:RequestedRegion".to_owned(), json!(id.region));
        // A resource without this tag is unowned, whatever the stage tag says.
        let unowned = || json!({ format!("aws:ResourceTag/{STACK_TAG}"): "true" });
        Some(match self {
            Self::FunctionCaller => json!({ "StringEquals": { "lambda:Principal": "apigateway.amazonaws.com" } }),
            Self::RoleOfFunction => json!({ "StringEquals": { "iam:PassedToService": "lambda.amazonaws.com" } }),
            Self::Region => json!({ "StringEquals": Map::from_iter([region()]) }),
            Self::NewPool => {
                let keys: Map<String, Value> = tags("Request").into_iter().chain([region()]).collect();
                json!({ "StringEquals": keys })
            }
            Self::NewApi => json!({ "StringEquals": tags("Request") }),
            // Matches a new pool, an unowned one, and our own.
            Self::TagPool => json!({ "StringEquals": tags("Request"), "StringEqualsIfExists": tags("Resource") }),
            Self::Owned | Self::Api | Self::ApiParts => json!({ "StringEquals": tags("Resource") }),
            Self::AdoptPool => json!({ "StringEquals": tags("Request"), "Null": unowned() }),
            Self::AdoptRead => json!({ "Null": unowned() }),
            Self::Function | Self::Role | Self::LogGroup | Self::AnyPool | Self::Apis => return None,
        })
    }
}
