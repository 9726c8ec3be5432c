//! What the axes of a tensor are to an image.

use channels_last::{Order, Shape};
use tract_core::internal::*;
use tract_core::ops::nn::DataFormat;

/// The part of one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Of length 1 and no part of the image: the batch, or what a reduction has left.
    One,
    Channel,
    Row,
    Column,
}

/// The parts of all axes of a tensor. A part that has no axis is of length 1.
pub(crate) type Axes = TVec<Part>;

/// The axes of a convolution's or a pooling's tensors.
pub(crate) fn of_format(format: DataFormat) -> Axes {
    use Part::*;
    match format {
        DataFormat::NCHW => tvec![One, Channel, Row, Column],
        DataFormat::NHWC => tvec![One, Row, Column, Channel],
        DataFormat::CHW => tvec![Channel, Row, Column],
        DataFormat::HWC => tvec![Row, Column, Channel],
    }
}

/// What a tensor of this shape is where nothing tells.
pub(crate) fn by_default(shape: &[usize]) -> Option<Axes> {
    use Part::*;
    match *shape {
        [1, _] => Some(tvec![One, Channel]),
        [1, _, _, _] => Some(tvec![One, Channel, Row, Column]),
        _ => None,
    }
}

/// The image's shape; none where an axis of length other than 1 is no part of it, or a part comes twice.
pub(crate) fn shape(axes: &[Part], lengths: &[usize]) -> Option<Shape> {
    let mut shape = Shape { channels: 1, height: 1, width: 1 };
    let mut seen: TVec<Part> = tvec![];
    for (&part, &length) in axes.iter().zip(lengths) {
        match part {
            Part::One if length == 1 => continue,
            Part::One => return None,
            _ if seen.contains(&part) => return None,
            Part::Channel => shape.channels = length,
            Part::Row => shape.height = length,
            Part::Column => shape.width = length,
        }
        seen.push(part);
    }
    (axes.len() == lengths.len() && !shape.is_empty()).then_some(shape)
}

/// In which order the elements lie; none where columns come before rows, or channels between them.
pub(crate) fn order(axes: &[Part], lengths: &[usize]) -> Option<Order> {
    // An axis of length 1 may lie anywhere.
    let parts: TVec<Part> = axes
        .iter()
        .zip(lengths)
        .filter(|(part, length)| **part != Part::One && **length != 1)
        .map(|(part, _)| *part)
        .collect();
    let place = |part: Part| parts.iter().position(|&other| other == part);
    match (place(Part::Channel), place(Part::Row), place(Part::Column)) {
        (_, Some(row), Some(column)) if row > column => None,
        (None, _, _) | (_, None, None) => Some(Order::Chw),
        (Some(channel), row, column) => {
            let spatial = [row, column];
            let mut spatial = spatial.iter().flatten();
            if spatial.clone().all(|&place| channel < place) {
                Some(Order::Chw)
            } else if spatial.all(|&place| channel > place) {
                Some(Order::Hwc)
            } else {
                None
            }
        }
    }
}

/// Whether a tensor of these axes is one of those: axes of length 1 are as good as no axes.
pub(crate) fn same(axes: &[Part], wanted: &[Part], lengths: &[usize]) -> bool {
    axes.len() == wanted.len() && axes.iter().zip(wanted).zip(lengths).all(|((a, b), &length)| a == b || length == 1)
}

/// The axes after an operation on them, and whether elements were joined to one axis; none where that is no image.
pub(crate) fn change(axes: &[Part], lengths: &[usize], operation: &AxisOp) -> Option<(Axes, bool)> {
    let mut changed: Axes = axes.into();
    match operation {
        AxisOp::Add(at) => changed.insert(*at, Part::One),
        AxisOp::Rm(at) => {
            changed.remove(*at);
        }
        AxisOp::Move(from, to) => {
            let part = changed.remove(*from);
            changed.insert(*to, part);
        }
        AxisOp::Reshape(at, from, to) => {
            let to: TVec<usize> = to.iter().map(|length| length.to_usize().ok()).collect::<Option<_>>()?;
            let range = *at..*at + from.len();
            let before: TVec<(Part, usize)> = range.clone().map(|axis| (axes[axis], lengths[axis])).collect();
            let long: TVec<(Part, usize)> = before.iter().copied().filter(|(_, length)| *length != 1).collect();
            let long_after: TVec<usize> = to.iter().copied().filter(|&length| length != 1).collect();
            // What becomes a vector is meant as one, also where it was a row or a column.
            let vector = to.len() == 1 && from.len() > 1 && long.iter().any(|(part, _)| *part != Part::Channel);
            let same = !vector && long.iter().map(|(_, length)| *length).eq(long_after.iter().copied());
            let mut long = if same { long } else { join(axes, lengths, range.clone(), &long_after)? };
            long.reverse();
            let parts: Axes = to
                .iter()
                .map(|&length| if length == 1 { Some(Part::One) } else { Some(long.pop()?.0) })
                .collect::<Option<_>>()?;
            changed.drain(range.clone());
            for (offset, part) in parts.into_iter().enumerate() {
                changed.insert(at + offset, part);
            }
            return Some((changed, !same));
        }
    }
    Some((changed, false))
}

/// All of an image as one axis of channels; none where it is something else that is joined.
fn join(
    axes: &[Part],
    lengths: &[usize],
    range: std::ops::Range<usize>,
    after: &[usize],
) -> Option<TVec<(Part, usize)>> {
    let outside = (0..axes.len()).filter(|axis| !range.contains(axis)).any(|axis| lengths[axis] != 1);
    match after {
        &[length] if !outside && order(axes, lengths).is_some() => Some(tvec![(Part::Channel, length)]),
        _ => None,
    }
}

/// The axes before an operation, where those after it are known.
pub(crate) fn change_back(axes: &[Part], operation: &AxisOp) -> Option<Axes> {
    let mut changed: Axes = axes.into();
    match operation {
        AxisOp::Add(at) => {
            changed.remove(*at);
        }
        AxisOp::Rm(at) => changed.insert(*at, Part::One),
        AxisOp::Move(from, to) => {
            let part = changed.remove(*to);
            changed.insert(*from, part);
        }
        AxisOp::Reshape(..) => return None,
    }
    Some(changed)
}
