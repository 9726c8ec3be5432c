//! Conversion to grey, RGB or BGR, with the results of Pillow's `Image.convert`. Alpha is dropped, or blended onto a background.

use crate::decode::Decoded;
use crate::pixels::Pixels;
use crate::preprocess::Color;

/// Converts a decoded image. `background` is red, green and blue; `None` drops the alpha channel.
pub(crate) fn convert(image: Decoded, background: Option<[u8; 3]>, color: Color) -> Pixels {
    let Decoded { width, height, channels, samples, .. } = image;
    let (samples, channels) = match background {
        Some(background) if channels == 2 || channels == 4 => (blend(&samples, channels, background), 3),
        _ => (samples, channels),
    };
    let (data, channels) = match color {
        Color::L => (to_grey(samples, channels), 1),
        Color::Rgb => (to_rgb(samples, channels), 3),
        Color::Bgr => {
            let mut samples = to_rgb(samples, channels);
            samples.chunks_exact_mut(3).for_each(|pixel| pixel.swap(0, 2));
            (samples, 3)
        }
    };
    Pixels { width, height, channels, data }
}

/// A color in the channels of an image.
pub(crate) fn in_channels([red, green, blue]: [u8; 3], color: Color) -> Vec<u8> {
    match color {
        Color::L => vec![luma(red, green, blue)],
        Color::Rgb => vec![red, green, blue],
        Color::Bgr => vec![blue, green, red],
    }
}

/// RGB from grey or RGB with alpha on a background, as Pillow's `alpha_composite` and `paste` make it.
fn blend(samples: &[u8], channels: usize, background: [u8; 3]) -> Vec<u8> {
    let over = |value: u8, behind: u8, alpha: u8| {
        let sum = u32::from(value) * u32::from(alpha) + u32::from(behind) * u32::from(255 - alpha) + 128;
        // Divides by 255 and rounds.
        ((sum + (sum >> 8)) >> 8) as u8
    };
    let pixel = |pixel: &[u8]| match *pixel {
        [grey, alpha] => background.map(|behind| over(grey, behind, alpha)),
        [ref rgb @ .., alpha] => std::array::from_fn(|channel| over(rgb[channel], background[channel], alpha)),
        [] => background,
    };
    samples.chunks_exact(channels).flat_map(pixel).collect()
}

/// Pillow's ITU-R 601 luma in 16-bit fixed point.
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    ((19595 * u32::from(red) + 38470 * u32::from(green) + 7471 * u32::from(blue) + 0x8000) >> 16) as u8
}

fn to_grey(samples: Vec<u8>, channels: usize) -> Vec<u8> {
    match channels {
        1 => samples,
        2 => samples.chunks_exact(2).map(|pixel| pixel[0]).collect(),
        _ => samples.chunks_exact(channels).map(|pixel| luma(pixel[0], pixel[1], pixel[2])).collect(),
    }
}

fn to_rgb(samples: Vec<u8>, channels: usize) -> Vec<u8> {
    match channels {
        1 | 2 => samples.chunks_exact(channels).flat_map(|pixel| [pixel[0]; 3]).collect(),
        3 => samples,
        _ => samples.chunks_exact(channels).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_has_pillows_weights_and_rounding() {
        assert_eq!(luma(255, 255, 255), 255);
        assert_eq!(luma(255, 0, 0), 76);
        assert_eq!(luma(0, 255, 0), 150);
        assert_eq!(luma(0, 0, 255), 29);
        assert_eq!(luma(1, 1, 1), 1);
    }

    #[test]
    fn alpha_blends_onto_the_background() {
        let white = [255; 3];
        assert_eq!(
            blend(&[0, 0, 0, 255, 100, 128, 50, 127], 2, white),
            [[255; 3], [0; 3], [177; 3], [153; 3]].concat()
        );
        assert_eq!(blend(&[10, 20, 30, 51, 0, 0, 0, 0], 4, [200, 100, 0]), [162, 84, 6, 200, 100, 0]);
    }

    #[test]
    fn alpha_is_dropped() {
        assert_eq!(to_rgb(vec![1, 2, 3, 0, 4, 5, 6, 255], 4), [1, 2, 3, 4, 5, 6]);
        assert_eq!(to_rgb(vec![7, 0], 2), [7, 7, 7]);
        assert_eq!(to_grey(vec![7, 0, 9, 255], 2), [7, 9]);
    }
}
