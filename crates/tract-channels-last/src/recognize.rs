//! Recognizes the model nodes that the channels-last kernels can compute.

use channels_last::{Operation, Window};
use tract_core::internal::*;
use tract_core::ops::array::TypedConcat;
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::cast::Cast;
use tract_core::ops::cnn::{Conv, MaxPool, PaddingSpec, PoolSpec, SumPool};
use tract_core::ops::einsum::EinSum;
use tract_core::ops::math::{Add, Div, Max, Min, Mul, Sub};
use tract_core::ops::nn::{Reduce, Reducer, Softmax, SoftmaxKind};

use crate::axes::{self, Axes, AxisRole};
use crate::constant::{constant, floats};
use crate::op_kind::{OpKind, Recognized};

/// What is known while the model is visited in evaluation order: the model, and the axes of all earlier outlets.
pub(crate) struct Context<'a> {
    pub(crate) model: &'a TypedModel,
    pub(crate) axes: &'a HashMap<OutletId, Axes>,
}

impl Context<'_> {
    fn lengths(&self, outlet: OutletId) -> Option<TVec<usize>> {
        Some(self.model.outlet_fact(outlet).ok()?.shape.as_concrete()?.into())
    }

    fn axes(&self, outlet: OutletId) -> Option<&Axes> {
        self.axes.get(&outlet)
    }

    fn datum_type(&self, outlet: OutletId) -> Option<DatumType> {
        Some(self.model.outlet_fact(outlet).ok()?.datum_type)
    }

    fn is_constant(&self, outlet: OutletId) -> bool {
        constant(self.model, outlet).is_some()
    }
}

/// Recognizes a node; none if it has to stay with tract.
pub(crate) fn recognize(context: &Context<'_>, node: &TypedNode) -> Option<Recognized> {
    let [output] = node.outputs.as_slice() else { return None };
    let lengths: TVec<usize> = output.fact.shape.as_concrete()?.into();
    let (kind, axes) = op_kind(context, node)?;
    // Any recognized value may become an input or output of an operator, so its type and element order must be supported.
    let type_is_supported = output.fact.datum_type == f32::datum_type()
        || (matches!(kind, OpKind::Identity) && output.fact.datum_type == u8::datum_type());
    axes::image_shape(&axes, &lengths)?;
    axes::element_order(&axes, &lengths)?;
    type_is_supported.then_some(Recognized { kind, axes })
}

fn op_kind(context: &Context<'_>, node: &TypedNode) -> Option<(OpKind, Axes)> {
    let op: &dyn TypedOp = node.op.as_ref();
    let &first = node.inputs.first()?;
    if let Some(op) = op.downcast_ref::<TypedBinOp>() {
        return binary(context, node, op);
    }
    if let Some(op) = op.downcast_ref::<EinSum>() {
        return dense(context, node, op);
    }
    let (axes, lengths) = (context.axes(first)?, context.lengths(first)?);
    if let Some(op) = op.downcast_ref::<AxisOp>() {
        let (changed, flattened) = axes::apply(axes, &lengths, op)?;
        let kind = if flattened { OpKind::Flatten } else { OpKind::Identity };
        return Some((kind, changed));
    }
    if let Some(op) = op.downcast_ref::<Cast>() {
        let is_byte_or_float =
            context.datum_type(first)? == u8::datum_type() || context.datum_type(first)? == f32::datum_type();
        return (is_byte_or_float && op.to == f32::datum_type()).then(|| (OpKind::Identity, axes.clone()));
    }
    if context.datum_type(first)? != f32::datum_type() {
        return None;
    }
    if let Some(op) = op.downcast_ref::<Conv>() {
        let window = window(context, first, &op.pool_spec)?;
        let has_constant_weights =
            node.inputs.len() == 3 && node.inputs[1..].iter().all(|&input| context.is_constant(input));
        return (op.q_params.is_none() && has_constant_weights)
            .then(|| (OpKind::Conv(window), axes::from_format(op.pool_spec.data_format)));
    }
    if let Some(op) = op.downcast_ref::<MaxPool>() {
        let window = window(context, first, &op.pool_spec)?;
        return op
            .with_index_outputs
            .is_none()
            .then(|| (unary(Operation::MaxPool(window)), axes::from_format(op.pool_spec.data_format)));
    }
    if let Some(op) = op.downcast_ref::<SumPool>() {
        let mut window = window(context, first, &op.pool_spec)?;
        // A window reaches beyond the padding only if the output size was rounded up. Elements beyond it do not count, so
        // tell the kernel where the padding ends; otherwise leave it unlimited.
        window.pad_after = match &op.pool_spec.padding {
            PaddingSpec::ExplicitOnnxPool(_, after, true) => [after[0], after[1]],
            _ => [usize::MAX / 4; 2],
        };
        let (normalize, count_include_pad) = (op.normalize, op.count_include_pad);
        let kind = unary(Operation::SumPool { window, normalize, count_include_pad });
        return Some((kind, axes::from_format(op.pool_spec.data_format)));
    }
    if let Some(op) = op.downcast_ref::<Reduce>() {
        return reduce(axes, &lengths, op);
    }
    if let Some(op) = op.downcast_ref::<TypedConcat>() {
        let same_axes = node.inputs.iter().all(|&input| {
            let other = context.axes(input).zip(context.lengths(input));
            other.is_some_and(|(other, lengths)| axes::are_equivalent(other, axes, &lengths))
                && context.datum_type(input) == Some(f32::datum_type())
        });
        // Images with one channel may have no axis marked as channels: then it is the axis of the concatenation.
        let mut axes = axes.clone();
        if axes[op.axis] == AxisRole::Unit && !axes.contains(&AxisRole::Channel) {
            axes[op.axis] = AxisRole::Channel;
        }
        let kind = OpKind::Direct { operation: Operation::Concat, inputs: (0..node.inputs.len()).collect() };
        return (same_axes && axes[op.axis] == AxisRole::Channel).then_some((kind, axes));
    }
    if let Some(op) = op.downcast_ref::<Softmax>() {
        let shape = axes::image_shape(axes, &lengths)?;
        let over_channels = op.axes.iter().all(|&axis| axes[axis] == AxisRole::Channel || lengths[axis] == 1)
            && op.axes.iter().any(|&axis| axes[axis] == AxisRole::Channel);
        let plain = op.kind == SoftmaxKind::Softmax && op.quant_output_dt.is_none() && shape.height * shape.width == 1;
        return (over_channels && plain).then(|| (unary(Operation::Softmax), axes.clone()));
    }
    None
}

/// An operation on the node's first input.
fn unary(operation: Operation) -> OpKind {
    OpKind::Direct { operation, inputs: vec![0] }
}

/// The window of a convolution or pooling over two spatial axes.
fn window(context: &Context<'_>, input: OutletId, spec: &PoolSpec) -> Option<Window> {
    let lengths = context.lengths(input)?;
    let expected = axes::from_format(spec.data_format);
    if spec.rank() != 2 || !axes::are_equivalent(context.axes(input)?, &expected, &lengths) {
        return None;
    }
    let shape = spec.data_format.shape(&*lengths).ok()?;
    let padding = spec.computed_padding(shape.hw_dims());
    let pair = |of: &dyn Fn(usize) -> usize| [of(0), of(1)];
    let window = Window {
        kernel: pair(&|axis| spec.kernel_shape[axis]),
        stride: pair(&|axis| spec.stride(axis)),
        dilation: pair(&|axis| spec.dilation(axis)),
        pad_before: pair(&|axis| padding[axis].pad_before),
        pad_after: pair(&|axis| padding[axis].pad_after),
    };
    let positive = |pair: [usize; 2]| pair.iter().all(|&number| number > 0);
    (positive(window.kernel) && positive(window.stride) && positive(window.dilation)).then_some(window)
}

/// Global pooling: a reduction over all pixels.
fn reduce(axes: &Axes, lengths: &[usize], op: &Reduce) -> Option<(OpKind, Axes)> {
    let shape = axes::image_shape(axes, lengths)?;
    let is_reduced = |role: AxisRole, length: usize| {
        length == 1 || axes.iter().position(|&other| other == role).is_some_and(|axis| op.axes.contains(&axis))
    };
    let reduces_channels = op.axes.iter().any(|&axis| axes[axis] == AxisRole::Channel && lengths[axis] != 1);
    if reduces_channels || !is_reduced(AxisRole::Row, shape.height) || !is_reduced(AxisRole::Column, shape.width) {
        return None;
    }
    let window = Window::new([shape.height, shape.width]);
    let kind = match op.reducer {
        Reducer::Sum => unary(Operation::SumPool { window, normalize: false, count_include_pad: false }),
        Reducer::Max => unary(Operation::MaxPool(window)),
        _ => return None,
    };
    let remaining = axes.iter().map(|&role| if role == AxisRole::Channel { role } else { AxisRole::Unit }).collect();
    Some((kind, remaining))
}

/// An elementwise operation with a constant, or the sum of two images.
fn binary(context: &Context<'_>, node: &TypedNode, op: &TypedBinOp) -> Option<(OpKind, Axes)> {
    let op = op.0.as_ref();
    let all_f32 = node.inputs.iter().all(|&input| context.datum_type(input) == Some(f32::datum_type()));
    let &[left, right] = node.inputs.as_slice() else { return None };
    if !all_f32 {
        return None;
    }
    let (input, other) = match (constant(context.model, left), constant(context.model, right)) {
        (None, Some(other)) => (0, other),
        (Some(other), None) => (1, other),
        (None, None) if op.is::<Add>() => {
            let (lengths, other) = (context.lengths(left)?, context.lengths(right)?);
            let (axes, other_axes) = (context.axes(left)?, context.axes(right)?);
            return (lengths == other && axes::are_equivalent(axes, other_axes, &lengths))
                .then(|| (OpKind::Direct { operation: Operation::Add, inputs: vec![0, 1] }, axes.clone()));
        }
        _ => return None,
    };
    let (axes, lengths) = (context.axes(node.inputs[input])?, context.lengths(node.inputs[input])?);
    let values = per_channel(axes, &lengths, &other)?;
    let direct = |operation: Operation| Some((OpKind::Direct { operation, inputs: vec![input] }, axes.clone()));
    let affine = |scale: Vec<f32>, shift: Vec<f32>| direct(Operation::Affine { scale, shift });
    let each = |of: &dyn Fn(f32) -> f32| values.iter().map(|&value| of(value)).collect::<Vec<f32>>();
    let clamp = |low: f32, high: f32| direct(Operation::Clamp { low, high });
    match (input, values.as_slice()) {
        _ if op.is::<Add>() => affine(vec![1.0], values),
        _ if op.is::<Mul>() => affine(values, vec![0.0]),
        (0, _) if op.is::<Sub>() => affine(vec![1.0], each(&|value| -value)),
        (1, _) if op.is::<Sub>() => affine(vec![-1.0], values),
        (0, _) if op.is::<Div>() => affine(each(&|value| 1.0 / value), vec![0.0]),
        (_, &[low]) if op.is::<Max>() => clamp(low, f32::INFINITY),
        (_, &[high]) if op.is::<Min>() => clamp(f32::NEG_INFINITY, high),
        _ => None,
    }
}

/// A constant operand as one value per channel or one for all; none if it varies over pixels or broadcasts the image.
fn per_channel(axes: &Axes, lengths: &[usize], other: &Tensor) -> Option<Vec<f32>> {
    let values = floats(other)?;
    if other.rank() != axes.len() || values.is_empty() || values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let is_per_channel = other
        .shape()
        .iter()
        .zip(axes.iter().zip(lengths))
        .all(|(&length, (&role, &full))| length == 1 || (length == full && role == AxisRole::Channel));
    if is_per_channel {
        return Some(values);
    }
    // A constant as large as the image will do if all its values are equal.
    let no_larger = other.shape().iter().zip(lengths).all(|(&length, &full)| length == 1 || length == full);
    (no_larger && values.iter().all(|&value| value == values[0])).then(|| vec![values[0]])
}

/// A vector times a constant matrix, as an einsum with one summed axis and one output axis.
fn dense(context: &Context<'_>, node: &TypedNode, op: &EinSum) -> Option<(OpKind, Axes)> {
    let &[left, right] = node.inputs.as_slice() else { return None };
    let (input, matrix) = match (context.is_constant(left), context.is_constant(right)) {
        (false, true) => (0, 1),
        (true, false) => (1, 0),
        _ => return None,
    };
    let all_f32 = node.inputs.iter().all(|&input| context.datum_type(input) == Some(f32::datum_type()));
    let (axes, lengths) = (context.axes(node.inputs[input])?, context.lengths(node.inputs[input])?);
    let shape = axes::image_shape(axes, &lengths)?;
    let matrix_lengths = context.lengths(node.inputs[matrix])?;
    if op.q_params.is_some() || !all_f32 || shape.height * shape.width != 1 {
        return None;
    }
    let length = |axes: &[usize], lengths: &[usize]| axes.iter().map(|&axis| lengths[axis]).product::<usize>();
    let output_lengths = context.lengths(OutletId::new(node.id, 0))?;
    let (mut summed_axis, mut output_axes) = (None, None);
    for axis in op.axes.iter_all_axes() {
        let (vector, matrix, output) = (&axis.inputs[input], &axis.inputs[matrix], &axis.outputs[0]);
        if vector.len() > 1 || matrix.len() > 1 || output.len() > 1 {
            return None;
        }
        let longest =
            length(vector, &lengths).max(length(matrix, &matrix_lengths)).max(length(output, &output_lengths));
        match (vector.first(), matrix.first(), output.first()) {
            (Some(&vector), Some(&matrix), None)
                if (axes[vector] == AxisRole::Channel || longest == 1) && summed_axis.is_none() =>
            {
                summed_axis = Some(matrix);
            }
            (None, Some(&matrix), Some(&output)) if output_axes.is_none() => {
                output_axes = Some((matrix, output));
            }
            _ if longest == 1 => {}
            _ => return None,
        }
    }
    let (summed, (rows, output)) = (summed_axis?, output_axes?);
    let mut axes: Axes = output_lengths.iter().map(|_| AxisRole::Unit).collect();
    axes[output] = AxisRole::Channel;
    Some((OpKind::Dense { input, matrix, rows: rows < summed }, axes))
}
