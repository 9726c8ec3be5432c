//! A session with a stack: from the cache while the token is valid, otherwise looked up, and renewed at most once.
//!
//! If only the token has expired, the cached outputs are tried first. The stack is looked up again if they fail.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::{
    cache::{Cache, Grant},
    client::Client,
    clock::now,
    secret::Secret,
};
use crate::outputs::Outputs;

/// A session that concurrent calls to one stack share. `lookup` finds the stack's outputs and its client secret, or
/// only the secret if the outputs are known.
pub struct Session<L> {
    cache: Cache,
    scopes: Vec<String>,
    lookup: L,
    connection: Mutex<Arc<Connection>>,
}

/// What a call needs.
pub struct Connection {
    /// The endpoint and the token.
    pub grant: Grant,
    pub client: Client,
    /// Whether it comes from the cache, so that the stack may have changed since.
    pub cached: bool,
    renewed: bool,
}

impl<L: AsyncFn(Option<Outputs>) -> anyhow::Result<(Outputs, Secret)>> Session<L> {
    /// Opens a session; `fresh` bypasses the cache.
    pub async fn open(cache: Cache, scopes: Vec<String>, fresh: bool, lookup: L) -> anyhow::Result<Self> {
        let found = if fresh { None } else { cache.load(now()) };
        let connection = match found {
            Some(grant) => Connection { client: Client::new(&grant.outputs)?, grant, cached: true, renewed: false },
            None => {
                let known = if fresh { None } else { cache.outputs() };
                if let Some(known) = known
                    && let Ok(connection) = fetch(&cache, &scopes, &lookup, Some(known), false).await
                {
                    connection
                } else {
                    fetch(&cache, &scopes, &lookup, None, false).await?
                }
            }
        };
        Ok(Self { cache, scopes, lookup, connection: Mutex::new(Arc::new(connection)) })
    }

    pub async fn connection(&self) -> Arc<Connection> {
        Arc::clone(&*self.connection.lock().await)
    }

    /// A newer connection after `refused` was refused; `None` if it has been renewed already.
    pub async fn renew(&self, refused: &Arc<Connection>) -> anyhow::Result<Option<Arc<Connection>>> {
        let mut connection = self.connection.lock().await;
        if !Arc::ptr_eq(&connection, refused) {
            // Another call has already renewed it.
            return Ok(Some(Arc::clone(&connection)));
        }
        if refused.renewed {
            return Ok(None);
        }
        *connection = Arc::new(fetch(&self.cache, &self.scopes, &self.lookup, None, true).await?);
        Ok(Some(Arc::clone(&connection)))
    }
}

async fn fetch(
    cache: &Cache,
    scopes: &[String],
    lookup: &impl AsyncFn(Option<Outputs>) -> anyhow::Result<(Outputs, Secret)>,
    known: Option<Outputs>,
    renewed: bool,
) -> anyhow::Result<Connection> {
    let (outputs, secret) = lookup(known).await?;
    let client = Client::new(&outputs)?;
    let token = client.fetch_token(&outputs, &secret, scopes).await?;
    let grant = Grant { outputs, token };
    if let Err(error) = cache.save(&grant) {
        // Not fatal: the next command just fetches another token, which costs a little.
        tracing::warn!(%error, "cannot cache the token");
    }
    Ok(Connection { grant, client, cached: false, renewed })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::{
        error::Failure,
        testing::{outputs, serve, target, token_endpoint},
    };

    #[tokio::test]
    async fn a_token_is_fetched_once_and_renewed_once() {
        let folder = tempfile::tempdir().unwrap();
        let issued = Arc::new(AtomicU32::new(0));
        let base = serve(token_endpoint(Arc::clone(&issued))).await;
        let cache = Cache::new(&target(folder.path()), &[]);
        let lookup = async |_| Ok((outputs(&base), Secret::new("s3cret")));

        let session = Session::open(cache.clone(), Vec::new(), false, lookup).await.unwrap();
        assert!(!session.connection().await.cached);
        let session = Session::open(cache.clone(), Vec::new(), false, lookup).await.unwrap();
        let first = session.connection().await;
        assert!(first.cached && first.grant.token.token.expose() == "token-1");
        assert_eq!(issued.load(Ordering::SeqCst), 1);

        let (one, two) = tokio::join!(session.renew(&first), session.renew(&first));
        let (one, two) = (one.unwrap().unwrap(), two.unwrap().unwrap());
        assert!(Arc::ptr_eq(&one, &two));
        assert!(session.renew(&one).await.unwrap().is_none());
        assert_eq!(issued.load(Ordering::SeqCst), 2);

        let session = Session::open(cache, Vec::new(), true, lookup).await.unwrap();
        assert_eq!(session.connection().await.grant.token.token.expose(), "token-3");
    }

    #[tokio::test]
    async fn after_its_token_has_expired_a_stack_is_looked_up_only_if_it_has_moved() {
        let folder = tempfile::tempdir().unwrap();
        let base = serve(token_endpoint(Arc::default())).await;
        let cache = Cache::new(&target(folder.path()), &[]);
        let looked_up = AtomicU32::new(0);
        let lookup = async |known: Option<Outputs>| {
            looked_up.fetch_add(u32::from(known.is_none()), Ordering::SeqCst);
            Ok((known.unwrap_or_else(|| outputs(&base)), Secret::new("s3cret")))
        };
        let expired = |base: &str| {
            let token = crate::data_plane::AccessToken { token: Secret::new("old"), expires_at: 1, scopes: Vec::new() };
            Grant { outputs: outputs(base), token }
        };
        for (there, lookups) in [(base.as_str(), 0), ("http://127.0.0.1:1", 1)] {
            cache.save(&expired(there)).unwrap();
            let session = Session::open(cache.clone(), Vec::new(), false, lookup).await.unwrap();
            assert_eq!(session.connection().await.grant.outputs, outputs(&base));
            assert_eq!(looked_up.load(Ordering::SeqCst), lookups);
        }
    }

    #[tokio::test]
    async fn a_refusal_says_what_to_do() {
        let base = serve(token_endpoint(Arc::default())).await;
        let client = Client::new(&outputs(&base)).unwrap();
        let refusal = async |secret: &str, scopes: &[String]| {
            let error = client.fetch_token(&outputs(&base), &Secret::new(secret), scopes).await.unwrap_err();
            let hint = error.downcast_ref::<Failure>().unwrap().hint.clone().unwrap();
            (format!("{error:#}"), hint)
        };
        let (text, hint) = refusal("wrong", &[]).await;
        assert!(text.ends_with("/oauth2/token: invalid_client (400 Bad Request)"), "{text}");
        assert!(hint.contains("deployer up"));
        let (_, hint) = refusal("s3cret", &["x/y".to_owned()]).await;
        assert_eq!(hint, "the stack has these scopes: predict-api/predict");
    }

    #[tokio::test]
    async fn an_unreachable_endpoint_is_one_clear_error() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        let client = Client::new(&outputs(&base)).unwrap();
        let error = client.fetch_token(&outputs(&base), &Secret::new("s3cret"), &[]).await.unwrap_err();
        let text = format!("{error:#}");
        assert!(text.starts_with(&format!("fetching a token from {base}/oauth2/token: Connection refused")), "{text}");
        assert!(!text.contains("s3cret"));
    }
}
