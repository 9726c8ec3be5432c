//! IAM: roles with inline and attached policies.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::tags::Tags;

/// The part of IAM that the deployer uses.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Iam {
    /// Roles by name.
    pub roles: BTreeMap<String, Role>,
}

/// A role with its policies.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// Unique in the account, regardless of case.
    pub name: String,
    /// `AROA` and 17 characters.
    pub id: String,
    /// `/` or a longer path.
    pub path: String,
    /// The trust policy: a JSON document as sent, decoded.
    pub assume_role_policy: String,
    /// Free text.
    pub description: Option<String>,
    /// The longest session, in seconds.
    pub max_session_duration: u32,
    /// Inline policies: JSON documents by name.
    pub inline_policies: BTreeMap<String, String>,
    /// ARNs of attached managed policies.
    pub attached_policies: BTreeSet<String>,
    /// At most 50.
    pub tags: Tags,
    /// Milliseconds since the epoch.
    pub created_ms: u64,
    /// Lambda can assume the role from this time on: changes in IAM take time to propagate.
    pub assumable_from_ms: u64,
}
