//! Convolutions.

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::cnn::{Conv, KernelFormat};
use tract_tflite::tflite::Padding;

use super::space::pad_with;
use super::window::{Window, positive};
use crate::tflite::operator::Operator;

/// Weights are `[output channels, height, width, input channels of a group]`.
pub(super) fn conv_2d(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let (image, weights) = (op.input(0)?, op.input(1)?);
    let options = op.node.table.builtin_options_as_conv_2_doptions().context("it has no options")?;
    let (shape, kernel) = (op.shape(image)?, op.shape(weights)?);
    let &[output_channels, height, width, group_channels] = kernel.as_slice() else {
        bail!("its weights have shape {kernel:?}")
    };
    let window = Window {
        kernel: [height, width],
        stride: [options.stride_h(), options.stride_w()],
        dilation: [options.dilation_h_factor(), options.dilation_w_factor()],
        padding: options.padding(),
    };
    let channels = shape.last().copied().unwrap_or(0);
    ensure!(
        group_channels > 0 && channels > 0 && channels.is_multiple_of(group_channels),
        "its input has {channels} channels and its weights {group_channels}"
    );
    let group = channels / group_channels;
    ensure!(
        output_channels > 0 && output_channels.is_multiple_of(group),
        "{output_channels} channels in {group} groups"
    );
    let (kernel_fmt, weights) = match group {
        1 => (KernelFormat::OHWI, weights),
        _ => (KernelFormat::OIHW, op.permute(weights, &[0, 3, 1, 2])?),
    };
    let bias = bias(op, 2, output_channels)?;
    let pool_spec = window.pool_spec(&shape, output_channels)?;
    let value = op.wire(Conv { pool_spec, kernel_fmt, group, q_params: None }, &[image, weights, bias])?;
    op.activation(value, options.fused_activation_function())
}

/// Weights are `[1, height, width, output channels]`. The multiplier is the number of output channels of an input channel.
pub(super) fn depthwise_conv_2d(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let (image, weights) = (op.input(0)?, op.input(1)?);
    let options = op.node.table.builtin_options_as_depthwise_conv_2_doptions().context("it has no options")?;
    let (shape, kernel) = (op.shape(image)?, op.shape(weights)?);
    let &[1, height, width, output_channels] = kernel.as_slice() else { bail!("its weights have shape {kernel:?}") };
    let window = Window {
        kernel: [height, width],
        stride: [options.stride_h(), options.stride_w()],
        dilation: [options.dilation_h_factor(), options.dilation_w_factor()],
        padding: options.padding(),
    };
    let group = shape.last().copied().unwrap_or(0);
    ensure!(
        group > 0 && output_channels > 0 && output_channels.is_multiple_of(group),
        "its input has {group} channels and its output {output_channels}"
    );
    let weights = op.permute(weights, &[3, 0, 1, 2])?;
    let bias = bias(op, 2, output_channels)?;
    let pool_spec = window.pool_spec(&shape, output_channels)?;
    let conv = Conv { pool_spec, kernel_fmt: KernelFormat::OIHW, group, q_params: None };
    let value = op.wire(conv, &[image, weights, bias])?;
    op.activation(value, options.fused_activation_function())
}

/// A convolution with turned weights over the image with zeros between its pixels. Inputs: the output's shape, weights
/// `[output channels, height, width, input channels]`, image, bias.
pub(super) fn transpose_conv(op: &mut Operator<'_, '_>) -> TractResult<OutletId> {
    let (mut weights, mut image) = (op.input(1)?, op.input(2)?);
    let options = op.node.table.builtin_options_as_transpose_conv_options().context("it has no options")?;
    let strides = positive([options.stride_h(), options.stride_w()])?;
    let output = op.integers(0)?;
    let (kernel, shape) = (op.shape(weights)?, op.shape(image)?);
    let (&[output_channels, _, _, input_channels], &[batch, height, width, channels]) =
        (kernel.as_slice(), shape.as_slice())
    else {
        bail!("its weights have shape {kernel:?} and its input {shape:?}")
    };
    ensure!(output.len() == 4 && input_channels == channels && kernel.iter().all(|&side| side > 0), "shapes disagree");
    for axis in [1, 2] {
        let turned: Vec<usize> = (0..kernel[axis]).rev().collect();
        weights = op.pick(weights, axis, &turned)?;
    }
    // Zeros after each pixel, as an axis of their own at first.
    image = op.reshape(image, &[batch, height, 1, width, 1, channels])?;
    image = pad_with(op, image, &[(0, 0), (0, 0), (0, strides[0] - 1), (0, 0), (0, strides[1] - 1), (0, 0)], 0.0)?;
    image = op.reshape(image, &[batch, height * strides[0], width * strides[1], channels])?;
    let mut pads = [(0, 0); 4];
    for axis in [1, 2] {
        let (stride, side, taps) = (strides[axis - 1], shape[axis], kernel[axis]);
        let wanted = usize::try_from(output[axis]).ok().filter(|side| *side > 0).context("it has no output")?;
        let before = match options.padding() {
            Padding::SAME => (side.saturating_sub(1) * stride + taps).saturating_sub(wanted) / 2,
            _ => 0,
        };
        ensure!(before < taps, "its padding is as large as its kernel");
        let first = taps - 1 - before;
        let (has, needs) = (first + side * stride, wanted + taps - 1);
        image = op.slice(image, axis, 0, (side * stride).min(needs.saturating_sub(first)))?;
        pads[axis] = (first, needs.saturating_sub(has));
    }
    image = pad_with(op, image, &pads, 0.0)?;
    let bias = bias(op, 3, output_channels)?;
    let window = Window { kernel: [kernel[1], kernel[2]], stride: [1; 2], dilation: [1; 2], padding: Padding::VALID };
    let pool_spec = window.pool_spec(&op.shape(image)?, output_channels)?;
    let conv = Conv { pool_spec, kernel_fmt: KernelFormat::OHWI, group: 1, q_params: None };
    let value = op.wire(conv, &[image, weights, bias])?;
    op.activation(value, options.fused_activation_function())
}

/// The bias at an input; zeros if it is left out.
fn bias(op: &mut Operator<'_, '_>, position: usize, channels: usize) -> TractResult<OutletId> {
    let Some(bias) = op.optional(position)? else { return op.constant(Tensor::zero::<f32>(&[channels])?) };
    let shape = op.shape(bias)?;
    ensure!(shape.iter().product::<usize>() == channels, "its bias has shape {shape:?} for {channels} channels");
    op.reshape(bias, &[channels])
}
