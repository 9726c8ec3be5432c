//! Limits on an image's size. They are checked before memory is allocated for it.

use super::problem::{MAX_PIXELS, MAX_SIDE, no_pixels, too_large};
use crate::error::Error;

/// Most memory in bytes for what is not pixels, such as a color profile.
pub(super) const MAX_METADATA: usize = 64 << 20;

/// Refuses an image that is too large, or that has no pixels.
pub(super) fn check_size(format: &str, width: u64, height: u64) -> Result<(), Error> {
    if width == 0 || height == 0 {
        return Err(no_pixels(format));
    }
    if width > MAX_SIDE || height > MAX_SIDE || width * height > MAX_PIXELS {
        return Err(too_large(format));
    }
    Ok(())
}
