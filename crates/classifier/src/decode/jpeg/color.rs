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
    let tables = ChromaTables::new();
    // Rows may be a few samples longer than the image.
    let mut rows = vec![vec![0; width + 8]; components.len()];
    let mut samples = vec![0; width * height * channels];
    for (y, out) in samples.chunks_exact_mut(width * channels).enumerate() {
        for ((row, component), upsampling) in rows.iter_mut().zip(components).zip(upsampling) {
            upsampling.row(component, y, row);
        }
        match &rows[..] {
            [grey] => out.copy_from_slice(&grey[..width]),
            [a, b, c] => {
                for (((out, &a), &b), &c) in out.chunks_exact_mut(3).zip(a).zip(b).zip(c) {
                    let pixel = if color_space == ColorSpace::YCbCr { tables.rgb(a, b, c) } else { [a, b, c] };
                    out.copy_from_slice(&pixel);
                }
            }
            [a, b, c, k, ..] => {
                for ((((out, &a), &b), &c), &k) in out.chunks_exact_mut(3).zip(a).zip(b).zip(c).zip(k) {
                    // As Adobe's programs, files hold inverted inks, so that YCCK gives the inverse of what CMYK holds.
                    let inverse = match color_space {
                        ColorSpace::Ycck => tables.rgb(a, b, c),
                        _ => [a, b, c].map(|ink| 255 - ink),
                    };
                    // Pillow inverts all four inks, then converts them to RGB.
                    out.copy_from_slice(&inverse.map(|ink| without_black(ink, k)));
                }
            }
            _ => {}
        }
    }
    Decoded::new("JPEG", width, height, channels, samples)
}

/// One channel of RGB, as Pillow's conversion from CMYK: what an ink and black leave of white.
fn without_black(ink: u8, inverted_black: u8) -> u8 {
    let (ink, rest) = (u32::from(ink), u32::from(inverted_black));
    let product = ink * rest + 128;
    (rest - ((product + (product >> 8)) >> 8).min(rest)) as u8
}

/// Products of the conversion from YCbCr, with 16 fractional bits.
struct ChromaTables {
    red: [i32; 256],
    blue: [i32; 256],
    green_of_red: [i32; 256],
    green_of_blue: [i32; 256],
}

impl ChromaTables {
    fn new() -> Self {
        const HALF: i32 = 1 << 15;
        let table = |product: &dyn Fn(i32) -> i32| std::array::from_fn(|value| product(value as i32 - 128));
        Self {
            red: table(&|x| (91_881 * x + HALF) >> 16),
            blue: table(&|x| (116_130 * x + HALF) >> 16),
            green_of_red: table(&|x| -46_802 * x),
            green_of_blue: table(&|x| -22_554 * x + HALF),
        }
    }

    fn rgb(&self, luma: u8, blue: u8, red: u8) -> [u8; 3] {
        let (luma, blue, red) = (i32::from(luma), usize::from(blue), usize::from(red));
        let green = (self.green_of_blue[blue] + self.green_of_red[red]) >> 16;
        [luma + self.red[red], luma + green, luma + self.blue[blue]].map(|value| value.clamp(0, 255) as u8)
    }
}
