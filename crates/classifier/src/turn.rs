//! Turns an image as its EXIF orientation says, as Pillow's `ImageOps.exif_transpose`.

use crate::pixels::Pixels;

/// Turns an image by an EXIF orientation, 1 to 8; 1 leaves it as it is.
pub(crate) fn turn(pixels: Pixels, orientation: u8) -> Pixels {
    // From the turned image's column and row to the stored image's.
    let (right, bottom) = (pixels.width - 1, pixels.height - 1);
    let stored = |x: usize, y: usize| match orientation {
        2 => (right - x, y),
        3 => (right - x, bottom - y),
        4 => (x, bottom - y),
        5 => (y, x),
        6 => (y, bottom - x),
        7 => (right - y, bottom - x),
        8 => (right - y, x),
        _ => (x, y),
    };
    let (width, height) = match orientation {
        2..=4 => (pixels.width, pixels.height),
        5..=8 => (pixels.height, pixels.width),
        _ => return pixels,
    };
    let mut data = Vec::with_capacity(pixels.data.len());
    for y in 0..height {
        for x in 0..width {
            let (column, row) = stored(x, y);
            let start = row * pixels.stride() + column * pixels.channels;
            data.extend_from_slice(&pixels.data[start..start + pixels.channels]);
        }
    }
    Pixels { width, height, channels: pixels.channels, data }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_orientation_puts_the_first_row_where_exif_says() {
        let stored = Pixels { width: 2, height: 3, channels: 1, data: vec![1, 2, 3, 4, 5, 6] };
        for (orientation, width, data) in [
            (1, 2, [1, 2, 3, 4, 5, 6]),
            (2, 2, [2, 1, 4, 3, 6, 5]),
            (3, 2, [6, 5, 4, 3, 2, 1]),
            (4, 2, [5, 6, 3, 4, 1, 2]),
            (5, 3, [1, 3, 5, 2, 4, 6]),
            (6, 3, [5, 3, 1, 6, 4, 2]),
            (7, 3, [6, 4, 2, 5, 3, 1]),
            (8, 3, [2, 4, 6, 1, 3, 5]),
        ] {
            let turned = turn(stored.clone(), orientation);
            assert_eq!((turned.width, turned.height, turned.data), (width, 6 / width, data.to_vec()), "{orientation}");
        }
    }
}
