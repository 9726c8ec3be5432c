//! From planes to pixels.

use super::component::Component;
use super::headers::{ColorSpace, Frame};
use super::upsample::Upsampling;
use crate::decode::decoded::Decoded;

/// Grows the components to the image's size, and converts them to grey or RGB.
pub(super) fn interleave(
    frame: &Frame,
    components: &[Component],
    upsampling: &[Upsampling],
    color_space: ColorSpace,
) -> Decoded {
    let (width, height) = (frame.width, frame.height);
    let channels = if color_space == ColorSpace::Grey { 1 } else { 3 };
    // Rows may be a few samples longer than the image.
    let mut rows = vec![vec![0; width + 8]; components.len()];
    let mut samples = vec![0; width * height * channels];
    let arch = pulp::Arch::new();
    for (y, out) in samples.chunks_exact_mut(width * channels).enumerate() {
        arch.dispatch(|| {
            for ((row, component), upsampling) in rows.iter_mut().zip(components).zip(upsampling) {
                upsampling.row(component, y, row);
            }
            convert(&mut rows, color_space, out);
        });
    }
    Decoded::new("JPEG", width, height, channels, samples)
}

/// Converts one row of all components.
#[inline(always)]
fn convert(rows: &mut [Vec<u8>], color_space: ColorSpace, out: &mut [u8]) {
    match rows {
        [grey] => out.copy_from_slice(&grey[..out.len()]),
        [a, b, c, inks @ ..] => {
            match color_space {
                ColorSpace::YCbCr | ColorSpace::Ycck => to_rgb(a, b, c),
                // As Adobe's programs, files hold inverted inks, so that YCCK gives the inverse of what CMYK holds.
                ColorSpace::Cmyk => [&mut *a, &mut *b, &mut *c].into_iter().flatten().for_each(|ink| *ink = 255 - *ink),
                ColorSpace::Rgb | ColorSpace::Grey => {}
            }
            if let [black] = inks {
                // Pillow inverts all four inks, then converts them to RGB.
                for inks in [&mut *a, &mut *b, &mut *c] {
                    inks.iter_mut().zip(&*black).for_each(|(ink, &black)| *ink = without_black(*ink, black));
                }
            }
            for (((pixel, &red), &green), &blue) in out.chunks_exact_mut(3).zip(&*a).zip(&*b).zip(&*c) {
                pixel.copy_from_slice(&[red, green, blue]);
            }
        }
        _ => {}
    }
}

/// One channel of RGB, as Pillow's conversion from CMYK: what an ink and black leave of white.
#[inline(always)]
fn without_black(ink: u8, inverted_black: u8) -> u8 {
    let (ink, rest) = (u32::from(ink), u32::from(inverted_black));
    let product = ink * rest + 128;
    (rest - ((product + (product >> 8)) >> 8).min(rest)) as u8
}

/// Converts YCbCr to RGB in place, with factors of 16 fractional bits.
#[inline(always)]
fn to_rgb(luma: &mut [u8], blue: &mut [u8], red: &mut [u8]) {
    const HALF: i32 = 1 << 15;
    for ((luma, blue), red) in luma.iter_mut().zip(blue).zip(red) {
        let (y, cb, cr) = (i32::from(*luma), i32::from(*blue) - 128, i32::from(*red) - 128);
        let [r, g, b] =
            [91_881 * cr, -22_554 * cb - 46_802 * cr, 116_130 * cb].map(|product| y + ((product + HALF) >> 16));
        (*luma, *blue, *red) = (r.clamp(0, 255) as u8, g.clamp(0, 255) as u8, b.clamp(0, 255) as u8);
    }
}
