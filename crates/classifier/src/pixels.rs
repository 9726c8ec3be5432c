//! A decoded image: rows from the top, channels interleaved.

/// An image with one channel (grey) or three, as bytes or, after resampling that does not round, as floats of 0 to 255.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pixels<T = u8> {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Values per pixel.
    pub channels: usize,
    /// `width * height * channels` values.
    pub data: Vec<T>,
}

impl<T> Pixels<T> {
    /// Values per row.
    pub(crate) fn stride(&self) -> usize {
        self.width * self.channels
    }
}

/// An image as its filter leaves it.
#[derive(Debug, Clone, PartialEq)]
pub enum Raster {
    /// Rounded to bytes.
    Bytes(Pixels<u8>),
    /// Not rounded, about 0 to 255; a bicubic filter overshoots.
    Floats(Pixels<f32>),
}

impl Raster {
    /// The image in bytes: floats are rounded to the nearest, halves to even, and clipped.
    pub fn into_bytes(self) -> Pixels<u8> {
        match self {
            Self::Bytes(pixels) => pixels,
            Self::Floats(Pixels { width, height, channels, data }) => {
                // A cast from float saturates.
                let data = data.into_iter().map(|value| value.round_ties_even() as u8).collect();
                Pixels { width, height, channels, data }
            }
        }
    }
}
