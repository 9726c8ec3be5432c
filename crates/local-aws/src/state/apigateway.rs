//! API Gateway REST APIs: what is configured, and the snapshots that deployments took of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tags::Tags;

/// A REST API.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestApi {
    /// Ten lower-case characters.
    pub id: String,
    /// Not unique.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// `REGIONAL`, `EDGE` or `PRIVATE`.
    pub endpoint_type: String,
    /// Whether the default endpoint is switched off.
    pub disable_execute_api_endpoint: bool,
    /// Bytes; responses below it are not compressed.
    pub minimum_compression_size: Option<u32>,
    /// What a deployment snapshots.
    pub current: Snapshot,
    /// Deployments by id.
    pub deployments: BTreeMap<String, Deployment>,
    /// Stages by name.
    pub stages: BTreeMap<String, Stage>,
    /// Tags.
    pub tags: Tags,
    /// Milliseconds since the epoch.
    pub created_ms: u64,
}

/// Everything that reaches callers only with a deployment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Media types whose bodies are passed base64-encoded.
    pub binary_media_types: Vec<String>,
    /// Resources by id.
    pub resources: BTreeMap<String, Resource>,
    /// Authorizers by id.
    pub authorizers: BTreeMap<String, Authorizer>,
}

/// A resource (a path).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Id.
    pub id: String,
    /// None for the root.
    pub parent_id: Option<String>,
    /// Last part of the path; none for the root.
    pub path_part: Option<String>,
    /// `/` or `/a/b`.
    pub path: String,
    /// Methods by HTTP verb, `ANY` included.
    pub methods: BTreeMap<String, Method>,
}

/// A method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// Verb or `ANY`.
    pub http_method: String,
    /// `NONE`, `AWS_IAM`, `CUSTOM` or `COGNITO_USER_POOLS`.
    pub authorization_type: String,
    /// The authorizer, for the last two.
    pub authorizer_id: Option<String>,
    /// Access-token scopes, any of which admits.
    pub authorization_scopes: Vec<String>,
    /// Whether an API key is demanded.
    pub api_key_required: bool,
    /// Friendly name.
    pub operation_name: Option<String>,
    /// Where requests go.
    pub integration: Option<Integration>,
}

/// An integration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integration {
    /// `AWS_PROXY` is the only type that is served.
    pub kind: String,
    /// Verb towards the backend; `POST` for Lambda.
    pub http_method: Option<String>,
    /// `arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<function arn>/invocations`
    pub uri: Option<String>,
    /// Role that API Gateway assumes instead of the function's resource policy.
    pub credentials: Option<String>,
    /// `WHEN_NO_MATCH`, `WHEN_NO_TEMPLATES` or `NEVER`.
    pub passthrough_behavior: String,
    /// `CONVERT_TO_BINARY` or `CONVERT_TO_TEXT`; kept, and not applied to a proxy integration.
    #[serde(default)]
    pub content_handling: Option<String>,
    /// 50 to 29,000 ms.
    pub timeout_ms: u32,
}

/// An authorizer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorizer {
    /// Id.
    pub id: String,
    /// Unique in the API.
    pub name: String,
    /// `COGNITO_USER_POOLS` is the only type that is served.
    pub kind: String,
    /// User pool ARNs.
    pub provider_arns: Vec<String>,
    /// `method.request.header.Authorization`
    pub identity_source: Option<String>,
    /// Regular expression on `aud`.
    pub identity_validation_expression: Option<String>,
    /// Seconds, 0 to 3,600.
    pub result_ttl_s: u32,
}

/// A deployment.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Id.
    pub id: String,
    /// Free text.
    pub description: Option<String>,
    /// What it serves.
    pub snapshot: Snapshot,
    /// Milliseconds since the epoch.
    pub created_ms: u64,
}

/// A stage.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Name, the first part of every path.
    pub name: String,
    /// The deployment that it serves.
    pub deployment_id: String,
    /// Free text.
    pub description: Option<String>,
    /// Stage variables.
    pub variables: BTreeMap<String, String>,
    /// Method settings by `<resource path>/<verb>`, `*/*` for all: setting → value, as UpdateStage names them.
    pub method_settings: BTreeMap<String, MethodSetting>,
    /// Tags.
    pub tags: Tags,
    /// Milliseconds since the epoch.
    pub created_ms: u64,
    /// Milliseconds since the epoch.
    pub modified_ms: u64,
}

/// Settings of a stage's methods.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MethodSetting {
    /// Requests a second; none is the account's limit.
    pub throttling_rate_limit: Option<f64>,
    /// Requests at once; none is the account's limit.
    pub throttling_burst_limit: Option<u32>,
    /// `OFF`, `ERROR` or `INFO`.
    pub logging_level: Option<String>,
    /// Detailed metrics.
    pub metrics_enabled: bool,
    /// Logs whole requests.
    pub data_trace_enabled: bool,
}
