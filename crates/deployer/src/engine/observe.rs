//! Reads what exists: first what is found by name and tag, then the children of the pool and of the API, then the
//! client.
//!
//! That takes three dependent round trips and, for a stack that is up, sixteen calls. One of them identifies the
//! account; only the derived domain prefix waits for that. More calls are sent only where something differs: a pool
//! that lost its name is found by its domain, a desired domain that the pool does not have is looked up, and the
//! deployments are listed where the stage does not serve the one that we created last, and gateway responses are listed
//! where CORS is desired or was.

use anyhow::Result;
use aws_sdk_apigateway::types::Resource;

use super::node::{Blocked, Slot};
use crate::{
    aws::Clients,
    change::Observed,
    config::Config,
    names::StackId,
    resources::{
        Reader, app_client, authorizer, cors,
        deployment::{self, Record},
        domain, function, integration, log_group, method, paths, permission, resource_server, rest_api, role, stage,
        user_pool,
    },
    stack::domain_prefix,
};

/// All parts of a stack that exist.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct World {
    pub log_group: Observed<log_group::Actual>,
    pub role: Observed<role::Actual>,
    pub function: Observed<function::Actual>,
    pub function_policy: permission::FunctionPolicy,
    pub user_pool: user_pool::Discovered,
    pub resource_server: Observed<resource_server::Actual>,
    pub app_client: Observed<app_client::Actual>,
    /// Further clients with our name, left by a create call whose answer was lost.
    pub duplicate_clients: Vec<String>,
    pub domain: Observed<domain::Actual>,
    /// Another pool that has the desired domain.
    pub domain_holder: Option<Holder>,
    pub rest_api: rest_api::Discovered,
    pub authorizer: Observed<authorizer::Actual>,
    /// Id of the API's root path.
    pub root_id: Option<String>,
    pub method: Observed<method::Actual>,
    pub integration: Observed<integration::Actual>,
    pub foreign_methods: Vec<method::Foreign>,
    /// Read only where it is desired, or where a preflight of ours shows that it exists.
    pub cors: Observed<cors::Actual>,
    pub stage: stage::Discovered,
    /// Deployments that we created, newest first. Read only where the stage does not serve the last one.
    pub deployments: Vec<Record>,
}

/// A pool that has a domain and is not the stack's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub pool_id: String,
    /// The stack in its tags, if there is one.
    pub owner: Option<String>,
}

impl World {
    /// Whether nothing of the stack exists.
    pub fn is_empty(&self) -> bool {
        self.log_group.owned().is_none()
            && self.role.owned().is_none()
            && self.function.owned().is_none()
            && self.user_pool.pool.owned().is_none()
            && self.rest_api.api.owned().is_none()
    }
}

/// Reads everything, and identifies the account at the same time. With `adopt` it also reads the children of a pool and
/// an API that have our name and no owner.
pub async fn observe(aws: &Clients, config: &Config, adopt: bool) -> Result<(StackId, World)> {
    let account = Slot::new();
    let key = aws.key(config);
    let identify = async {
        let id = aws.identify(config).await;
        account.fill(id.as_ref().map(StackId::clone).map_err(|_| Blocked));
        id
    };
    let reading = Reading { cx: Reader { aws, id: &key }, config, account: &account, adopt };
    // A failure to identify the account ends this at once: the other calls would fail as well, after more attempts.
    let (id, world) = tokio::try_join!(identify, async { Ok(read(reading).await) })?;
    Ok((id, world?))
}

#[derive(Clone, Copy)]
struct Reading<'a> {
    cx: Reader<'a>,
    config: &'a Config,
    account: &'a Slot<StackId>,
    adopt: bool,
}

impl Reading<'_> {
    /// The desired domain prefix, which may derive from the account.
    async fn prefix(self) -> Result<String> {
        if let Some(prefix) = &self.config.auth.domain {
            return Ok(prefix.clone());
        }
        let id = self.account.get().await.map_err(|Blocked| anyhow::anyhow!("the account is unknown"))?;
        Ok(domain_prefix(self.config, &id))
    }
}

async fn read(reading: Reading<'_>) -> Result<World> {
    let cx = reading.cx;
    // All of them end before an error is returned: a dropped call looks like a lost one.
    let (log_group, role, function, function_policy, pool, api) = tokio::join!(
        log_group::observe(cx),
        role::observe(cx),
        function::observe(cx),
        permission::observe(cx),
        Box::pin(pool(reading)),
        Box::pin(api(reading)),
    );
    let (pool, api) = (pool?, api?);
    Ok(World {
        log_group: log_group?,
        role: role?,
        function: function?,
        function_policy: function_policy?,
        user_pool: pool.discovered,
        resource_server: pool.server,
        app_client: pool.client,
        duplicate_clients: pool.duplicate_clients,
        domain: pool.domain,
        domain_holder: pool.domain_holder,
        rest_api: api.discovered,
        authorizer: api.authorizer,
        root_id: paths::root_id(&api.paths).map(Into::into),
        method: method::observe(&api.paths),
        integration: integration::observe(&api.paths),
        foreign_methods: method::foreign(&api.paths, api.cors.owned().is_some()),
        cors: api.cors,
        stage: api.stage,
        deployments: api.deployments,
    })
}

/// The one whose children are read: ours, or with `adopt` one without an owner.
fn chosen<T>(observed: &Observed<T>, adopt: bool) -> Option<&T> {
    match observed {
        Observed::Owned(actual) => Some(actual),
        Observed::Unowned { actual, owner: None } if adopt => Some(actual),
        _ => None,
    }
}

/// A pool and its children.
#[derive(Default)]
struct Pool {
    discovered: user_pool::Discovered,
    server: Observed<resource_server::Actual>,
    client: Observed<app_client::Actual>,
    duplicate_clients: Vec<String>,
    domain: Observed<domain::Actual>,
    domain_holder: Option<Holder>,
}

async fn pool(reading: Reading<'_>) -> Result<Pool> {
    let Reading { cx, adopt, .. } = reading;
    let ids = user_pool::list(cx).await?;
    let read = async |id: &str| children(reading, id).await;
    let (discovered, prefetched) = tokio::join!(user_pool::observe(cx, &ids), user_pool::prefetch(&ids, read));
    let (mut discovered, holder) = by_domain(reading, discovered?).await?;
    for duplicate in &mut discovered.duplicates {
        // AWS's estimate can be out of date, and a pool that holds a user must not be deleted.
        if user_pool::has_users(cx, duplicate).await? {
            duplicate.users = duplicate.users.max(1);
        }
    }
    let Some(actual) = chosen(&discovered.pool, adopt).cloned() else {
        return Ok(Pool { discovered, domain_holder: holder, ..Pool::default() });
    };
    let children = user_pool::prefetched_or_read(prefetched, &actual.id, read).await?;
    let domain = actual.domain.map(|prefix| domain::Actual { prefix });
    Ok(Pool { discovered, domain: Observed::child(domain), domain_holder: holder, ..children })
}

/// Also looks for the pool that has the desired domain: our own that somebody renamed, the one to adopt, or one that is
/// in the way.
async fn by_domain(
    reading: Reading<'_>,
    found: user_pool::Discovered,
) -> Result<(user_pool::Discovered, Option<Holder>)> {
    let Reading { cx, adopt, .. } = reading;
    let ours = found.pool.owned();
    let prefix = reading.prefix().await?;
    if ours.is_some_and(|pool| pool.domain.as_ref() == Some(&prefix)) {
        return Ok((found, None));
    }
    let Some(pool_id) = domain::holder(cx, &prefix).await? else { return Ok((found, None)) };
    if ours.is_some_and(|pool| pool.id == pool_id) {
        return Ok((found, None));
    }
    let mut holding = user_pool::observe(cx, std::slice::from_ref(&pool_id)).await?;
    match &holding.pool {
        Observed::Owned(_) => {
            // The one with the domain is in use, whatever its name is.
            holding.duplicates.extend(ours.cloned().into_iter().chain(found.duplicates));
            Ok((holding, None))
        }
        Observed::Unowned { owner: None, .. } if ours.is_none() && adopt => Ok((holding, None)),
        Observed::Unowned { owner, .. } => {
            let owner = owner.clone();
            Ok((found, Some(Holder { pool_id, owner })))
        }
        Observed::Absent => Ok((found, Some(Holder { pool_id, owner: None }))),
    }
}

async fn children(reading: Reading<'_>, pool_id: &str) -> Result<Pool> {
    let cx = reading.cx;
    let client = async {
        let mut ids = app_client::list(cx, pool_id).await?.into_iter();
        let client = match ids.next() {
            Some(first) => app_client::observe(cx, pool_id, &first).await?,
            None => Observed::Absent,
        };
        anyhow::Ok((client, ids.collect()))
    };
    let server = resource_server::observe(cx, pool_id, &reading.config.auth.resource_server);
    let (server, client) = tokio::join!(server, client);
    let (client, duplicate_clients) = client?;
    Ok(Pool { server: server?, client, duplicate_clients, ..Pool::default() })
}

/// An API and its children.
#[derive(Default)]
struct Api {
    discovered: rest_api::Discovered,
    authorizer: Observed<authorizer::Actual>,
    paths: Vec<Resource>,
    cors: Observed<cors::Actual>,
    stage: stage::Discovered,
    deployments: Vec<Record>,
}

async fn api(reading: Reading<'_>) -> Result<Api> {
    let Reading { cx, adopt, .. } = reading;
    let discovered = rest_api::observe(cx).await?;
    let Some(id) = chosen(&discovered.api, adopt).map(|actual| actual.id.clone()) else {
        return Ok(Api { discovered, ..Api::default() });
    };
    let (authorizers, paths, stage) =
        tokio::join!(authorizer::list(cx, &id), paths::list(cx, &id), stage::observe(cx, &id));
    let (authorizers, paths, stage) = (authorizers?, paths?, stage?);
    let cors = cors::observe(cx, &id, &paths, !reading.config.api.cors_origins.is_empty()).await?;
    let method = method::observe(&paths);
    let guarding = method.owned().map(|method| method.authorizer_id.as_str());
    let authorizer = authorizer::pick(&cx.id.authorizer(), guarding, authorizers);
    let serves = stage.stage.owned().is_some_and(|stage| stage.serves().is_some());
    let deployments = if serves { Vec::new() } else { deployment::list(cx, &id).await? };
    Ok(Api { discovered, authorizer, paths, cors, stage, deployments })
}
