//! API Gateway REST APIs: their current configuration, and the snapshots that deployments took of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tags::Tags;

/// A REST API with its deployments and stages.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestApi {
    /// Ten lower-case letters and digits.
    pub id: String,
    /// The display name, which need not be unique.
    pub name: String,
    /// Free text.
    pub description: Option<String>,
    /// `REGIONAL`, `EDGE` or `PRIVATE`.
    pub endpoint_type: String,
    /// Whether the default endpoint is disabled.
    pub disable_execute_api_endpoint: bool,
    /// Responses of fewer bytes are not compressed; `None` disables compression.
    pub minimum_compression_size: Option<u32>,
    /// The current configuration. A deployment takes a snapshot of it.
    pub current: Snapshot,
    /// Deployments by id.
    pub deployments: BTreeMap<String, Deployment>,
    /// Stages by name.
    pub stages: BTreeMap<String, Stage>,
    /// At most 50.
    pub tags: Tags,
    /// Milliseconds since the epoch.
    pub created_ms: u64,
}

/// The configuration that callers see only after a deployment.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// Media types whose bodies the function receives base64-encoded.
    pub binary_media_types: Vec<String>,
    /// Resources by id.
    pub resources: BTreeMap<String, Resource>,
    /// Authorizers by id.
    pub authorizers: BTreeMap<String, Authorizer>,
    /// The gateway responses that are not AWS's own, by type.
    #[serde(default)]
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
}

/// How API Gateway answers what it does not pass on.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewayResponse {
    /// Values in quotation marks, by `gatewayresponse.header.<name>`.
    pub response_parameters: BTreeMap<String, String>,
}

/// A resource: a path of the API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// Six lower-case letters and digits; ten for the root.
    pub id: String,
    /// `None` for the root.
    pub parent_id: Option<String>,
    /// The last segment of the path; `None` for the root.
    pub path_part: Option<String>,
    /// The full path, such as `/` or `/a/b`.
    pub path: String,
    /// Methods by HTTP verb, `ANY` included.
    pub methods: BTreeMap<String, Method>,
}

/// A method of a resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Method {
    /// The HTTP verb, or `ANY`.
    pub http_method: String,
    /// `NONE`, `AWS_IAM`, `CUSTOM` or `COGNITO_USER_POOLS`.
    pub authorization_type: String,
    /// The authorizer, if the type is `CUSTOM` or `COGNITO_USER_POOLS`.
    pub authorizer_id: Option<String>,
    /// Scopes, one of which the access token must have. Without scopes, ID tokens are required.
    pub authorization_scopes: Vec<String>,
    /// Whether requests need an API key.
    pub api_key_required: bool,
    /// A display name, such as `GetPet`.
    pub operation_name: Option<String>,
    /// The headers that answers may have, by `method.response.header.<name>`, by status code. Whether a header is required
    /// makes no difference.
    #[serde(default)]
    pub responses: BTreeMap<String, BTreeMap<String, bool>>,
    /// The backend, once it is configured.
    pub integration: Option<Integration>,
}

/// The backend of a method.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Integration {
    /// The type: `AWS_PROXY` or `MOCK`.
    pub kind: String,
    /// The verb of requests to the backend; `POST` for Lambda.
    pub http_method: Option<String>,
    /// `arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<function arn>/invocations`
    pub uri: Option<String>,
    /// The role that API Gateway assumes. Without one, the function's resource policy must allow the call.
    pub credentials: Option<String>,
    /// `WHEN_NO_MATCH`, `WHEN_NO_TEMPLATES` or `NEVER`.
    pub passthrough_behavior: String,
    /// `CONVERT_TO_BINARY` or `CONVERT_TO_TEXT`; stored, but a proxy integration does not use it.
    #[serde(default)]
    pub content_handling: Option<String>,
    /// The timeout, 50 to 29,000 ms.
    pub timeout_ms: u32,
    /// Templates by media type; a mock's choose its answer.
    #[serde(default)]
    pub request_templates: BTreeMap<String, String>,
    /// A mock's answers by status code.
    #[serde(default)]
    pub responses: BTreeMap<String, IntegrationResponse>,
}

/// How a backend's answer becomes the method's.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IntegrationResponse {
    /// Values in quotation marks, by `method.response.header.<name>`.
    pub response_parameters: BTreeMap<String, String>,
    /// Templates of the body by media type.
    pub response_templates: BTreeMap<String, String>,
}

/// An authorizer of an API's methods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authorizer {
    /// Six lower-case letters and digits.
    pub id: String,
    /// Unique in the API.
    pub name: String,
    /// The type; only `COGNITO_USER_POOLS` is supported.
    pub kind: String,
    /// The ARNs of user pools whose tokens are accepted.
    pub provider_arns: Vec<String>,
    /// The header with the token, such as `method.request.header.Authorization`.
    pub identity_source: Option<String>,
    /// A regular expression that must match the claim `aud`.
    pub identity_validation_expression: Option<String>,
    /// How long AWS caches results, 0 to 3,600 seconds.
    pub result_ttl_s: u32,
}

/// A deployed snapshot of an API's configuration.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// Six lower-case letters and digits.
    pub id: String,
    /// Free text.
    pub description: Option<String>,
    /// The configuration that it serves.
    pub snapshot: Snapshot,
    /// Milliseconds since the epoch.
    pub created_ms: u64,
}

/// A stage: a named deployment with its settings.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The name, which is the first segment of every URL path.
    pub name: String,
    /// The id of the deployment that the stage serves.
    pub deployment_id: String,
    /// Free text.
    pub description: Option<String>,
    /// Stage variables, which integration URIs may refer to.
    pub variables: BTreeMap<String, String>,
    /// Method settings, by `<resource path>/<verb>`, or `*/*` for all methods.
    pub method_settings: BTreeMap<String, MethodSetting>,
    /// At most 50.
    pub tags: Tags,
    /// Milliseconds since the epoch.
    pub created_ms: u64,
    /// Milliseconds since the epoch.
    pub modified_ms: u64,
}

/// The settings of a stage for one or all methods.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MethodSetting {
    /// Requests per second; `None` is the account's limit.
    pub throttling_rate_limit: Option<f64>,
    /// The size of a burst, in requests; `None` is the account's limit.
    pub throttling_burst_limit: Option<u32>,
    /// `OFF`, `ERROR` or `INFO`.
    pub logging_level: Option<String>,
    /// Whether detailed metrics are enabled.
    pub metrics_enabled: bool,
    /// Whether whole requests are logged.
    pub data_trace_enabled: bool,
}
