//! A decoded image: 8 bits per channel, rows from the top, channels interleaved.

/// An image with one channel (grey) or three (RGB).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Bytes per pixel.
    pub channels: usize,
    /// `width * height * channels` bytes.
    pub data: Vec<u8>,
}

impl Pixels {
    /// Bytes per row.
    pub(crate) fn stride(&self) -> usize {
        self.width * self.channels
    }
}
