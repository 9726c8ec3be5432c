//! Palettes: colors by index.

/// 256 colors with alpha.
pub(super) struct Palette {
    colors: [[u8; 4]; 256],
}

impl Palette {
    /// As in Pillow, a color that the file does not define is black.
    pub(super) fn black() -> Self {
        Self { colors: [[0, 0, 0, 255]; 256] }
    }

    /// Each index is its own grey.
    pub(super) fn grey() -> Self {
        Self { colors: std::array::from_fn(|index| [index as u8, index as u8, index as u8, 255]) }
    }

    /// Sets the first colors, of three bytes each.
    pub(super) fn set_rgb(&mut self, bytes: &[u8]) {
        for (color, rgb) in self.colors.iter_mut().zip(bytes.chunks_exact(3)) {
            color[..3].copy_from_slice(rgb);
        }
    }

    /// Sets the first colors: blue, green, red, and bytes that do not matter.
    pub(super) fn set_bgr(&mut self, bytes: &[u8], size: usize) {
        for (color, bgr) in self.colors.iter_mut().zip(bytes.chunks_exact(size)) {
            color[..3].copy_from_slice(&[bgr[2], bgr[1], bgr[0]]);
        }
    }

    pub(super) fn set_alpha(&mut self, index: usize, alpha: u8) {
        if let Some(color) = self.colors.get_mut(index) {
            color[3] = alpha;
        }
    }

    /// The colors of pixels, with 3 or 4 channels.
    pub(super) fn apply(&self, indices: &[u8], channels: usize) -> Vec<u8> {
        let mut samples = vec![0; indices.len() * channels];
        for (pixel, &index) in samples.chunks_exact_mut(channels).zip(indices) {
            pixel.copy_from_slice(&self.colors[usize::from(index)][..channels]);
        }
        samples
    }
}
