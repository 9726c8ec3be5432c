//! What a node of the model is in terms of images, if it is anything.

use channels_last::Window;
use tract_core::internal::*;
use tract_core::ops::array::TypedConcat;
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::cast::Cast;
use tract_core::ops::cnn::{Conv, MaxPool, PaddingSpec, PoolSpec, SumPool};
use tract_core::ops::einsum::EinSum;
use tract_core::ops::math::{Add, Div, Max, Min, Mul, Sub};
use tract_core::ops::nn::{Reduce, Reducer, Softmax, SoftmaxKind};

use crate::axes::{self, Axes, Part};
use crate::constant::{constant, floats};

/// A node that can be taken.
#[derive(Debug, Clone)]
pub(crate) struct Understood {
    pub(crate) meaning: Meaning,
    /// Of its output.
    pub(crate) axes: Axes,
}

/// What it does to its first input, or to all.
#[derive(Debug, Clone)]
pub(crate) enum Meaning {
    /// The same elements under another name.
    Same,
    /// The image as a vector, in the order in which its elements lie.
    Flatten,
    Conv(Window),
    MaxPool(Window),
    SumPool {
        window: Window,
        normalise: bool,
        count_padding: bool,
    },
    /// `x * scale + shift` of the given input.
    Affine {
        input: usize,
        scale: Vec<f32>,
        shift: Vec<f32>,
    },
    Clamp {
        input: usize,
        low: f32,
        high: f32,
    },
    Add,
    Concat,
    /// The matrix is input `matrix`; `rows` says that its first axis is that of the outputs.
    Dense {
        input: usize,
        matrix: usize,
        rows: bool,
    },
    Softmax,
}

/// All that is known of a node's input while the model is gone through.
pub(crate) struct Known<'a> {
    pub(crate) model: &'a TypedModel,
    pub(crate) axes: &'a HashMap<OutletId, Axes>,
}

impl Known<'_> {
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

/// What a node is, or none.
pub(crate) fn understand(known: &Known<'_>, node: &TypedNode) -> Option<Understood> {
    let [output] = node.outputs.as_slice() else { return None };
    let lengths: TVec<usize> = output.fact.shape.as_concrete()?.into();
    let (meaning, axes) = meaning(known, node)?;
    // It must be possible to hand it over at any point.
    let element_known = output.fact.datum_type == f32::datum_type()
        || (matches!(meaning, Meaning::Same) && output.fact.datum_type == u8::datum_type());
    axes::shape(&axes, &lengths)?;
    axes::order(&axes, &lengths)?;
    element_known.then_some(Understood { meaning, axes })
}

fn meaning(known: &Known<'_>, node: &TypedNode) -> Option<(Meaning, Axes)> {
    let op: &dyn TypedOp = node.op.as_ref();
    let &first = node.inputs.first()?;
    if let Some(op) = op.downcast_ref::<TypedBinOp>() {
        return binary(known, node, op);
    }
    if let Some(op) = op.downcast_ref::<EinSum>() {
        return dense(known, node, op);
    }
    let (axes, lengths) = (known.axes(first)?, known.lengths(first)?);
    if let Some(op) = op.downcast_ref::<AxisOp>() {
        let (changed, joined) = axes::change(axes, &lengths, op)?;
        let meaning = if joined { Meaning::Flatten } else { Meaning::Same };
        return Some((meaning, changed));
    }
    if let Some(op) = op.downcast_ref::<Cast>() {
        let byte_or_float =
            known.datum_type(first)? == u8::datum_type() || known.datum_type(first)? == f32::datum_type();
        return (byte_or_float && op.to == f32::datum_type()).then(|| (Meaning::Same, axes.clone()));
    }
    if known.datum_type(first)? != f32::datum_type() {
        return None;
    }
    if let Some(op) = op.downcast_ref::<Conv>() {
        let window = window(known, first, &op.pool_spec)?;
        let known_weights = node.inputs.len() == 3 && node.inputs[1..].iter().all(|&input| known.is_constant(input));
        return (op.q_params.is_none() && known_weights)
            .then(|| (Meaning::Conv(window), axes::of_format(op.pool_spec.data_format)));
    }
    if let Some(op) = op.downcast_ref::<MaxPool>() {
        let window = window(known, first, &op.pool_spec)?;
        return op
            .with_index_outputs
            .is_none()
            .then(|| (Meaning::MaxPool(window), axes::of_format(op.pool_spec.data_format)));
    }
    if let Some(op) = op.downcast_ref::<SumPool>() {
        let mut window = window(known, first, &op.pool_spec)?;
        // Only with rounding up can a window reach beyond the padding; what is beyond does not count.
        window.after = match &op.pool_spec.padding {
            PaddingSpec::ExplicitOnnxPool(_, after, true) => [after[0], after[1]],
            _ => [usize::MAX / 4; 2],
        };
        let meaning = Meaning::SumPool { window, normalise: op.normalize, count_padding: op.count_include_pad };
        return Some((meaning, axes::of_format(op.pool_spec.data_format)));
    }
    if let Some(op) = op.downcast_ref::<Reduce>() {
        return reduce(axes, &lengths, op);
    }
    if let Some(op) = op.downcast_ref::<TypedConcat>() {
        let all_same = node.inputs.iter().all(|&input| {
            let other = known.axes(input).zip(known.lengths(input));
            other.is_some_and(|(other, lengths)| axes::same(other, axes, &lengths))
                && known.datum_type(input) == Some(f32::datum_type())
        });
        // Of two images with one channel each, no axis may tell that it is the channels'.
        let mut axes = axes.clone();
        if axes[op.axis] == Part::One && !axes.contains(&Part::Channel) {
            axes[op.axis] = Part::Channel;
        }
        return (all_same && axes[op.axis] == Part::Channel).then_some((Meaning::Concat, axes));
    }
    if let Some(op) = op.downcast_ref::<Softmax>() {
        let shape = axes::shape(axes, &lengths)?;
        let over_channels = op.axes.iter().all(|&axis| axes[axis] == Part::Channel || lengths[axis] == 1)
            && op.axes.iter().any(|&axis| axes[axis] == Part::Channel);
        let plain = op.kind == SoftmaxKind::Softmax && op.quant_output_dt.is_none() && shape.height * shape.width == 1;
        return (over_channels && plain).then(|| (Meaning::Softmax, axes.clone()));
    }
    None
}

/// The window of a pooling or a convolution over two axes.
fn window(known: &Known<'_>, input: OutletId, spec: &PoolSpec) -> Option<Window> {
    let lengths = known.lengths(input)?;
    let wanted = axes::of_format(spec.data_format);
    if spec.rank() != 2 || !axes::same(known.axes(input)?, &wanted, &lengths) {
        return None;
    }
    let shape = spec.data_format.shape(&*lengths).ok()?;
    let padding = spec.computed_padding(shape.hw_dims());
    let pair = |of: &dyn Fn(usize) -> usize| [of(0), of(1)];
    let window = Window {
        kernel: pair(&|axis| spec.kernel_shape[axis]),
        stride: pair(&|axis| spec.stride(axis)),
        dilation: pair(&|axis| spec.dilation(axis)),
        before: pair(&|axis| padding[axis].pad_before),
        after: pair(&|axis| padding[axis].pad_after),
    };
    let some = |numbers: [usize; 2]| numbers.iter().all(|&number| number > 0);
    (some(window.kernel) && some(window.stride) && some(window.dilation)).then_some(window)
}

/// A reduction over all pixels.
fn reduce(axes: &Axes, lengths: &[usize], op: &Reduce) -> Option<(Meaning, Axes)> {
    let shape = axes::shape(axes, lengths)?;
    let reduced = |part: Part, length: usize| {
        length == 1 || axes.iter().position(|&other| other == part).is_some_and(|axis| op.axes.contains(&axis))
    };
    let channels = op.axes.iter().any(|&axis| axes[axis] == Part::Channel && lengths[axis] != 1);
    if channels || !reduced(Part::Row, shape.height) || !reduced(Part::Column, shape.width) {
        return None;
    }
    let window = Window::new([shape.height, shape.width]);
    let meaning = match op.reducer {
        Reducer::Sum => Meaning::SumPool { window, normalise: false, count_padding: false },
        Reducer::Max => Meaning::MaxPool(window),
        _ => return None,
    };
    let left = axes.iter().map(|&part| if part == Part::Channel { part } else { Part::One }).collect();
    Some((meaning, left))
}

/// An image with a constant, or the sum of two images.
fn binary(known: &Known<'_>, node: &TypedNode, op: &TypedBinOp) -> Option<(Meaning, Axes)> {
    let op = op.0.as_ref();
    let all_floats = node.inputs.iter().all(|&input| known.datum_type(input) == Some(f32::datum_type()));
    let &[left, right] = node.inputs.as_slice() else { return None };
    if !all_floats {
        return None;
    }
    let (input, other) = match (constant(known.model, left), constant(known.model, right)) {
        (None, Some(other)) => (0, other),
        (Some(other), None) => (1, other),
        (None, None) if op.is::<Add>() => {
            let (lengths, other) = (known.lengths(left)?, known.lengths(right)?);
            let (axes, other_axes) = (known.axes(left)?, known.axes(right)?);
            return (lengths == other && axes::same(axes, other_axes, &lengths)).then(|| (Meaning::Add, axes.clone()));
        }
        _ => return None,
    };
    let (axes, lengths) = (known.axes(node.inputs[input])?, known.lengths(node.inputs[input])?);
    let values = per_channel(axes, &lengths, &other)?;
    let affine = |scale: Vec<f32>, shift: Vec<f32>| Some((Meaning::Affine { input, scale, shift }, axes.clone()));
    let each = |of: &dyn Fn(f32) -> f32| values.iter().map(|&value| of(value)).collect::<Vec<f32>>();
    let clamp = |low: f32, high: f32| Some((Meaning::Clamp { input, low, high }, axes.clone()));
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

/// One value for all channels, or one for each; none where it differs from pixel to pixel or makes the image larger.
fn per_channel(axes: &Axes, lengths: &[usize], other: &Tensor) -> Option<Vec<f32>> {
    let values = floats(other)?;
    if other.rank() != axes.len() || values.is_empty() || values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let fits = other
        .shape()
        .iter()
        .zip(axes.iter().zip(lengths))
        .all(|(&length, (&part, &whole))| length == 1 || (length == whole && part == Part::Channel));
    if fits {
        return Some(values);
    }
    // As large as the image, but everywhere the same.
    let no_larger = other.shape().iter().zip(lengths).all(|(&length, &whole)| length == 1 || length == whole);
    (no_larger && values.iter().all(|&value| value == values[0])).then(|| vec![values[0]])
}

/// A vector times a constant matrix.
fn dense(known: &Known<'_>, node: &TypedNode, op: &EinSum) -> Option<(Meaning, Axes)> {
    let &[left, right] = node.inputs.as_slice() else { return None };
    let (input, matrix) = match (known.is_constant(left), known.is_constant(right)) {
        (false, true) => (0, 1),
        (true, false) => (1, 0),
        _ => return None,
    };
    let floats = node.inputs.iter().all(|&input| known.datum_type(input) == Some(f32::datum_type()));
    let (axes, lengths) = (known.axes(node.inputs[input])?, known.lengths(node.inputs[input])?);
    let shape = axes::shape(axes, &lengths)?;
    let matrix_lengths = known.lengths(node.inputs[matrix])?;
    if op.q_params.is_some() || !floats || shape.height * shape.width != 1 {
        return None;
    }
    let length = |places: &[usize], lengths: &[usize]| places.iter().map(|&place| lengths[place]).product::<usize>();
    let output_lengths = known.lengths(OutletId::new(node.id, 0))?;
    let (mut summed, mut given) = (None, None);
    for axis in op.axes.iter_all_axes() {
        let (vector, matrix, output) = (&axis.inputs[input], &axis.inputs[matrix], &axis.outputs[0]);
        if vector.len() > 1 || matrix.len() > 1 || output.len() > 1 {
            return None;
        }
        let longest =
            length(vector, &lengths).max(length(matrix, &matrix_lengths)).max(length(output, &output_lengths));
        match (vector.first(), matrix.first(), output.first()) {
            (Some(&vector), Some(&matrix), None)
                if (axes[vector] == Part::Channel || longest == 1) && summed.is_none() =>
            {
                summed = Some(matrix);
            }
            (None, Some(&matrix), Some(&output)) if given.is_none() => given = Some((matrix, output)),
            _ if longest == 1 => {}
            _ => return None,
        }
    }
    let (summed, (rows, output)) = (summed?, given?);
    let mut axes: Axes = output_lengths.iter().map(|_| Part::One).collect();
    axes[output] = Part::Channel;
    Some((Meaning::Dense { input, matrix, rows: rows < summed }, axes))
}
