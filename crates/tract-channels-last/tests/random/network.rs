//! Generates a random network, as an importer would produce it.

use tract_core::internal::*;
use tract_core::ops::array::TypedConcat;
use tract_core::ops::cast::cast;
use tract_core::ops::cnn::{Conv, KernelFormat, MaxPool, PaddingSpec, PoolSpec, SumPool};
use tract_core::ops::einsum::EinSum;
use tract_core::ops::math::{add, div, max, min, mul, sub, tanh};
use tract_core::ops::nn::{DataFormat, Reduce, Reducer, Softmax, SoftmaxKind};

use crate::numbers::Numbers;

/// A model and its input.
pub(crate) struct Case {
    pub(crate) model: TypedModel,
    pub(crate) input: Tensor,
}

/// Generates a network of up to nine image operations and possibly a classification head.
pub(crate) fn network(numbers: &mut Numbers) -> TractResult<Case> {
    let format = numbers.one_of(&[DataFormat::NCHW, DataFormat::NCHW, DataFormat::NHWC]);
    // Large images with many channels use Winograd convolution.
    let large = numbers.once_in(40);
    let channels = numbers.one_of(if large { &[32, 48, 64][..] } else { &[1, 2, 3, 3, 4, 8, 15, 16, 17, 24, 32, 40] });
    let (height, width) =
        if large { (20, numbers.within(19, 27)) } else { (numbers.within(1, 14), numbers.within(1, 20)) };
    let shape = format.from_n_c_hw(1, channels, [height, width])?.shape;
    let bytes = numbers.once_in(5);
    let element = if bytes { u8::datum_type() } else { f32::datum_type() };
    let mut model = TypedModel::default();
    let source = model.add_source("input", element.fact(&*shape))?;
    let mut builder = NetworkBuilder { numbers, model, format, large, images: Vec::new(), nodes: 0 };
    let mut first = source;
    if bytes {
        first = builder.wire(cast(f32::datum_type()), &[first])?;
        first = builder.with_constant(mul(), first, &[1.0 / 255.0], true)?;
    } else if builder.numbers.once_in(4) {
        first = builder.normalize(first)?;
    }
    builder.images.push(first);
    let conv = builder.conv(first)?;
    builder.keep(conv)?;
    for _ in 0..builder.numbers.within(0, 8) {
        builder.add_random_node()?;
    }
    let last = *builder.images.last().context("there is no image")?;
    let mut outputs = tvec![if builder.numbers.once_in(2) { builder.head(last)? } else { last }];
    if builder.numbers.once_in(6) {
        let other = builder.image();
        if other != outputs[0] && other != source {
            outputs.push(other);
        }
    }
    let NetworkBuilder { mut model, numbers, .. } = builder;
    model.select_output_outlets(&outputs)?;
    model.compact()?;
    let length = shape.iter().product();
    let floats = numbers.floats(length);
    let input = if bytes {
        Tensor::from_shape(&shape, &floats.iter().map(|value| ((value + 1.0) * 127.0) as u8).collect::<Vec<_>>())?
    } else {
        Tensor::from_shape(&shape, &floats)?
    };
    Ok(Case { model, input })
}

struct NetworkBuilder<'a> {
    numbers: &'a mut Numbers,
    model: TypedModel,
    format: DataFormat,
    large: bool,
    images: Vec<OutletId>,
    nodes: usize,
}

impl NetworkBuilder<'_> {
    fn wire(&mut self, op: impl Into<Box<dyn TypedOp>>, inputs: &[OutletId]) -> TractResult<OutletId> {
        self.nodes += 1;
        Ok(self.model.wire_node(format!("node{}", self.nodes), op, inputs)?[0])
    }

    fn constant(&mut self, tensor: Tensor) -> TractResult<OutletId> {
        self.nodes += 1;
        self.model.add_const(format!("constant{}", self.nodes), tensor)
    }

    fn shape(&self, outlet: OutletId) -> TractResult<TVec<usize>> {
        Ok(self.model.outlet_fact(outlet)?.shape.as_concrete().context("the shape is not concrete")?.into())
    }

    fn channels(&self, outlet: OutletId) -> TractResult<usize> {
        Ok(self.shape(outlet)?[self.channel_axis()])
    }

    fn channel_axis(&self) -> usize {
        if self.format == DataFormat::NHWC { 3 } else { 1 }
    }

    fn hw(&self, outlet: OutletId) -> TractResult<[usize; 2]> {
        let shape = self.shape(outlet)?;
        let axis = self.format.h_axis();
        Ok([shape[axis], shape[axis + 1]])
    }

    /// Picks an image, more often a recent one.
    fn image(&mut self) -> OutletId {
        if self.numbers.once_in(4) { self.numbers.one_of(&self.images) } else { self.images[self.images.len() - 1] }
    }

    fn add_random_node(&mut self) -> TractResult<()> {
        let image = self.image();
        let channels = self.channels(image)?;
        let made = match self.numbers.within(0, 15) {
            0..=4 => self.conv(image)?,
            5 => self.with_constant(max(), image, &[0.0], true)?,
            6 => {
                let low = self.with_constant(max(), image, &[0.0], true)?;
                let high = self.numbers.one_of(&[0.5, 6.0]);
                self.with_constant(min(), low, &[high], true)?
            }
            7 => self.normalize(image)?,
            8 => self.max_pool(image)?,
            9 => self.mean_pool(image)?,
            10 | 11 => self.sum(image)?,
            12 => self.concat(image)?,
            13 if self.numbers.once_in(3) => self.global_pool(image)?,
            14 => self.wire(tanh(), &[image])?,
            15 => {
                let floats = self.numbers.floats(channels);
                self.with_constant(add(), image, &floats, false)?
            }
            _ => self.conv(image)?,
        };
        self.keep(made)
    }

    /// Makes an image available to later nodes, unless it is empty.
    fn keep(&mut self, image: OutletId) -> TractResult<()> {
        if !self.shape(image)?.contains(&0) {
            self.images.push(image);
        }
        Ok(())
    }

    /// An operation with a constant right operand: one value for all channels (`uniform`), or one per channel.
    fn with_constant(
        &mut self,
        op: impl Into<Box<dyn TypedOp>>,
        image: OutletId,
        values: &[f32],
        uniform: bool,
    ) -> TractResult<OutletId> {
        let rank = self.shape(image)?.len();
        let mut shape = vec![1; rank];
        if !uniform {
            shape[if rank == 4 { self.channel_axis() } else { rank - 1 }] = values.len();
        }
        let constant = self.constant(Tensor::from_shape(&shape, values)?)?;
        self.wire(op, &[image, constant])
    }

    /// Batch normalization, as importers write it.
    fn normalize(&mut self, image: OutletId) -> TractResult<OutletId> {
        let channels = self.channels(image)?;
        let [mean, scale] = [self.numbers.floats(channels), self.numbers.floats(channels)];
        let centered = self.with_constant(sub(), image, &mean, false)?;
        if self.numbers.once_in(3) {
            return self.with_constant(
                div(),
                centered,
                &scale.iter().map(|value| value + 3.0).collect::<Vec<_>>(),
                false,
            );
        }
        self.with_constant(mul(), centered, &scale, false)
    }

    fn pool_spec(&mut self, image: OutletId, outputs: usize) -> TractResult<PoolSpec> {
        let hw = self.hw(image)?;
        let channels = self.channels(image)?;
        let (mut kernel, mut dilation) = (tvec![], tvec![]);
        let odd = self.numbers.once_in(4);
        let plain = self.large && (self.images.len() == 1 || self.numbers.once_in(2));
        for length in hw {
            if plain {
                kernel.push(3.min(length));
                dilation.push(1);
                continue;
            }
            let wanted = if odd { self.numbers.within(1, 5) } else { self.numbers.one_of(&[1, 3, 3]) };
            kernel.push(wanted.min(length));
            dilation.push(if self.numbers.once_in(5) && (wanted.min(length) - 1) * 2 < length { 2 } else { 1 });
        }
        if !odd && kernel[0] != kernel[1] && hw[0].min(hw[1]) >= 3 {
            kernel[1] = kernel[0];
        }
        let stride = if plain { 1 } else { self.numbers.one_of(&[1, 1, 1, 2, 2, 3]) };
        let padding = match self.numbers.within(0, 4) {
            0 => PaddingSpec::Valid,
            1 => PaddingSpec::SameUpper,
            2 => PaddingSpec::SameLower,
            3 => {
                let mut pad = || self.numbers.within(0, 2);
                PaddingSpec::Explicit(tvec![pad(), pad()], tvec![pad(), pad()])
            }
            _ => {
                let half = kernel.iter().map(|size| size / 2).collect::<TVec<_>>();
                PaddingSpec::Explicit(half.clone(), half)
            }
        };
        let strides = tvec![stride, if self.numbers.once_in(6) { 1 } else { stride }];
        Ok(PoolSpec::new(self.format, kernel, padding, Some(dilation), Some(strides), channels, outputs))
    }

    fn conv(&mut self, image: OutletId) -> TractResult<OutletId> {
        let inputs = self.channels(image)?;
        let divisors: Vec<usize> = (1..=inputs).filter(|groups| inputs.is_multiple_of(*groups)).collect();
        let groups = match self.numbers.within(0, 5) {
            _ if self.large && self.images.len() == 1 => 1,
            0 | 1 => inputs,
            2 => self.numbers.one_of(&divisors),
            _ => 1,
        };
        let outputs = match groups {
            _ if groups == inputs && !self.numbers.once_in(4) => inputs,
            1 if self.large => self.numbers.one_of(&[32, 33, 48, 64]),
            1 => self.numbers.one_of(&[1, 3, 8, 16, 17, 20, 32, 33, 48, 64, 96]),
            _ => groups * self.numbers.within(1, (64 / groups).max(1)),
        };
        let pool_spec = self.pool_spec(image, outputs)?;
        let [height, width] = [pool_spec.kernel_shape[0], pool_spec.kernel_shape[1]];
        let (kernel_fmt, shape) = match self.numbers.within(0, 3) {
            0 if groups == 1 => (KernelFormat::OHWI, [outputs, height, width, inputs]),
            1 if groups == 1 => (KernelFormat::HWIO, [height, width, inputs, outputs]),
            _ => (KernelFormat::OIHW, [outputs, inputs / groups, height, width]),
        };
        let count = shape.iter().product();
        let scale = 1.0 / ((inputs / groups * height * width) as f32).sqrt();
        let weights: Vec<f32> = self.numbers.floats(count).into_iter().map(|weight| weight * scale).collect();
        let weights = self.constant(Tensor::from_shape(&shape, &weights)?)?;
        let bias = self.numbers.floats(outputs);
        let bias = if self.numbers.once_in(5) { tensor0(0.25f32) } else { tensor1(&bias) };
        let bias = self.constant(bias)?;
        self.wire(Conv { pool_spec, kernel_fmt, group: groups, q_params: None }, &[image, weights, bias])
    }

    fn max_pool(&mut self, image: OutletId) -> TractResult<OutletId> {
        let channels = self.channels(image)?;
        let pool_spec = self.pool_spec(image, channels)?;
        let pool_spec = randomize_rounding(self.numbers, pool_spec);
        self.wire(MaxPool { pool_spec, with_index_outputs: None }, &[image])
    }

    fn mean_pool(&mut self, image: OutletId) -> TractResult<OutletId> {
        let channels = self.channels(image)?;
        let pool_spec = self.pool_spec(image, channels)?;
        let (count_include_pad, normalize) = (self.numbers.once_in(2), !self.numbers.once_in(4));
        let pool_spec = randomize_rounding(self.numbers, pool_spec);
        self.wire(SumPool { pool_spec, count_include_pad, normalize }, &[image])
    }

    /// The sum with another image of the same shape.
    fn sum(&mut self, image: OutletId) -> TractResult<OutletId> {
        let shape = self.shape(image)?;
        let mut others = Vec::new();
        for &other in &self.images {
            if self.shape(other)? == shape {
                others.push(other);
            }
        }
        let other = self.numbers.one_of(&others);
        self.wire(add(), &[image, other])
    }

    fn concat(&mut self, image: OutletId) -> TractResult<OutletId> {
        let hw = self.hw(image)?;
        let mut inputs = vec![image];
        for _ in 0..self.numbers.within(1, 2) {
            let other = self.image();
            if self.hw(other)? == hw {
                inputs.push(other);
            }
        }
        let axis = self.channel_axis();
        self.wire(TypedConcat { axis }, &inputs)
    }

    fn global_pool(&mut self, image: OutletId) -> TractResult<OutletId> {
        let (axis, hw) = (self.format.h_axis(), self.hw(image)?);
        let reducer = self.numbers.one_of(&[Reducer::Sum, Reducer::Max]);
        let reduced = self.wire(Reduce { axes: tvec![axis, axis + 1], reducer }, &[image])?;
        if reducer == Reducer::Max {
            return Ok(reduced);
        }
        self.with_constant(div(), reduced, &[(hw[0] * hw[1]) as f32], true)
    }

    /// A classification head: flatten, dense, possibly ReLU and softmax.
    fn head(&mut self, image: OutletId) -> TractResult<OutletId> {
        let shape = self.shape(image)?;
        let length: usize = shape.iter().product();
        let from = shape[1..].iter().map(|length| length.to_dim()).collect();
        let vector = self.wire(AxisOp::Reshape(1, from, tvec![length.to_dim()]), &[image])?;
        let outputs = self.numbers.within(1, 21);
        let rows = self.numbers.once_in(2);
        let matrix: Vec<f32> =
            self.numbers.floats(length * outputs).iter().map(|value| value / (length as f32).sqrt()).collect();
        let matrix = Tensor::from_shape(&if rows { [outputs, length] } else { [length, outputs] }, &matrix)?;
        let matrix = self.constant(matrix)?;
        let axes = if rows { "mk,nk->mn" } else { "mk,kn->mn" };
        let mut head = self.wire(EinSum::new(axes.parse()?, f32::datum_type()), &[vector, matrix])?;
        let bias = self.numbers.floats(outputs);
        head = self.with_constant(add(), head, &bias, false)?;
        if self.numbers.once_in(3) {
            head = self.with_constant(max(), head, &[0.0], true)?;
        }
        if self.numbers.once_in(2) {
            head = self.wire(Softmax { axes: tvec![1], quant_output_dt: None, kind: SoftmaxKind::Softmax }, &[head])?;
        }
        Ok(head)
    }
}

/// ONNX pooling may round the output size up, so that the last window reaches beyond the padding.
fn randomize_rounding(numbers: &mut Numbers, pool_spec: PoolSpec) -> PoolSpec {
    let padding = match pool_spec.padding {
        PaddingSpec::Explicit(before, after) => {
            // ONNX requires the padding to be smaller than the kernel.
            let limited = |pads: TVec<usize>| {
                pads.iter().zip(&pool_spec.kernel_shape).map(|(&pad, &size)| pad.min(size - 1)).collect()
            };
            PaddingSpec::ExplicitOnnxPool(limited(before), limited(after), numbers.once_in(2))
        }
        other => other,
    };
    PoolSpec { padding, ..pool_spec }
}
