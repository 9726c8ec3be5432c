//! Reads what is there: by name and tag first, then the children of the pool and of the API, then the client.
//!
//! With the call that names the account that is four dependent round trips and, for a stack that is up, sixteen calls.

use anyhow::Result;

use crate::{
    resources::{
        Context, Observed, app_client, authorizer, domain, function, log_group, method, permission, resource_server,
        rest_api, role, stage, user_pool,
    },
    stack::Desired,
};

/// Everything that was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct World {
    pub log_group: Observed<log_group::Actual>,
    pub role: Observed<role::Actual>,
    pub function: Observed<function::Actual>,
    pub permission: Observed<permission::Actual>,
    pub user_pool: user_pool::Found,
    pub resource_server: Observed<resource_server::Actual>,
    pub app_client: Observed<app_client::Actual>,
    /// More clients of our name, which a lost answer has left.
    pub spare_clients: Vec<String>,
    pub domain: Observed<domain::Actual>,
    pub rest_api: rest_api::Found,
    pub authorizer: Observed<authorizer::Actual>,
    pub root: Option<method::Root>,
    pub stage: Observed<stage::Actual>,
}

impl World {
    /// Whether nothing of the stack is there.
    pub fn is_empty(&self) -> bool {
        self.log_group.owned().is_none()
            && self.role.owned().is_none()
            && self.function.owned().is_none()
            && self.user_pool.pool.owned().is_none()
            && self.rest_api.api.owned().is_none()
    }
}

/// Reads everything. `adopt` also looks into a pool and an API of our name that nobody owns.
pub async fn observe(cx: Context<'_>, desired: &Desired, adopt: bool) -> Result<World> {
    // All of them end before an error is told: a dropped call could not be told from a lost one.
    let (log_group, role, function, permission, pool, api) = tokio::join!(
        log_group::observe(cx),
        role::observe(cx),
        function::observe(cx),
        permission::observe(cx),
        Box::pin(pool(cx, desired, adopt)),
        Box::pin(api(cx, adopt)),
    );
    let (pool, api) = (pool?, api?);
    Ok(World {
        log_group: log_group?,
        role: role?,
        function: function?,
        permission: permission?,
        user_pool: pool.found,
        resource_server: pool.server,
        app_client: pool.client,
        spare_clients: pool.spare_clients,
        domain: pool.domain,
        rest_api: api.found,
        authorizer: api.authorizer,
        root: api.root,
        stage: api.stage,
    })
}

/// The one whose children are read: ours, or with `adopt` nobody's.
fn chosen<T>(observed: &Observed<T>, adopt: bool) -> Option<&T> {
    match observed {
        Observed::Owned(actual) => Some(actual),
        Observed::Unowned { actual, owner: None } if adopt => Some(actual),
        _ => None,
    }
}

#[derive(Default)]
struct Pool {
    found: user_pool::Found,
    server: Observed<resource_server::Actual>,
    client: Observed<app_client::Actual>,
    spare_clients: Vec<String>,
    domain: Observed<domain::Actual>,
}

async fn pool(cx: Context<'_>, desired: &Desired, adopt: bool) -> Result<Pool> {
    let prefix = &desired.domain.prefix;
    let ids = user_pool::list(cx).await?;
    // The usual case is one pool of the name: its children are read beside its description, not after it.
    let guess = match ids.as_slice() {
        [only] => Some(only.as_str()),
        _ => None,
    };
    let (found, guessed) = tokio::join!(user_pool::observe(cx, &ids), async {
        match guess {
            Some(id) => Some(children(cx, desired, id).await),
            None => None,
        }
    });
    let found = found?;
    let Some(actual) = chosen(&found.pool, adopt).cloned() else {
        let domain = domain::observe(cx, None, prefix).await?;
        return Ok(Pool { found, domain, ..Pool::default() });
    };
    let children = match guessed {
        Some(children) => children?,
        None => children(cx, desired, &actual.id).await?,
    };
    let domain = domain::observe(cx, Some((&actual.id, actual.domain.as_deref())), prefix).await?;
    Ok(Pool { found, domain, ..children })
}

async fn children(cx: Context<'_>, desired: &Desired, pool_id: &str) -> Result<Pool> {
    let client = async {
        let mut ids = app_client::list(cx, pool_id).await?.into_iter();
        let client = match ids.next() {
            Some(first) => app_client::observe(cx, pool_id, &first).await?,
            None => Observed::Absent,
        };
        anyhow::Ok((client, ids.collect()))
    };
    let server = resource_server::observe(cx, pool_id, &desired.resource_server.identifier);
    let (server, client) = tokio::join!(server, client);
    let (client, spare_clients) = client?;
    Ok(Pool { server: server?, client, spare_clients, ..Pool::default() })
}

#[derive(Default)]
struct Api {
    found: rest_api::Found,
    authorizer: Observed<authorizer::Actual>,
    root: Option<method::Root>,
    stage: Observed<stage::Actual>,
}

async fn api(cx: Context<'_>, adopt: bool) -> Result<Api> {
    let found = rest_api::observe(cx).await?;
    let Some(id) = chosen(&found.api, adopt).map(|actual| actual.id.clone()) else {
        return Ok(Api { found, ..Api::default() });
    };
    let (authorizer, root, stage) =
        tokio::join!(authorizer::observe(cx, &id), method::observe(cx, &id), stage::observe(cx, &id));
    Ok(Api { found, authorizer: authorizer?, root: root?, stage: stage? })
}
