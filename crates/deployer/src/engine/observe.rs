//! Reads what is there: by name and tag first, then the children of the pool and of the API, then the client.
//!
//! That is three dependent round trips and, for a stack that is up, sixteen calls with the one that names the account,
//! which nothing waits for but what hangs on a name that is made of it. Only what is not as it should be costs more: a pool that lost its name is found by its domain, a desired domain that the
//! pool does not have is looked up, and a stage that does not serve what we deployed last makes us read the deployments.

use anyhow::Result;

use super::node::{Blocked, Slot};
use crate::{
    aws::Clients,
    change::Observed,
    config::Config,
    names::StackId,
    resources::{
        Reader, app_client, authorizer,
        deployment::{self, Record},
        domain, function, log_group, method, permission, resource_server, rest_api, role, stage, user_pool,
    },
    stack::domain_prefix,
};

/// Everything that was found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct World {
    pub log_group: Observed<log_group::Actual>,
    pub role: Observed<role::Actual>,
    pub function: Observed<function::Actual>,
    pub policy: permission::Policy,
    pub user_pool: user_pool::Found,
    pub resource_server: Observed<resource_server::Actual>,
    pub app_client: Observed<app_client::Actual>,
    /// More clients of our name, which a lost answer has left.
    pub spare_clients: Vec<String>,
    pub domain: Observed<domain::Actual>,
    /// Another pool that has the domain which is desired.
    pub domain_holder: Option<Holder>,
    pub rest_api: rest_api::Found,
    pub authorizer: Observed<authorizer::Actual>,
    pub root: Option<method::Root>,
    pub stage: stage::Found,
    /// Deployments that we made, newest first; read only where the stage does not serve the last one.
    pub deployments: Vec<Record>,
}

/// A pool that has a domain and is not the stack's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// Its id.
    pub pool_id: String,
    /// The stack that its tags name, if they name one.
    pub owner: Option<String>,
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

/// Reads everything, and beside that whose account it is in. `adopt` also looks into a pool and an API of our name that
/// nobody owns.
pub async fn observe(aws: &Clients, config: &Config, adopt: bool) -> Result<(StackId, World)> {
    let account = Slot::new();
    let key = aws.key(config);
    let identify = async {
        let id = aws.identify(config).await;
        account.fill(id.as_ref().map(StackId::clone).map_err(|_| Blocked));
        id
    };
    let look = Look { cx: Reader { aws, id: &key }, config, account: &account, adopt };
    // Who cannot be identified is told so at once: what is being read then fails as well, after more tries.
    let (id, world) = tokio::try_join!(identify, async { Ok(read(look).await) })?;
    Ok((id, world?))
}

#[derive(Clone, Copy)]
struct Look<'a> {
    cx: Reader<'a>,
    config: &'a Config,
    account: &'a Slot<StackId>,
    adopt: bool,
}

impl Look<'_> {
    /// The desired domain; its name may be made of the account's.
    async fn prefix(self) -> Result<String> {
        if let Some(prefix) = &self.config.auth.domain {
            return Ok(prefix.clone());
        }
        let id = self.account.get().await.map_err(|Blocked| anyhow::anyhow!("the account is not known"))?;
        Ok(domain_prefix(self.config, &id))
    }
}

async fn read(look: Look<'_>) -> Result<World> {
    let cx = look.cx;
    // All of them end before an error is told: a dropped call could not be told from a lost one.
    let (log_group, role, function, policy, pool, api) = tokio::join!(
        log_group::observe(cx),
        role::observe(cx),
        function::observe(cx),
        permission::observe(cx),
        Box::pin(pool(look)),
        Box::pin(api(look)),
    );
    let (pool, api) = (pool?, api?);
    Ok(World {
        log_group: log_group?,
        role: role?,
        function: function?,
        policy: policy?,
        user_pool: pool.found,
        resource_server: pool.server,
        app_client: pool.client,
        spare_clients: pool.spare_clients,
        domain: pool.domain,
        domain_holder: pool.domain_holder,
        rest_api: api.found,
        authorizer: api.authorizer,
        root: api.root,
        stage: api.stage,
        deployments: api.deployments,
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
    domain_holder: Option<Holder>,
}

async fn pool(look: Look<'_>) -> Result<Pool> {
    let Look { cx, adopt, .. } = look;
    let ids = user_pool::list(cx).await?;
    let read = async |id: &str| children(look, id).await;
    let (found, guessed) = tokio::join!(user_pool::observe(cx, &ids), user_pool::guess(&ids, read));
    let (mut found, holder) = by_domain(look, found?).await?;
    for duplicate in &mut found.duplicates {
        // The estimate lags, and whether there is a user decides whether it may be deleted.
        if user_pool::has_users(cx, duplicate).await? {
            duplicate.users = duplicate.users.max(1);
        }
    }
    let Some(actual) = chosen(&found.pool, adopt).cloned() else {
        return Ok(Pool { found, domain_holder: holder, ..Pool::default() });
    };
    let children = user_pool::confirm(guessed, &actual.id, read).await?;
    let domain = actual.domain.map(|prefix| domain::Actual { prefix });
    Ok(Pool { found, domain: Observed::child(domain), domain_holder: holder, ..children })
}

/// Completes what was found by name with the pool that has the desired domain: our own that somebody has renamed, the
/// one to adopt, or one that is in our way.
async fn by_domain(look: Look<'_>, found: user_pool::Found) -> Result<(user_pool::Found, Option<Holder>)> {
    let Look { cx, adopt, .. } = look;
    let ours = found.pool.owned();
    let prefix = look.prefix().await?;
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
            // The one with the domain is in use, whatever it is called.
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

async fn children(look: Look<'_>, pool_id: &str) -> Result<Pool> {
    let cx = look.cx;
    let client = async {
        let mut ids = app_client::list(cx, pool_id).await?.into_iter();
        let client = match ids.next() {
            Some(first) => app_client::observe(cx, pool_id, &first).await?,
            None => Observed::Absent,
        };
        anyhow::Ok((client, ids.collect()))
    };
    let server = resource_server::observe(cx, pool_id, &look.config.auth.resource_server);
    let (server, client) = tokio::join!(server, client);
    let (client, spare_clients) = client?;
    Ok(Pool { server: server?, client, spare_clients, ..Pool::default() })
}

#[derive(Default)]
struct Api {
    found: rest_api::Found,
    authorizer: Observed<authorizer::Actual>,
    root: Option<method::Root>,
    stage: stage::Found,
    deployments: Vec<Record>,
}

async fn api(look: Look<'_>) -> Result<Api> {
    let Look { cx, adopt, .. } = look;
    let found = rest_api::observe(cx).await?;
    let Some(id) = chosen(&found.api, adopt).map(|actual| actual.id.clone()) else {
        return Ok(Api { found, ..Api::default() });
    };
    let (authorizers, root, stage) =
        tokio::join!(authorizer::list(cx, &id), method::observe(cx, &id), stage::observe(cx, &id));
    let (authorizers, root, stage) = (authorizers?, root?, stage?);
    let method = root.as_ref().and_then(|root| root.method.owned());
    let guarding = method.map(|method| method.authorizer_id.as_str());
    let authorizer = authorizer::pick(&cx.id.authorizer(), guarding, authorizers);
    let serves = stage.stage.owned().is_some_and(|stage| stage.serves().is_some());
    let deployments = if serves { Vec::new() } else { deployment::list(cx, &id).await? };
    Ok(Api { found, authorizer, root, stage, deployments })
}
