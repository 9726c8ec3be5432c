//! The tags of a resource.

use std::collections::BTreeMap;

/// Tag values by key.
pub type Tags = BTreeMap<String, String>;
