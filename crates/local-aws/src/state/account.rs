//! The state of one account.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{apigateway, cognito, iam, lambda, logs};

/// The account id, unless the server is started with another.
pub const DEFAULT_ACCOUNT_ID: &str = "000000000000";

/// The state of one account.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The version of this format. A state of another version is refused.
    pub version: u32,
    /// Twelve digits, for example `000000000000`.
    pub account_id: String,
    /// IAM, which is global.
    pub iam: iam::Iam,
    /// Everything else, by Region.
    pub regions: BTreeMap<String, Region>,
}

/// The resources of one Region.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Region {
    /// REST APIs by id.
    pub apis: BTreeMap<String, apigateway::RestApi>,
    /// User pools by id.
    pub pools: BTreeMap<String, cognito::UserPool>,
    /// Functions by name.
    pub functions: BTreeMap<String, lambda::Function>,
    /// Log groups by name.
    pub log_groups: BTreeMap<String, logs::LogGroup>,
}

impl State {
    /// The format that this build reads and writes.
    pub const VERSION: u32 = 1;

    /// An account with nothing in it.
    pub fn new(account_id: &str) -> Self {
        Self {
            version: Self::VERSION,
            account_id: account_id.to_owned(),
            iam: iam::Iam::default(),
            regions: BTreeMap::new(),
        }
    }

    /// The Region of that name, created on first use.
    pub fn region_mut(&mut self, name: &str) -> &mut Region {
        self.regions.entry(name.to_owned()).or_default()
    }

    /// The SHA-256 of every zip that a function version uses.
    pub(crate) fn blobs(&self) -> BTreeSet<String> {
        let functions = self.regions.values().flat_map(|region| region.functions.values());
        let versions = functions.flat_map(|function| {
            [&function.latest].into_iter().chain(&function.previous).chain(function.versions.values())
        });
        versions.map(|version| version.code_sha256_hex.clone()).collect()
    }

    /// The Region of that name, if anything was ever created in it.
    pub fn region(&self, name: &str) -> Option<&Region> {
        self.regions.get(name)
    }
}
