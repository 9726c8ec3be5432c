//! A decoded image in memory: 8 bits per channel, rows from the top, channels interleaved.

/// An image of one (grey) or three (RGB) channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// In pixels.
    pub width: usize,
    /// In pixels.
    pub height: usize,
    /// Bytes per pixel.
    pub channels: usize,
    /// `width * height * channels` bytes.
    pub data: Vec<u8>,
}

impl Pixels {
    /// Bytes of one row.
    pub(crate) fn stride(&self) -> usize {
        self.width * self.channels
    }
}
