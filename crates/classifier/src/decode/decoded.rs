//! What decoders return.

/// A decoded image.
pub(crate) struct Decoded {
    pub(crate) format: &'static str,
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// 1 is grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.
    pub(crate) channels: usize,
    /// `width * height * channels` bytes, rows from the top.
    pub(crate) samples: Vec<u8>,
}

impl Decoded {
    pub(super) fn new(format: &'static str, width: usize, height: usize, channels: usize, samples: Vec<u8>) -> Self {
        Self { format, width, height, channels, samples }
    }
}
