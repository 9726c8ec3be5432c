//! What runs a model, and what of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which kernels a model may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// The channels-last kernels for all operators that they take, tract for the rest.
    #[default]
    ChannelsLast,
    /// tract alone.
    Tract,
}

impl Engine {
    /// Whether it is the one that is meant where nothing is said.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The operators of a model, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Operators {
    /// That the channels-last kernels compute.
    pub taken: BTreeMap<String, usize>,
    /// That stay with tract.
    pub left: BTreeMap<String, usize>,
}
