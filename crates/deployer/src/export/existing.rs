//! The resources of a running stack, which a template can take over.

use crate::{engine::World, names::StackId};

/// The ids that AWS gave, and the names that are of this account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    /// Execution role.
    pub role: String,
    /// User pool.
    pub pool_id: String,
    /// App client.
    pub client_id: String,
    /// Prefix of the pool's domain.
    pub domain: String,
    /// REST API.
    pub api_id: String,
    /// Its root resource.
    pub root_id: String,
    /// Its authorizer.
    pub authorizer_id: String,
    /// The deployment that the stage serves.
    pub deployment_id: String,
}

impl Existing {
    /// Of a stack that is up; none where part of it is missing.
    pub fn of(id: &StackId, world: &World) -> Option<Self> {
        world.log_group.owned()?;
        world.role.owned()?;
        world.function.owned()?;
        world.policy.permission.owned()?;
        world.resource_server.owned()?;
        let root = world.root.as_ref()?;
        root.method.owned()?;
        root.integration.owned()?;
        let pool = world.user_pool.pool.owned()?;
        Some(Self {
            role: id.role(),
            pool_id: pool.id.clone(),
            client_id: world.app_client.owned()?.id.clone(),
            domain: pool.domain.clone()?,
            api_id: world.rest_api.api.owned()?.id.clone(),
            root_id: root.id.clone(),
            authorizer_id: world.authorizer.owned()?.id.clone(),
            deployment_id: world.stage.stage.owned()?.deployment_id.clone(),
        })
    }
}
