//! Prefetches weights shortly before they are needed.
//!
//! Each inference reads all weights once, from main memory if they exceed the caches. While one weight tile is multiplied
//! with all pixels, the kernels prefetch the next one, a few cache lines per step: a processor stalls when it has more
//! outstanding loads than it can track.

use prefetch_index::prefetch_index;

use crate::buffer::BLOCK;

/// Cache lines to prefetch. One line holds the [`BLOCK`] floats of one weight row.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Prefetch<'a>(&'a [[f32; BLOCK]]);

impl<'a> Prefetch<'a> {
    pub(super) fn new(lines: &'a [[f32; BLOCK]]) -> Self {
        Self(lines)
    }

    /// Lines to prefetch per step so that `steps` steps cover all of them.
    #[inline(always)]
    pub(super) fn lines_per_step(self, steps: usize) -> usize {
        // Skip the division when there is nothing to prefetch: it costs as much as a dozen multiplications.
        if self.0.is_empty() { 0 } else { self.0.len().div_ceil(steps) }
    }

    /// Splits off the first `lines` lines, or all that are left.
    #[inline(always)]
    pub(super) fn take(&mut self, lines: usize) -> Self {
        let (taken, left) = self.0.split_at(lines.min(self.0.len()));
        self.0 = left;
        Self(taken)
    }

    /// Issues a prefetch for every line.
    #[inline(always)]
    pub(super) fn issue(self) {
        for line in 0..self.0.len() {
            prefetch_index(self.0, line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_cover_every_line_exactly_once() {
        let lines: Vec<[f32; BLOCK]> = (0..23u8).map(|line| [f32::from(line); BLOCK]).collect();
        for steps in 1..40 {
            let mut prefetch = Prefetch::new(&lines);
            let per_step = prefetch.lines_per_step(steps);
            let shares: Vec<[f32; BLOCK]> = (0..steps).flat_map(|_| prefetch.take(per_step).0.to_vec()).collect();
            assert_eq!(shares, lines);
        }
    }
}
