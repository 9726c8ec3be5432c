//! Weights that are asked for before they are needed.
//!
//! A network's weights are read once an answer, from memory where they are more than the caches hold. While one part of
//! them is multiplied with all pixels, the next one is on its way: a few lines at each step of a tile, for a processor
//! waits when it is asked for more at once than it can note down.

use prefetch_index::prefetch_index;

use crate::buffer::BLOCK;

/// Lines of memory that are needed later.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ahead<'a>(&'a [[f32; BLOCK]]);

impl<'a> Ahead<'a> {
    pub(super) fn new(lines: &'a [[f32; BLOCK]]) -> Self {
        Self(lines)
    }

    /// How many lines fall to each step, when all of them are spread over so many steps.
    #[inline(always)]
    pub(super) fn each(self, steps: usize) -> usize {
        // A division takes as long as a dozen multiplications.
        if self.0.is_empty() { 0 } else { self.0.len().div_ceil(steps) }
    }

    /// The first so many lines, which are taken away.
    #[inline(always)]
    pub(super) fn take(&mut self, lines: usize) -> Self {
        let (taken, left) = self.0.split_at(lines.min(self.0.len()));
        self.0 = left;
        Self(taken)
    }

    /// Asks for all of it.
    #[inline(always)]
    pub(super) fn fetch(self) {
        for line in 0..self.0.len() {
            prefetch_index(self.0, line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_all_of_it_and_nothing_twice() {
        let lines: Vec<[f32; BLOCK]> = (0..23u8).map(|line| [f32::from(line); BLOCK]).collect();
        for steps in 1..40 {
            let mut ahead = Ahead::new(&lines);
            let each = ahead.each(steps);
            let shares: Vec<[f32; BLOCK]> = (0..steps).flat_map(|_| ahead.take(each).0.to_vec()).collect();
            assert_eq!(shares, lines);
        }
    }
}
