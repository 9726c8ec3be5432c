//! Tags of a resource.

use std::collections::BTreeMap;

/// Values by key.
pub type Tags = BTreeMap<String, String>;
