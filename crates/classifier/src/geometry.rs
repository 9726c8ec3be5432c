//! How large an image becomes, and which part of it the model sees.

use crate::error::Error;
use crate::pixels::{Pixels, Raster};
use crate::preprocess::{Crop, Preprocess, Resize};
use crate::resize::{Axis, resize};

/// One direction of the way from the image to the model's input.
#[derive(Debug, PartialEq)]
struct Side {
    axis: Axis,
    /// Where the wanted part begins in the model's input; what is before and after it is filled.
    before: usize,
}

/// Resizes an image to the model's size, crops it, and fills what remains with `pad`, a value per channel.
pub(crate) fn fit(source: Pixels, size: [u32; 2], settings: &Preprocess, pad: &[u8]) -> Result<Raster, Error> {
    let from = [source.width, source.height];
    let to = size.map(|side| side as usize);
    let [x, y] = sides(from, to, settings)?;
    let black = vec![0; pad.len()];
    let fill = if settings.resize == Resize::Letterbox { pad } else { &black };
    Ok(match resize(source, &x.axis, &y.axis, settings.filter) {
        Raster::Bytes(pixels) => Raster::Bytes(frame(pixels, to, [x.before, y.before], fill)),
        Raster::Floats(pixels) => {
            let fill: Vec<f32> = fill.iter().copied().map(f32::from).collect();
            Raster::Floats(frame(pixels, to, [x.before, y.before], &fill))
        }
    })
}

fn sides(from: [usize; 2], to: [usize; 2], settings: &Preprocess) -> Result<[Side; 2], Error> {
    let resize_to = settings.resize_to.map(|side| side as usize);
    let resized = match settings.resize {
        Resize::Both => resize_to.map_or(to, |side| [side; 2]),
        Resize::Shorter => shorter(from, resize_to.unwrap_or(to[0].min(to[1]))),
        Resize::Letterbox => return Ok(letterbox(from, to)),
        Resize::None => from,
    };
    if settings.resize == Resize::None {
        let fits = match settings.crop {
            Crop::None => from == to,
            Crop::Center | Crop::CenterFloor => from[0] >= to[0] && from[1] >= to[1],
        };
        if !fits {
            let least = if settings.crop == Crop::None { "" } else { " at least" };
            return Err(Error::Unprocessable(format!(
                "preprocessing image: it has {}x{} pixels; this model takes images of{least} {}x{} pixels and does not \
                 resize them",
                from[0], from[1], to[0], to[1]
            )));
        }
    }
    Ok(std::array::from_fn(|side| center(from[side], resized[side], to[side], settings.crop)))
}

/// As torchvision's `Resize(side)`: the longer side is rounded down.
fn shorter([width, height]: [usize; 2], side: usize) -> [usize; 2] {
    let (short, long) = (width.min(height), width.max(height));
    let long = side * long / short;
    if width <= height { [side, long] } else { [long, side] }
}

/// The center. An image that is too small gets a border, whose spare pixel is at the end, as by torchvision's `CenterCrop`.
fn center(from: usize, resized: usize, to: usize, crop: Crop) -> Side {
    let (start, before) = match resized.checked_sub(to) {
        Some(over) if crop == Crop::CenterFloor => (over / 2, 0),
        Some(over) => ((over as f64 / 2.0).round_ties_even() as usize, 0),
        None => (0, (to - resized) / 2),
    };
    Side { axis: Axis { from, to: resized, wanted: start..start + resized.min(to) }, before }
}

/// As the `LetterBox` of Ultralytics: in proportion, in the middle; a spare pixel is at the end.
fn letterbox(from: [usize; 2], to: [usize; 2]) -> [Side; 2] {
    let ratio = (to[0] as f64 / from[0] as f64).min(to[1] as f64 / from[1] as f64);
    std::array::from_fn(|side| {
        let resized = ((from[side] as f64 * ratio).round_ties_even() as usize).clamp(1, to[side]);
        let before = ((to[side] - resized) as f64 / 2.0 - 0.1).round_ties_even() as usize;
        Side { axis: Axis::whole(from[side], resized), before }
    })
}

/// Puts an image at `before` (from the left and from the top) into one of size `to` that is filled with a color.
fn frame<T: Copy>(pixels: Pixels<T>, to: [usize; 2], before: [usize; 2], fill: &[T]) -> Pixels<T> {
    if [pixels.width, pixels.height] == to {
        return pixels;
    }
    let [width, height] = to;
    let mut data = fill.repeat(width * height);
    let stride = width * pixels.channels;
    let rows = data.chunks_exact_mut(stride).skip(before[1]);
    for (target, row) in rows.zip(pixels.data.chunks_exact(pixels.stride())) {
        target[before[0] * pixels.channels..][..row.len()].copy_from_slice(row);
    }
    Pixels { width, height, channels: pixels.channels, data }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn settings(resize: Resize, resize_to: Option<u32>, crop: Crop) -> Preprocess {
        Preprocess { resize, resize_to, crop, ..Preprocess::default() }
    }

    #[test]
    fn the_longer_side_is_rounded_down() {
        assert_eq!(shorter([500, 375], 256), [341, 256]);
        assert_eq!(shorter([375, 500], 256), [256, 341]);
        assert_eq!(shorter([7, 7], 3), [3, 3]);
        assert_eq!(shorter([1, 12_000], 256), [256, 3_072_000]);
    }

    #[test]
    fn halves_of_the_offset_round_to_even() {
        let start = |resized: usize, crop: Crop| center(1, resized, 224, crop).axis.wanted.start;
        let lengths = [256, 257, 259, 261, 263];
        assert_eq!(lengths.map(|resized| start(resized, Crop::Center)), [16, 16, 18, 18, 20]);
        assert_eq!(lengths.map(|resized| start(resized, Crop::CenterFloor)), [16, 16, 17, 18, 19]);
    }

    #[test]
    fn what_is_too_small_gets_a_black_border() {
        let source = Pixels { width: 1, height: 2, channels: 1, data: vec![5, 6] };
        let settings = Preprocess { pad: [9; 3], ..settings(Resize::Shorter, Some(1), Crop::Center) };
        let fitted = fit(source, [4, 3], &settings, &[9]).unwrap().into_bytes();
        assert_eq!(fitted.data, [0, 5, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn a_letterbox_has_bars_of_the_color() {
        let source = Pixels { width: 4, height: 1, channels: 1, data: vec![1, 2, 3, 4] };
        let fitted = fit(source, [4, 4], &settings(Resize::Letterbox, None, Crop::None), &[114]).unwrap().into_bytes();
        assert_eq!(fitted.data, [[114; 4], [1, 2, 3, 4], [114; 4], [114; 4]].concat());
        let sides = letterbox([1, 3000], [224, 100]);
        assert_eq!((sides[0].axis.to, sides[0].before, sides[1].axis.to), (1, 111, 100));
    }

    #[test]
    fn without_resizing_the_size_must_fit() {
        let source = || Pixels { width: 3, height: 2, channels: 1, data: vec![1, 2, 3, 4, 5, 6] };
        let fit = |size, crop| fit(source(), size, &settings(Resize::None, None, crop), &[0]);
        assert_eq!(fit([3, 2], Crop::None).unwrap().into_bytes(), source());
        assert_eq!(fit([1, 1], Crop::Center).unwrap().into_bytes().data, [2]);
        let words = |error: Error| match error {
            Error::Unprocessable(words) => words,
            other => panic!("{other:?}"),
        };
        assert!(words(fit([2, 2], Crop::None).unwrap_err()).contains("images of 2x2 pixels"));
        assert!(words(fit([3, 3], Crop::Center).unwrap_err()).contains("at least 3x3 pixels"));
    }
}
