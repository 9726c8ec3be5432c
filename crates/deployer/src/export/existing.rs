//! The resources of a running stack, which a template can take over.

use crate::{engine::World, names::StackId};

/// The ids that AWS assigned, and the names that depend on account and Region.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Existing {
    pub role: String,
    pub pool_id: String,
    pub client_id: String,
    /// The domain's prefix.
    pub domain: String,
    pub api_id: String,
    /// The API's root resource.
    pub root_id: String,
    pub authorizer_id: String,
    /// The deployment that the stage serves.
    pub deployment_id: String,
}

impl Existing {
    /// `None` if part of the stack is missing.
    pub fn of(id: &StackId, world: &World, wants_cors: bool) -> Option<Self> {
        world.log_group.owned()?;
        world.role.owned()?;
        world.function.owned()?;
        world.function_policy.permission.owned()?;
        world.resource_server.owned()?;
        world.method.owned()?;
        world.integration.owned()?;
        if wants_cors {
            world.cors.owned().filter(|actual| actual.is_ours())?;
        }
        let pool = world.user_pool.pool.owned()?;
        Some(Self {
            role: id.role(),
            pool_id: pool.id.clone(),
            client_id: world.app_client.owned()?.id.clone(),
            domain: pool.domain.clone()?,
            api_id: world.rest_api.api.owned()?.id.clone(),
            root_id: world.root_id.clone()?,
            authorizer_id: world.authorizer.owned()?.id.clone(),
            deployment_id: world.stage.stage.owned()?.deployment_id.clone(),
        })
    }
}
