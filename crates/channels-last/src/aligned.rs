//! Cache-line aligned floats: loading a vector that crosses two cache lines costs twice as much.

/// Size of a cache line in bytes.
const LINE: usize = 64;

/// A fixed number of floats that start at a cache line.
#[derive(Debug, Default)]
pub(crate) struct Aligned {
    data: Vec<f32>,
    start: usize,
    len: usize,
}

impl Aligned {
    pub(crate) fn zeroed(len: usize) -> Self {
        let data = vec![0.0; len + LINE / size_of::<f32>()];
        // align_offset may fail; then the floats are unaligned, which is slower but correct.
        let start = data.as_ptr().align_offset(LINE).min(LINE / size_of::<f32>());
        Self { data, start, len }
    }

    pub(crate) fn as_slice(&self) -> &[f32] {
        &self.data[self.start..self.start + self.len]
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.data[self.start..self.start + self.len]
    }
}

impl Clone for Aligned {
    fn clone(&self) -> Self {
        let mut copy = Self::zeroed(self.len);
        copy.as_mut_slice().copy_from_slice(self.as_slice());
        copy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_and_their_clone_start_at_a_cache_line() {
        let mut floats = Aligned::zeroed(5);
        floats.as_mut_slice().copy_from_slice(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        let copy = floats.clone();
        for floats in [&floats, &copy] {
            assert_eq!(floats.as_slice(), [1.0, 2.0, 3.0, 4.0, 5.0]);
            assert_eq!(floats.as_slice().as_ptr().align_offset(LINE), 0);
        }
    }
}
