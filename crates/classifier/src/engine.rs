//! The choice of kernels for a model, and which operators they compute.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Which kernels may compute a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// The channels-last kernels for every operator that they support, tract for the rest.
    #[default]
    ChannelsLast,
    /// tract alone.
    Tract,
}

impl Engine {
    /// Whether it is the default.
    pub(crate) fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The number of operators of a model, by name. The field names are part of log lines.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Operators {
    /// Operators that the channels-last kernels compute.
    pub taken: BTreeMap<String, usize>,
    /// Operators that tract computes.
    pub left: BTreeMap<String, usize>,
}
