//! From the components' planes to rows of full width, as libjpeg does by default: triangle filters where a component has
//! half the width or height, repetition elsewhere.

use super::component::Component;
use super::failure::Failure;

/// How a component grows to the image's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Upsampling {
    Full,
    /// Triangle filter, twice the width.
    Wide,
    /// Triangle filter, twice the height.
    High,
    /// Triangle filter, twice the width and height.
    Both,
    /// Repeats each sample that often across and down.
    Repeat(usize, usize),
}

impl Upsampling {
    /// `largest` are the largest sampling factors of the image, across and down.
    pub(super) fn new(component: &Component, largest: [usize; 2]) -> Result<Self, Failure> {
        let (across, down) = (component.across, component.down);
        let is_wide_enough = component.width > 2;
        if !largest[0].is_multiple_of(across) || !largest[1].is_multiple_of(down) {
            return Err(Failure::Unsupported("its components' sampling factors do not divide each other"));
        }
        Ok(match (largest[0] / across, largest[1] / down) {
            (1, 1) => Self::Full,
            (2, 1) if is_wide_enough => Self::Wide,
            (1, 2) => Self::High,
            (2, 2) if is_wide_enough => Self::Both,
            (x, y) => Self::Repeat(x, y),
        })
    }

    /// One row of the image. `row` has room for at least three more samples than the image is wide.
    #[inline(always)]
    pub(super) fn row(self, component: &Component, y: usize, row: &mut [u8]) {
        let width = component.width;
        match self {
            Self::Full => row[..width].copy_from_slice(&component.row(y)[..width]),
            Self::Wide => widen(&component.row(y)[..width], row),
            Self::High => {
                let (near, far, bias) = neighbors(component, y);
                for ((out, &near), &far) in row.iter_mut().zip(&near[..width]).zip(&far[..width]) {
                    *out = ((3 * u16::from(near) + u16::from(far) + bias) >> 2) as u8;
                }
            }
            Self::Both => {
                let (near, far, _) = neighbors(component, y);
                widen_both(&near[..width], &far[..width], row);
            }
            Self::Repeat(x, down) => {
                for (out, &sample) in row.chunks_mut(x).zip(&component.row(y / down)[..width]) {
                    out.fill(sample);
                }
            }
        }
    }
}

/// The nearest row of a component of half the height, the next nearest, and how to round.
#[inline(always)]
fn neighbors(component: &Component, y: usize) -> (&[u8], &[u8], u16) {
    let near = y / 2;
    if y.is_multiple_of(2) {
        (component.row(near), component.row(near.saturating_sub(1)), 1)
    } else {
        (component.row(near), component.row((near + 1).min(component.height - 1)), 2)
    }
}

#[inline(always)]
fn widen(samples: &[u8], row: &mut [u8]) {
    let last = samples.len() - 1;
    let at = |index: usize| u16::from(samples[index]);
    row[0] = samples[0];
    row[1] = ((3 * at(0) + at(1) + 2) >> 2) as u8;
    for (out, window) in row[2..2 * last].chunks_exact_mut(2).zip(samples.windows(3)) {
        let [before, here, after] = [0, 1, 2].map(|index| u16::from(window[index]));
        out[0] = ((3 * here + before + 1) >> 2) as u8;
        out[1] = ((3 * here + after + 2) >> 2) as u8;
    }
    row[2 * last] = ((3 * at(last) + at(last - 1) + 1) >> 2) as u8;
    row[2 * last + 1] = samples[last];
}

#[inline(always)]
fn widen_both(near: &[u8], far: &[u8], row: &mut [u8]) {
    let last = near.len() - 1;
    let sum = |near: u8, far: u8| 3 * u16::from(near) + u16::from(far);
    let at = |index: usize| sum(near[index], far[index]);
    row[0] = ((4 * at(0) + 8) >> 4) as u8;
    row[1] = ((3 * at(0) + at(1) + 7) >> 4) as u8;
    for ((out, near), far) in row[2..2 * last].chunks_exact_mut(2).zip(near.windows(3)).zip(far.windows(3)) {
        let [before, here, after] = [0, 1, 2].map(|index| sum(near[index], far[index]));
        out[0] = ((3 * here + before + 8) >> 4) as u8;
        out[1] = ((3 * here + after + 7) >> 4) as u8;
    }
    row[2 * last] = ((3 * at(last) + at(last - 1) + 8) >> 4) as u8;
    row[2 * last + 1] = ((4 * at(last) + 7) >> 4) as u8;
}
