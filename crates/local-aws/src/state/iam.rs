//! IAM: roles with inline and attached policies.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::tags::Tags;

/// All of IAM that the deployer touches.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iam {
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
}

/// A role.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Name, unique in the account.
    pub name: String,
    /// `AROA…`
    pub id: String,
    /// `/` or a longer path.
    pub path: String,
    /// The trust policy, a JSON document, as given (decoded).
    pub assume_role_policy: String,
    /// Free text.
    pub description: Option<String>,
    /// Seconds.
    pub max_session_duration: u32,
    /// Inline policies: name → JSON document.
    pub inline_policies: BTreeMap<String, String>,
    /// ARNs of attached managed policies.
    pub attached_policies: BTreeSet<String>,
    /// Tags.
    pub tags: Tags,
    /// Milliseconds since the epoch.
    pub created_ms: u64,
    /// From when on Lambda can assume it (propagation).
    pub assumable_from_ms: u64,
}
