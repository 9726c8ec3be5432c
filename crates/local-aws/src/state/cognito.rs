//! Cognito user pools with their resource servers, app clients and domain.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::tags::Tags;

/// A user pool with everything in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserPool {
    /// `<region>_<9 characters>`
    pub id: String,
    /// The display name, which need not be unique.
    pub name: String,
    /// `ACTIVE` or `INACTIVE`.
    pub deletion_protection: String,
    /// Every other setting of CreateUserPool and UpdateUserPool, as sent. An update resets the settings that it omits,
    /// as on AWS.
    pub settings: Map<String, Value>,
    /// Settings that updates cannot change: schema, username configuration, alias attributes.
    pub immutable: Map<String, Value>,
    /// The domain of the token endpoint, if the pool has one.
    pub domain: Option<Domain>,
    /// Resource servers by identifier.
    pub resource_servers: BTreeMap<String, ResourceServer>,
    /// App clients by id.
    pub clients: BTreeMap<String, AppClient>,
    /// User names. Nothing else about users is needed here.
    pub users: BTreeSet<String>,
    /// At most 50.
    pub tags: Tags,
    /// The key that signs the pool's tokens.
    pub key: SigningKey,
    /// Milliseconds since the epoch.
    pub created_ms: u64,
    /// Milliseconds since the epoch.
    pub modified_ms: u64,
}

/// A 2,048-bit RSA key, which signs the pool's tokens with RS256.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningKey {
    /// The key id, in token headers and in the key set.
    pub kid: String,
    /// The private key: PKCS#8 DER in base64. Secret.
    pub pkcs8: String,
    /// The modulus, in base64url without padding.
    pub n: String,
    /// The exponent, in base64url without padding.
    pub e: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// The prefix domain of a pool.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// The prefix, unique in the Region.
    pub prefix: String,
    /// The domain is `CREATING` before this time and `ACTIVE` afterwards. The token endpoint works only when it is
    /// active.
    pub active_from_ms: u64,
}

/// A resource server, which defines scopes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceServer {
    /// Unique in the pool; the first part of its scopes.
    pub identifier: String,
    /// Shown in the console.
    pub name: String,
    /// Descriptions by scope name.
    pub scopes: BTreeMap<String, String>,
}

/// An app client of a pool.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppClient {
    /// 26 lower-case letters and digits.
    pub id: String,
    /// The display name, which need not be unique.
    pub name: String,
    /// 51 characters; `None` for a public client.
    pub secret: Option<String>,
    /// Every other setting of CreateUserPoolClient and UpdateUserPoolClient, as sent. An update resets the settings
    /// that it omits.
    pub settings: Map<String, Value>,
    /// Milliseconds since the epoch.
    pub created_ms: u64,
    /// Milliseconds since the epoch.
    pub modified_ms: u64,
}

impl std::fmt::Debug for AppClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppClient").field("id", &self.id).field("name", &self.name).finish_non_exhaustive()
    }
}
