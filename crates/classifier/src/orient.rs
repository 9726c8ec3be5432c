//! Turns a decoded image as its EXIF orientation says.

use crate::decode::Decoded;

/// The image upright. `orientation` is EXIF's, 1 to 8; any other value changes nothing.
pub(crate) fn turn(image: Decoded, orientation: u8) -> Decoded {
    let (width, height, channels) = (image.width, image.height, image.channels);
    // The column and row of the stored image that show at a column and row of the turned one.
    let source: fn(usize, usize, usize, usize) -> (usize, usize) = match orientation {
        2 => |x, y, right, _| (right - x, y),
        3 => |x, y, right, bottom| (right - x, bottom - y),
        4 => |x, y, _, bottom| (x, bottom - y),
        5 => |x, y, _, _| (y, x),
        6 => |x, y, _, bottom| (y, bottom - x),
        7 => |x, y, right, bottom| (right - y, bottom - x),
        8 => |x, y, right, _| (right - y, x),
        _ => return image,
    };
    let (turned_width, turned_height) = if orientation >= 5 { (height, width) } else { (width, height) };
    let mut samples = Vec::with_capacity(image.samples.len());
    for y in 0..turned_height {
        for x in 0..turned_width {
            let (column, row) = source(x, y, width - 1, height - 1);
            samples.extend_from_slice(&image.samples[(row * width + column) * channels..][..channels]);
        }
    }
    Decoded { width: turned_width, height: turned_height, samples, ..image }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_orientation_is_turned_upright() {
        // What Pillow's exif_transpose makes of the rows 1 2 3 and 4 5 6.
        let expected: [(u8, usize, [u8; 6]); 9] = [
            (0, 3, [1, 2, 3, 4, 5, 6]),
            (1, 3, [1, 2, 3, 4, 5, 6]),
            (2, 3, [3, 2, 1, 6, 5, 4]),
            (3, 3, [6, 5, 4, 3, 2, 1]),
            (4, 3, [4, 5, 6, 1, 2, 3]),
            (5, 2, [1, 4, 2, 5, 3, 6]),
            (6, 2, [4, 1, 5, 2, 6, 3]),
            (7, 2, [6, 3, 5, 2, 4, 1]),
            (8, 2, [3, 6, 2, 5, 1, 4]),
        ];
        for (orientation, width, samples) in expected {
            let stored = Decoded { format: "PNG", width: 3, height: 2, channels: 1, samples: vec![1, 2, 3, 4, 5, 6] };
            let turned = turn(stored, orientation);
            assert_eq!((turned.width, turned.height), (width, 6 / width), "{orientation}");
            assert_eq!(turned.samples, samples, "{orientation}");
        }
    }
}
