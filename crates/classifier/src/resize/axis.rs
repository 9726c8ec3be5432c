//! One direction of a resize, and the part of the result that is wanted.

use std::ops::Range;

/// The resize of `from` pixels to `to`, of which only `wanted` is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Axis {
    pub(crate) from: usize,
    pub(crate) to: usize,
    pub(crate) wanted: Range<usize>,
}

impl Axis {
    /// The resize of which everything is wanted.
    pub(crate) fn whole(from: usize, to: usize) -> Self {
        Self { from, to, wanted: 0..to }
    }

    /// Whether the length stays.
    pub(super) fn is_same(&self) -> bool {
        self.from == self.to
    }

    /// Whether the pixels stay: the length does, and all of it is wanted.
    pub(super) fn is_unchanged(&self) -> bool {
        self.is_same() && self.wanted.len() == self.to
    }
}
