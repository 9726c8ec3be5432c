//! What an invocation needs to know about its function.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{state::lambda::Version, store::Store};

/// Region and name of a function.
pub(super) type Key = (String, String);

/// A version of a function, ready to run.
pub(super) struct Job {
    pub(super) key: Key,
    pub(super) version: Version,
    pub(super) function_arn: String,
    /// `$LATEST` or a version number.
    pub(super) number: String,
    pub(super) archive: PathBuf,
    pub(super) reserved_concurrency: Option<u32>,
}

impl Job {
    pub(super) fn new(store: &Store, key: &Key, version: &Version) -> Self {
        store.read(|state| {
            let function = state.region(&key.0).and_then(|region| region.functions.get(&key.1));
            let published = function.and_then(|function| {
                let same = |(_, other): &(&u64, &Version)| *other == version && function.latest != *version;
                function.versions.iter().find(same).map(|(number, _)| number.to_string())
            });
            let arn = format!("arn:aws:lambda:{}:{}:function:{}", key.0, state.account_id, key.1);
            Self {
                key: key.clone(),
                version: version.clone(),
                function_arn: function.map_or(arn, |function| function.arn.clone()),
                number: published.unwrap_or_else(|| "$LATEST".to_owned()),
                archive: store.blob_path(&version.code_sha256_hex),
                reserved_concurrency: function.and_then(|function| function.reserved_concurrency),
            }
        })
    }

    /// The function's log group.
    pub(super) fn log_group(&self) -> String {
        self.version.log_group.clone().unwrap_or_else(|| format!("/aws/lambda/{}", self.key.1))
    }

    /// All environment variables of the function: defaults that it may override, its own, and reserved ones. It
    /// inherits none from this process, so it sees no credentials of the user, and none of the local cloud.
    pub(super) fn variables(&self, api: &str, task_root: &Path, stream: &str) -> Vec<(String, String)> {
        let (region, name) = &self.key;
        let task_root = task_root.to_string_lossy();
        let (memory, group) = (self.version.memory_mb.to_string(), self.log_group());
        let own = self.version.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let defaults = [("LANG", "en_US.UTF-8"), ("PATH", "/usr/local/bin:/usr/bin/:/bin:/opt/bin"), ("TZ", ":UTC")];
        let reserved = [
            ("AWS_DEFAULT_REGION", region.as_str()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", &memory),
            ("AWS_LAMBDA_FUNCTION_NAME", name),
            ("AWS_LAMBDA_FUNCTION_VERSION", &self.number),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
            ("AWS_LAMBDA_LOG_FORMAT", &self.version.log_format),
            ("AWS_LAMBDA_LOG_GROUP_NAME", &group),
            ("AWS_LAMBDA_LOG_STREAM_NAME", stream),
            ("AWS_LAMBDA_RUNTIME_API", api),
            ("AWS_REGION", region),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime"),
            ("LAMBDA_TASK_ROOT", &task_root),
            ("_HANDLER", &self.version.handler),
        ];
        let all = defaults.into_iter().chain(own).chain(reserved);
        all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.version.timeout_s))
    }
}
