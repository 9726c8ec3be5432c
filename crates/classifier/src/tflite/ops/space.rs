//! Padding, and moving pixels between the image and other axes.

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::array::{Pad, PadMode};
use tract_tflite::tflite::MirrorPadMode;

use super::shape::sizes;
use crate::tflite::operator::Operator;

/// Largest padding on a side. A file that declares more is damaged.
const MAX_PAD: usize = 1 << 14;

/// Pads with zeros, or with the number of the third input.
pub(super) fn pad(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let value = op.input(0)?;
    let pads = pads(op, value)?;
    let fill = match op.optional(2)? {
        None => 0.0,
        Some(fill) => op.constant_of(fill).context("its value must be constant")?.cast_to_scalar::<f32>()?,
    };
    pad_with(op, value, &pads, fill)
}

/// Pads with a number; does nothing if there is nothing to pad.
pub(super) fn pad_with(
    op: &mut Operator<'_, '_>,
    value: OutletId,
    pads: &[(usize, usize)],
    fill: f32,
) -> TractResult<OutletId> {
    if pads.iter().all(|&pad| pad == (0, 0)) {
        return Ok(value);
    }
    let element = op.datum_type(value)?;
    let fill = tensor0(fill).cast_to_dt(element)?.into_owned();
    op.wire(Pad { pads: pads.to_vec(), mode: PadMode::Constant(fill.into_arc_tensor()) }, &[value])
}

/// Pads with the mirrored image, with the border pixel once (REFLECT) or twice (SYMMETRIC).
pub(super) fn mirror_pad(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let options = op.node.table.builtin_options_as_mirror_pad_options();
    let skipped = usize::from(options.is_none_or(|options| options.mode() == MirrorPadMode::REFLECT));
    let mut value = op.input(0)?;
    let shape = op.shape(value)?;
    for (axis, (before, after)) in pads(op, value)?.into_iter().enumerate() {
        let length = shape[axis];
        if (before, after) == (0, 0) {
            continue;
        }
        ensure!(before.max(after) + skipped <= length, "it mirrors more of axis {axis} than there is");
        let mut indices: Vec<usize> = (skipped..before + skipped).rev().collect();
        indices.extend(0..length);
        indices.extend((length - after - skipped..length - skipped).rev());
        value = op.pick(value, axis, &indices)?;
    }
    Ok(value)
}

/// The second input: before and after each axis.
fn pads(op: &mut Operator<'_, '_>, value: OutletId) -> TractResult<Vec<(usize, usize)>> {
    let rank = op.shape(value)?.len();
    let numbers = sizes(&op.integers(1)?)?;
    ensure!(
        numbers.len() == 2 * rank && numbers.iter().all(|&pad| pad <= MAX_PAD),
        "it pads {rank} axes by {numbers:?}"
    );
    Ok(numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}

pub(super) fn space_to_depth(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let options = op.node.table.builtin_options_as_space_to_depth_options();
    let block = block(options.map_or(0, |options| options.block_size()))?;
    let image = op.input(0)?;
    let [batch, height, width, channels] = image_shape(op, image)?;
    ensure!(
        height.is_multiple_of(block) && width.is_multiple_of(block),
        "{height} × {width} pixels in blocks of {block}"
    );
    let blocks = op.reshape(image, &[batch, height / block, block, width / block, block, channels])?;
    let moved = op.permute(blocks, &[0, 1, 3, 2, 4, 5])?;
    op.reshape(moved, &[batch, height / block, width / block, block * block * channels])
}

pub(super) fn depth_to_space(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let options = op.node.table.builtin_options_as_depth_to_space_options();
    let block = block(options.map_or(0, |options| options.block_size()))?;
    let image = op.input(0)?;
    let [batch, height, width, channels] = image_shape(op, image)?;
    ensure!(channels.is_multiple_of(block * block), "{channels} channels in blocks of {block}");
    let depth = channels / (block * block);
    let blocks = op.reshape(image, &[batch, height, width, block, block, depth])?;
    let moved = op.permute(blocks, &[0, 1, 3, 2, 4, 5])?;
    op.reshape(moved, &[batch, height * block, width * block, depth])
}

/// Inputs: image, block sizes, pads of each block axis. The blocks' positions become the outer part of the batch.
pub(super) fn space_to_batch(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let image = op.input(0)?;
    let (blocks, padding) = (sizes(&op.integers(1)?)?, sizes(&op.integers(2)?)?);
    let rank = op.shape(image)?.len();
    check_blocks(&blocks, &padding, rank)?;
    let mut pads = vec![(0, 0); rank];
    for (axis, pair) in padding.chunks_exact(2).enumerate() {
        pads[axis + 1] = (pair[0], pair[1]);
    }
    let image = pad_with(op, image, &pads, 0.0)?;
    let shape = op.shape(image)?;
    let mut split = vec![shape[0]];
    for (axis, &block) in blocks.iter().enumerate() {
        ensure!(shape[axis + 1].is_multiple_of(block), "an axis of {} in blocks of {block}", shape[axis + 1]);
        split.extend([shape[axis + 1] / block, block]);
    }
    split.extend(&shape[blocks.len() + 1..]);
    let value = op.reshape(image, &split)?;
    let inner = (0..blocks.len()).map(|axis| 2 + 2 * axis);
    let outer = (0..blocks.len()).map(|axis| 1 + 2 * axis);
    let order: Vec<usize> = inner.chain([0]).chain(outer).chain(2 * blocks.len() + 1..split.len()).collect();
    let value = op.permute(value, &order)?;
    let mut to = vec![blocks.iter().product::<usize>() * shape[0]];
    to.extend(blocks.iter().enumerate().map(|(axis, block)| shape[axis + 1] / block));
    to.extend(&shape[blocks.len() + 1..]);
    op.reshape(value, &to)
}

/// The inverse of [`space_to_batch`], with crops instead of pads.
pub(super) fn batch_to_space(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let image = op.input(0)?;
    let (blocks, crops) = (sizes(&op.integers(1)?)?, sizes(&op.integers(2)?)?);
    let shape = op.shape(image)?;
    check_blocks(&blocks, &crops, shape.len())?;
    let positions: usize = blocks.iter().product();
    ensure!(shape[0].is_multiple_of(positions), "a batch of {} in {positions} positions", shape[0]);
    let mut split = blocks.clone();
    split.push(shape[0] / positions);
    split.extend(&shape[1..]);
    let value = op.reshape(image, &split)?;
    let count = blocks.len();
    let mut order = vec![count];
    for axis in 0..count {
        order.extend([count + 1 + axis, axis]);
    }
    order.extend(2 * count + 1..split.len());
    let value = op.permute(value, &order)?;
    let mut to = vec![shape[0] / positions];
    to.extend(blocks.iter().enumerate().map(|(axis, block)| shape[axis + 1] * block));
    to.extend(&shape[count + 1..]);
    let mut value = op.reshape(value, &to)?;
    for (axis, pair) in crops.chunks_exact(2).enumerate() {
        let end = to[axis + 1].saturating_sub(pair[1]);
        value = op.slice(value, axis + 1, pair[0], end)?;
    }
    Ok(value)
}

fn check_blocks(blocks: &[usize], pairs: &[usize], rank: usize) -> TractResult<()> {
    let valid = !blocks.is_empty()
        && blocks.len() < rank
        && pairs.len() == 2 * blocks.len()
        && blocks.iter().all(|block| (1..=MAX_PAD).contains(block))
        && pairs.iter().all(|&pad| pad <= MAX_PAD);
    ensure!(valid, "it has blocks {blocks:?} and pads {pairs:?} for {rank} axes");
    Ok(())
}

fn block(size: i32) -> TractResult<usize> {
    let size = usize::try_from(size).unwrap_or(0);
    ensure!((1..=MAX_PAD).contains(&size), "it has a block size of {size}");
    Ok(size)
}

fn image_shape(op: &Operator<'_, '_>, image: OutletId) -> TractResult<[usize; 4]> {
    let shape = op.shape(image)?;
    <[usize; 4]>::try_from(shape.as_slice()).ok().with_context(|| format!("its input has shape {shape:?}"))
}
