//! The roles of tensor axes: which axis holds channels, rows, or columns.

use channels_last::{Order, Shape};
use tract_core::internal::*;
use tract_core::ops::nn::DataFormat;

/// The role of one axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AxisRole {
    /// An axis of length 1 outside the image: the batch, or what a reduction left.
    Unit,
    Channel,
    Row,
    Column,
}

/// The roles of all axes of a tensor. A role that no axis has means a length of 1.
pub(crate) type Axes = TVec<AxisRole>;

/// The axes of the input and output of a convolution or pooling.
pub(crate) fn from_format(format: DataFormat) -> Axes {
    use AxisRole::*;
    match format {
        DataFormat::NCHW => tvec![Unit, Channel, Row, Column],
        DataFormat::NHWC => tvec![Unit, Row, Column, Channel],
        DataFormat::CHW => tvec![Channel, Row, Column],
        DataFormat::HWC => tvec![Row, Column, Channel],
    }
}

/// A guess for a tensor of this shape, if nothing else tells its axes.
pub(crate) fn default_for(shape: &[usize]) -> Option<Axes> {
    use AxisRole::*;
    match *shape {
        [1, _] => Some(tvec![Unit, Channel]),
        [1, _, _, _] => Some(tvec![Unit, Channel, Row, Column]),
        _ => None,
    }
}

/// The shape of the image; none if two axes have the same role, or a unit axis is longer than 1.
pub(crate) fn image_shape(axes: &[AxisRole], lengths: &[usize]) -> Option<Shape> {
    let mut shape = Shape { channels: 1, height: 1, width: 1 };
    let mut seen: TVec<AxisRole> = tvec![];
    for (&role, &length) in axes.iter().zip(lengths) {
        match role {
            AxisRole::Unit if length == 1 => continue,
            AxisRole::Unit => return None,
            _ if seen.contains(&role) => return None,
            AxisRole::Channel => shape.channels = length,
            AxisRole::Row => shape.height = length,
            AxisRole::Column => shape.width = length,
        }
        seen.push(role);
    }
    (axes.len() == lengths.len() && !shape.is_empty()).then_some(shape)
}

/// The order of the elements in memory; none if columns come before rows, or channels between them.
pub(crate) fn element_order(axes: &[AxisRole], lengths: &[usize]) -> Option<Order> {
    // Axes of length 1 do not affect the order.
    let roles: TVec<AxisRole> = axes
        .iter()
        .zip(lengths)
        .filter(|(role, length)| **role != AxisRole::Unit && **length != 1)
        .map(|(role, _)| *role)
        .collect();
    let position = |role: AxisRole| roles.iter().position(|&other| other == role);
    match (position(AxisRole::Channel), position(AxisRole::Row), position(AxisRole::Column)) {
        (_, Some(row), Some(column)) if row > column => None,
        (None, _, _) | (_, None, None) => Some(Order::Chw),
        (Some(channel), row, column) => {
            let spatial = [row, column];
            let mut spatial = spatial.iter().flatten();
            if spatial.clone().all(|&axis| channel < axis) {
                Some(Order::Chw)
            } else if spatial.all(|&axis| channel > axis) {
                Some(Order::Hwc)
            } else {
                None
            }
        }
    }
}

/// Whether two assignments mean the same for a tensor of these lengths. The role of an axis of length 1 does not matter.
pub(crate) fn are_equivalent(axes: &[AxisRole], expected: &[AxisRole], lengths: &[usize]) -> bool {
    axes.len() == expected.len()
        && axes.iter().zip(expected).zip(lengths).all(|((a, b), &length)| a == b || length == 1)
}

/// The axes after `operation`, and whether it flattened the image to a vector; none if the result is not an image.
pub(crate) fn apply(axes: &[AxisRole], lengths: &[usize], operation: &AxisOp) -> Option<(Axes, bool)> {
    let mut changed: Axes = axes.into();
    match operation {
        AxisOp::Add(at) => changed.insert(*at, AxisRole::Unit),
        AxisOp::Rm(at) => {
            changed.remove(*at);
        }
        AxisOp::Move(from, to) => {
            let role = changed.remove(*from);
            changed.insert(*to, role);
        }
        AxisOp::Reshape(at, from, to) => {
            let to: TVec<usize> = to.iter().map(|length| length.to_usize().ok()).collect::<Option<_>>()?;
            let range = *at..*at + from.len();
            let before: TVec<(AxisRole, usize)> = range.clone().map(|axis| (axes[axis], lengths[axis])).collect();
            let long: TVec<(AxisRole, usize)> = before.iter().copied().filter(|(_, length)| *length != 1).collect();
            let long_after: TVec<usize> = to.iter().copied().filter(|&length| length != 1).collect();
            // Several axes that become one are meant as a vector, even if only a row or a column is longer than 1.
            let flattens = to.len() == 1 && from.len() > 1 && long.iter().any(|(role, _)| *role != AxisRole::Channel);
            let keeps_axes = !flattens && long.iter().map(|(_, length)| *length).eq(long_after.iter().copied());
            let mut long = if keeps_axes { long } else { flatten(axes, lengths, range.clone(), &long_after)? };
            long.reverse();
            let roles: Axes = to
                .iter()
                .map(|&length| if length == 1 { Some(AxisRole::Unit) } else { Some(long.pop()?.0) })
                .collect::<Option<_>>()?;
            changed.drain(range.clone());
            for (offset, role) in roles.into_iter().enumerate() {
                changed.insert(at + offset, role);
            }
            return Some((changed, !keeps_axes));
        }
    }
    Some((changed, false))
}

/// A whole image as one axis of channels; none if only a part of it is flattened.
fn flatten(
    axes: &[AxisRole],
    lengths: &[usize],
    range: std::ops::Range<usize>,
    after: &[usize],
) -> Option<TVec<(AxisRole, usize)>> {
    let leaves_some = (0..axes.len()).filter(|axis| !range.contains(axis)).any(|axis| lengths[axis] != 1);
    match after {
        &[length] if !leaves_some && element_order(axes, lengths).is_some() => Some(tvec![(AxisRole::Channel, length)]),
        _ => None,
    }
}

/// The axes before `operation`, given those after it; none for a reshape, which is not invertible.
pub(crate) fn apply_inverse(axes: &[AxisRole], operation: &AxisOp) -> Option<Axes> {
    let mut changed: Axes = axes.into();
    match operation {
        AxisOp::Add(at) => {
            changed.remove(*at);
        }
        AxisOp::Rm(at) => changed.insert(*at, AxisRole::Unit),
        AxisOp::Move(from, to) => {
            let role = changed.remove(*to);
            changed.insert(*from, role);
        }
        AxisOp::Reshape(..) => return None,
    }
    Some(changed)
}
