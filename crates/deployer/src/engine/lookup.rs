//! The outputs of a stack, from what a command knows of it or from a few calls.

use anyhow::Result;

use super::{apply::Applied, observe::World};
use crate::{
    aws::Clients,
    config::Config,
    data_plane::Secret,
    error::Failure,
    names::StackId,
    outputs::Outputs,
    resources::{Reader, app_client, domain, rest_api, user_pool},
    stack::domain_prefix,
};

/// The outputs of a stack that is up. Reads account, pool and API side by side, then the children of the pool.
pub async fn lookup(aws: &Clients, config: &Config) -> Result<Outputs> {
    let key = aws.key(config);
    let cx = Reader { aws, id: &key };
    let reads = async { Ok(tokio::join!(pool(cx), rest_api::observe(cx))) };
    let (id, (pool, api)) = tokio::try_join!(aws.identify(config), reads)?;
    let pool = match pool? {
        Some(pool) => Some(pool),
        None => renamed_pool(cx, config, &id).await?,
    };
    match (pool, api?.api.owned()) {
        (Some((pool_id, client_id, domain)), Some(api)) => {
            Ok(outputs(aws, config, &id, &OutputIds { pool_id, client_id, domain, api_id: api.id.clone() }))
        }
        _ => Err(Failure::failed(format!("looking for stack \"{}\" in stage \"{}\": it is not up", id.name, id.stage))
            .hint(format!("run `deployer up` with the same --stage and Region ({})", id.region))
            .into()),
    }
}

/// Ids of the stack's pool and its client, and its domain, where all three exist.
async fn pool(cx: Reader<'_>) -> Result<Option<(String, String, String)>> {
    first_of(cx, user_pool::list(cx).await?).await
}

/// The same of a pool that somebody renamed: it still has the stack's domain.
async fn renamed_pool(cx: Reader<'_>, config: &Config, id: &StackId) -> Result<Option<(String, String, String)>> {
    let holder = domain::holder(cx, &domain_prefix(config, id)).await?;
    first_of(cx, holder.into_iter().collect()).await
}

async fn first_of(cx: Reader<'_>, ids: Vec<String>) -> Result<Option<(String, String, String)>> {
    let read = async |id: &str| app_client::list(cx, id).await;
    let (discovered, prefetched) = tokio::join!(user_pool::observe(cx, &ids), user_pool::prefetch(&ids, read));
    let Some(pool) = discovered?.pool.owned().cloned() else { return Ok(None) };
    let clients = user_pool::prefetched_or_read(prefetched, &pool.id, read).await?;
    let client = clients.into_iter().next();
    Ok(client.zip(pool.domain).map(|(client, domain)| (pool.id, client, domain)))
}

/// The ids that outputs derive from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputIds {
    pub pool_id: String,
    pub client_id: String,
    pub domain: String,
    pub api_id: String,
}

impl OutputIds {
    /// After a run; `None` for what a restricted run left out.
    pub fn of_applied(applied: &Applied) -> Option<Self> {
        let applied = applied.clone();
        Some(Self {
            pool_id: applied.pool_id?,
            client_id: applied.client_id?,
            domain: applied.domain?,
            api_id: applied.api_id?,
        })
    }

    /// Of a stack whose endpoint can be called.
    pub fn of_world(world: &World) -> Option<Self> {
        world.stage.stage.owned()?;
        let pool = world.user_pool.pool.owned()?;
        Some(Self {
            pool_id: pool.id.clone(),
            client_id: world.app_client.owned()?.id.clone(),
            domain: pool.domain.clone()?,
            api_id: world.rest_api.api.owned()?.id.clone(),
        })
    }
}

pub fn outputs(aws: &Clients, config: &Config, id: &StackId, ids: &OutputIds) -> Outputs {
    let token = aws.endpoints.token(&ids.domain);
    Outputs {
        stack: id.name.clone(),
        stage: id.stage.clone(),
        region: id.region.clone(),
        account_id: id.account_id.clone(),
        endpoint: aws.endpoints.api(&ids.api_id, &id.stage),
        token_url: token.url,
        token_host: token.host,
        client_id: ids.client_id.clone(),
        user_pool_id: ids.pool_id.clone(),
        rest_api_id: ids.api_id.clone(),
        function_name: id.function(),
        scopes: config.auth.full_scopes(),
    }
}

/// Reads the client's secret from Cognito.
pub async fn client_secret(aws: &Clients, outputs: &Outputs) -> Result<Secret> {
    let secret = app_client::secret(aws, &outputs.user_pool_id, &outputs.client_id).await?;
    secret.map(Secret::new).ok_or_else(|| {
        Failure::failed(format!("reading the secret of app client \"{}\": it has none", outputs.client_id))
            .hint("run `deployer up`, which replaces the client")
            .into()
    })
}
