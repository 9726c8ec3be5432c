//! Cached tokens and the outputs of their stacks, because Cognito charges for every token.
//!
//! There is one file of mode 0600 under `.deployer/cache/` for each stack, account, Region and set of scopes. It holds
//! a token but never the client secret. A file that is damaged, or that another user could have written, counts as
//! absent: it says where a token is sent.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{client::AccessToken, secret::Secret};
use crate::{config::Target, names::digest_hex, outputs::Outputs, private_file};

/// A token is not used in its last minute, because it could expire on the way.
const MARGIN_S: u64 = 60;

/// The cache file of one stack and set of scopes.
#[derive(Debug, Clone)]
pub struct Cache {
    path: PathBuf,
}

/// A token and the stack that it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub outputs: Outputs,
    pub token: AccessToken,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    outputs: Outputs,
    access_token: String,
    expires_at: u64,
    scopes: Vec<String>,
}

impl Cache {
    /// The cache for these scopes of a stack. Its key includes everything that selects the account and the Region.
    pub fn new(target: &Target, scopes: &[String]) -> Self {
        let Target { config, local, profile } = target;
        // The key id already identifies the account; the other parts of credentials change more often.
        let ignored = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
        let mut environment: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| !local && name.starts_with("AWS_") && !ignored.contains(&name.as_str()))
            .collect();
        environment.sort();
        let mut scopes = scopes.to_vec();
        scopes.sort();
        let environment = (local, profile, &config.region, environment);
        let stack = (&config.name, &config.stage, &config.auth.domain, config.auth.full_scopes());
        let key = format!("{:?}", (environment, stack, scopes));
        let digest = digest_hex(&key, 16);
        Self { path: folder(&config.root).join(format!("token-{digest}.json")) }
    }

    /// The outputs of the stack when its last token was fetched, even if the token has expired.
    pub fn outputs(&self) -> Option<Outputs> {
        self.read().map(|stored| stored.outputs)
    }

    fn read(&self) -> Option<Stored> {
        serde_json::from_slice(&private_file::read(&self.path).ok()?).ok()
    }

    /// A grant that is valid for at least another minute.
    pub fn load(&self, now: u64) -> Option<Grant> {
        let stored = self.read()?;
        if stored.expires_at <= now.saturating_add(MARGIN_S) {
            return None;
        }
        let token = AccessToken {
            token: Secret::new(stored.access_token),
            expires_at: stored.expires_at,
            scopes: stored.scopes,
        };
        Some(Grant { outputs: stored.outputs, token })
    }

    pub fn save(&self, grant: &Grant) -> io::Result<()> {
        let stored = Stored {
            outputs: grant.outputs.clone(),
            access_token: grant.token.token.expose().to_owned(),
            expires_at: grant.token.expires_at,
            scopes: grant.token.scopes.clone(),
        };
        private_file::create_dir(self.path.parent().unwrap_or(&self.path))?;
        private_file::write(&self.path, &serde_json::to_vec(&stored)?)
    }
}

/// Deletes every cached token: after `up` or `down` changed something, an old one may be invalid.
pub fn clear(root: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder(root)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn folder(root: &Path) -> PathBuf {
    root.join(private_file::FOLDER).join("cache")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::testing::{outputs, target};

    fn grant(expires_at: u64) -> Grant {
        let token = AccessToken { token: Secret::new("secret-token"), expires_at, scopes: vec!["a/b".into()] };
        Grant { outputs: outputs("http://127.0.0.1:1"), token }
    }

    #[test]
    fn a_token_is_used_until_its_last_minute() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(&target(folder.path()), &[]);
        assert_eq!(cache.load(0), None);
        cache.save(&grant(1000)).unwrap();
        assert_eq!(cache.load(939), Some(grant(1000)));
        assert_eq!(cache.load(940), None);
        assert_eq!(cache.outputs(), Some(grant(1000).outputs));
        clear(folder.path()).unwrap();
        clear(folder.path()).unwrap();
        assert_eq!(cache.load(0), None);
    }

    #[test]
    fn the_file_is_private_and_a_corrupt_one_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(&target(folder.path()), &[]);
        cache.save(&grant(1000)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&cache.path), mode(cache.path.parent().unwrap())), (0o600, 0o700));
        fs::write(&cache.path, "{\"outputs\":").unwrap();
        assert_eq!(cache.load(0), None);
        cache.save(&grant(2000)).unwrap();
        assert_eq!(cache.load(0), Some(grant(2000)));
    }

    #[test]
    fn one_that_others_could_have_written_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(&target(folder.path()), &[]);
        cache.save(&grant(1000)).unwrap();
        fs::set_permissions(&cache.path, fs::Permissions::from_mode(0o666)).unwrap();
        assert_eq!(cache.load(0), None);
        cache.save(&grant(1000)).unwrap();
        let planted = folder.path().join("planted.json");
        fs::rename(&cache.path, &planted).unwrap();
        std::os::unix::fs::symlink(&planted, &cache.path).unwrap();
        assert_eq!(cache.load(0), None);
    }

    #[test]
    fn every_stack_place_and_set_of_scopes_has_its_own() {
        let root = Path::new("/x");
        let path = |target: &Target, scopes: &[&str]| {
            let scopes: Vec<String> = scopes.iter().map(|scope| (*scope).to_owned()).collect();
            Cache::new(target, &scopes).path
        };
        let base = path(&target(root), &["a", "b"]);
        assert_eq!(base, path(&target(root), &["b", "a"]));
        let mut other = target(root);
        other.config.stage = "prod".into();
        let aws = Target { local: false, ..target(root) };
        let others = [path(&other, &["a", "b"]), path(&aws, &["a", "b"]), path(&target(root), &["a"])];
        assert!(others.iter().all(|other| *other != base));
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert!(!format!("{:?}", grant(1)).contains("secret-token"));
    }
}
