//! Derives what every resource should be from deploy.toml and the stack's identity. Pure.

use anyhow::Result;

use crate::{
    config::Config,
    error::Failure,
    names::StackId,
    resources::{
        app_client, authorizer, cors, deployment::Snapshot, domain, function, integration, log_group, method,
        resource_server, rest_api, role, stage, user_pool,
    },
};

/// The longest that API Gateway waits for an integration.
const INTEGRATION_TIMEOUT_MS: i32 = 29_000;
/// The largest zip that a call to Lambda can carry.
pub const ZIPPED_LIMIT: usize = 52_428_800;

/// What every resource of the stack should be. Ids that AWS assigns are not part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Desired {
    pub id: StackId,
    pub log_group: log_group::Desired,
    pub role: role::Desired,
    pub function: function::Desired,
    pub user_pool: user_pool::Desired,
    pub resource_server: resource_server::Desired,
    pub app_client: app_client::Desired,
    pub domain: domain::Desired,
    pub rest_api: rest_api::Desired,
    pub authorizer: authorizer::Desired,
    pub method: method::Desired,
    pub integration: integration::Desired,
    /// `None` for an API that only servers call.
    pub cors: Option<cors::Desired>,
    pub stage: stage::Desired,
}

impl Desired {
    /// Without code, the function's code is not compared.
    pub fn new(config: &Config, id: &StackId, code: Option<function::Code>) -> Result<Self> {
        if let Some(code) = &code
            && code.zip.len() > ZIPPED_LIMIT
        {
            let (size, limit) = (code.zip.len(), ZIPPED_LIMIT);
            return Err(Failure::failed(format!(
                "packaging: the zip has {size} bytes, but Lambda accepts at most {limit}"
            ))
            .hint("use a smaller model")
            .into());
        }
        let scopes = config.auth.full_scopes();
        let mut environment = config.function.environment.clone();
        environment.extend(config.api.cors_variable());
        let origins = &config.api.cors_origins;
        let positive = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
        Ok(Self {
            log_group: log_group::Desired {
                name: id.log_group(),
                retention_days: positive(config.function.log_retention_days),
            },
            role: role::Desired::new(id),
            function: function::Desired {
                name: id.function(),
                role: id.role_arn(),
                architecture: config.function.architecture.as_str().into(),
                memory_mb: positive(config.function.memory_mb),
                timeout_s: positive(config.function.timeout_s),
                environment,
                log_group: id.log_group(),
                reserved_concurrency: config.function.reserved_concurrency.map(positive),
                code,
            },
            user_pool: user_pool::Desired {
                name: id.user_pool(),
                deletion_protection: config.auth.deletion_protection,
            },
            resource_server: resource_server::Desired {
                identifier: config.auth.resource_server.clone(),
                scopes: config.auth.scopes.clone(),
            },
            app_client: app_client::Desired {
                name: id.app_client(),
                scopes: scopes.clone(),
                token_minutes: positive(config.auth.token_minutes),
            },
            domain: domain::Desired { prefix: domain_prefix(config, id) },
            rest_api: rest_api::Desired {
                name: id.rest_api(),
                binary_media_types: config.api.binary_media_types.clone(),
            },
            authorizer: authorizer::Desired { name: id.authorizer() },
            method: method::Desired { scopes },
            integration: integration::Desired { uri: id.invoke_uri(), timeout_ms: INTEGRATION_TIMEOUT_MS },
            cors: (!origins.is_empty()).then(|| cors::Desired { origins: origins.clone() }),
            stage: stage::Desired {
                name: id.stage.clone(),
                throttle_rate: config.api.throttle_rate,
                throttle_burst: config.api.throttle_burst.map(positive),
            },
            id: id.clone(),
        })
    }

    /// What a deployment would contain, given the ids that AWS has assigned.
    pub fn snapshot(&self, authorizer_id: &str, pool_id: &str) -> Snapshot {
        let pool_arn = self.id.user_pool_arn(pool_id);
        Snapshot::new(&self.rest_api, &self.method, &self.integration, self.cors.as_ref(), authorizer_id, &pool_arn)
    }
}

/// The domain prefix in deploy.toml, else the derived one.
pub fn domain_prefix(config: &Config, id: &StackId) -> String {
    config.auth.domain.clone().unwrap_or_else(|| id.domain_prefix())
}
