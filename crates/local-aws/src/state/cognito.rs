//! Cognito user pools with their resource servers, app clients and domain.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::tags::Tags;

/// A user pool.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserPool {
    /// `<region>_<9 characters>`
    pub id: String,
    /// Not unique.
    pub name: String,
    /// `ACTIVE` or `INACTIVE`.
    pub deletion_protection: String,
    /// Every other setting of Create- and UpdateUserPool, as given. An update that omits one resets it, as on AWS.
    pub settings: Map<String, Value>,
    /// Settings that no update can change (schema, username configuration, alias attributes).
    pub immutable: Map<String, Value>,
    /// The domain's prefix, when it has one.
    pub domain: Option<Domain>,
    /// By identifier.
    pub resource_servers: BTreeMap<String, ResourceServer>,
    /// By client id.
    pub clients: BTreeMap<String, AppClient>,
    /// Names of users (only their number matters here).
    pub users: BTreeSet<String>,
    /// Tags.
    pub tags: Tags,
    /// The pool's signing key.
    pub key: SigningKey,
    /// Milliseconds since the epoch.
    pub created_ms: u64,
    /// Milliseconds since the epoch.
    pub modified_ms: u64,
}

/// An RSA key of 2,048 bits, which signs the pool's tokens with RS256.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SigningKey {
    /// Key id in token headers and in the key set.
    pub kid: String,
    /// PKCS#8 DER, base64. Secret.
    pub pkcs8: String,
    /// Modulus, base64url without padding.
    pub n: String,
    /// Exponent, base64url without padding.
    pub e: String,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

/// A prefix domain.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// Unique in the Region.
    pub prefix: String,
    /// `CREATING` until then, `ACTIVE` from then on; the token endpoint serves only when active.
    pub active_from_ms: u64,
}

/// A resource server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceServer {
    /// Unique in the pool.
    pub identifier: String,
    /// Shown in the console.
    pub name: String,
    /// Scope name → description.
    pub scopes: BTreeMap<String, String>,
}

/// An app client.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppClient {
    /// 26 characters.
    pub id: String,
    /// Not unique.
    pub name: String,
    /// Secret, 51 characters; none for a public client.
    pub secret: Option<String>,
    /// Every other setting of Create- and UpdateUserPoolClient, as given. An update that omits one resets it.
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
