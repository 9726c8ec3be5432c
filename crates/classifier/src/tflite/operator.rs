//! What the functions of all operators share: the tract model under construction, the operator's inputs, and how to wire.

use std::collections::BTreeMap;

use tract_onnx::tract_core::internal::*;
use tract_onnx::tract_core::ops::binary::{BinMiniOp, TypedBinOp};
use tract_onnx::tract_core::ops::cast::cast;
use tract_onnx::tract_core::ops::change_axes::perm_to_ops;
use tract_onnx::tract_core::ops::math;
use tract_onnx::tract_core::ops::nn::Reducer;
use tract_onnx::tract_core::ops::nn::{LeakyRelu, Reduce};
use tract_tflite::tflite::ActivationFunctionType;

use super::constant;
use super::graph::{Graph, Node};

/// Largest number of elements of a tensor. A file that declares more is damaged.
const MAX_ELEMENTS: usize = 1 << 28;

/// The tract model under construction.
pub(super) struct Importer<'a> {
    pub(super) graph: &'a Graph<'a>,
    pub(super) model: TypedModel,
    /// The outlets of the tensors that have been computed or read.
    pub(super) values: BTreeMap<i32, OutletId>,
    /// Numbers the nodes, which gives them unique names at no cost.
    pub(super) wired: usize,
}

impl Importer<'_> {
    /// The value of a tensor; reads it if it is constant.
    pub(super) fn value(&mut self, tensor: i32) -> TractResult<OutletId> {
        if let Some(outlet) = self.values.get(&tensor) {
            return Ok(*outlet);
        }
        let value = constant::constant(self.graph, tensor)?
            .with_context(|| format!("tensor {} is used before it is computed", self.graph.tensor_name(tensor)))?;
        let outlet = self.constant(value)?;
        self.values.insert(tensor, outlet);
        Ok(outlet)
    }

    /// A constant of the model.
    pub(super) fn constant(&mut self, value: Tensor) -> TractResult<OutletId> {
        self.wired += 1;
        self.model.add_const(format!("constant.{}", self.wired), value)
    }

    /// Wires a tract operator. If all inputs are constants, so are the outputs.
    pub(super) fn wire_all(
        &mut self,
        name: &str,
        op: impl Into<Box<dyn TypedOp>>,
        inputs: &[OutletId],
    ) -> TractResult<TVec<OutletId>> {
        let op: Box<dyn TypedOp> = op.into();
        let facts =
            inputs.iter().map(|&input| self.model.outlet_fact(input).cloned()).collect::<TractResult<TVec<_>>>()?;
        for fact in op.output_facts(&facts.iter().collect::<TVec<_>>())? {
            let lengths = fact.shape.as_concrete().context("its output has no fixed shape")?;
            let elements = lengths.iter().try_fold(1usize, |product, &length| product.checked_mul(length));
            ensure!(
                elements.is_some_and(|count| count <= MAX_ELEMENTS),
                "its output of shape {lengths:?} is too large"
            );
        }
        let constants: Option<TVec<TValue>> =
            facts.iter().map(|fact| fact.konst.clone().map(IntoTValue::into_tvalue)).collect();
        if let Some(constants) = constants.filter(|constants| !constants.is_empty())
            && let Some(outputs) = op.eval_out_of_plan(constants)?
        {
            return outputs.into_iter().map(|output| self.constant(output.into_tensor())).collect();
        }
        self.wired += 1;
        self.model.wire_node(format!("{name}.{}", self.wired), op, inputs)
    }
}

/// The operator that is being imported.
pub(super) struct Operator<'o, 'a> {
    pub(super) importer: &'o mut Importer<'a>,
    pub(super) node: &'o Node<'a>,
    pub(super) name: &'o str,
}

impl<'a> Operator<'_, 'a> {
    /// The number of inputs.
    pub(super) fn inputs(&self) -> usize {
        self.node.inputs.len()
    }

    pub(super) fn input(&mut self, position: usize) -> TractResult<OutletId> {
        self.optional(position)?.with_context(|| format!("its input {position} is missing"))
    }

    /// An input that may be left out.
    pub(super) fn optional(&mut self, position: usize) -> TractResult<Option<OutletId>> {
        match self.node.inputs.get(position) {
            None | Some(-1) => Ok(None),
            Some(&tensor) => self.importer.value(tensor).map(Some),
        }
    }

    /// The elements of an input that must be constant.
    pub(super) fn integers(&mut self, position: usize) -> TractResult<Vec<i64>> {
        let outlet = self.input(position)?;
        let value = self.constant_of(outlet).with_context(|| format!("its input {position} must be constant"))?;
        let value = value.cast_to::<i64>()?;
        Ok(value.try_as_plain_ram()?.as_slice::<i64>()?.to_vec())
    }

    pub(super) fn constant_of(&self, outlet: OutletId) -> Option<Arc<Tensor>> {
        self.importer.model.outlet_fact(outlet).ok()?.konst.clone()
    }

    pub(super) fn shape(&self, outlet: OutletId) -> TractResult<TVec<usize>> {
        let fact = self.importer.model.outlet_fact(outlet)?;
        Ok(fact.shape.as_concrete().context("a shape is not fixed")?.into())
    }

    pub(super) fn datum_type(&self, outlet: OutletId) -> TractResult<DatumType> {
        Ok(self.importer.model.outlet_fact(outlet)?.datum_type)
    }

    /// The tract type that the file declares for an output.
    pub(super) fn output_type(&self) -> TractResult<DatumType> {
        let &tensor = self.node.outputs.first().context("it has no output")?;
        match constant::quantization(self.importer.graph, tensor)? {
            Some(_) => Ok(DatumType::F32),
            None => constant::datum_type(self.importer.graph.tensor(tensor).type_()),
        }
    }

    pub(super) fn constant(&mut self, value: Tensor) -> TractResult<OutletId> {
        self.importer.constant(value)
    }

    /// Wires a tract operator with one output.
    pub(super) fn wire(&mut self, op: impl Into<Box<dyn TypedOp>>, inputs: &[OutletId]) -> TractResult<OutletId> {
        let outputs = self.importer.wire_all(self.name, op, inputs)?;
        outputs.first().copied().context("a tract operator has no output")
    }

    /// An elementwise operator on two values, each repeated as needed.
    pub(super) fn binary(&mut self, op: Box<dyn BinMiniOp>, left: OutletId, right: OutletId) -> TractResult<OutletId> {
        let [left, right] = self.same_rank(&[left, right])?[..] else { bail!("two values are needed") };
        self.wire(TypedBinOp(op, None), &[left, right])
    }

    /// Adds axes of length 1 in front until all have the same rank.
    pub(super) fn same_rank(&mut self, values: &[OutletId]) -> TractResult<TVec<OutletId>> {
        let ranks = values.iter().map(|&value| Ok(self.shape(value)?.len())).collect::<TractResult<TVec<usize>>>()?;
        let rank = ranks.iter().copied().max().unwrap_or(0);
        let mut aligned = tvec![];
        for (&value, own) in values.iter().zip(ranks) {
            let mut value = value;
            for _ in own..rank {
                value = self.wire(AxisOp::Add(0), &[value])?;
            }
            aligned.push(value);
        }
        Ok(aligned)
    }

    /// An elementwise operator with a number as its second operand.
    pub(super) fn with_number(
        &mut self,
        op: Box<dyn BinMiniOp>,
        value: OutletId,
        number: f32,
    ) -> TractResult<OutletId> {
        let number = self.constant(tensor0(number))?;
        self.binary(op, value, number)
    }

    pub(super) fn add(&mut self, left: OutletId, right: OutletId) -> TractResult<OutletId> {
        self.binary(Box::new(math::Add), left, right)
    }

    pub(super) fn multiply(&mut self, left: OutletId, right: OutletId) -> TractResult<OutletId> {
        self.binary(Box::new(math::Mul), left, right)
    }

    pub(super) fn scale(&mut self, value: OutletId, factor: f32) -> TractResult<OutletId> {
        self.with_number(Box::new(math::Mul), value, factor)
    }

    pub(super) fn at_least(&mut self, value: OutletId, low: f32) -> TractResult<OutletId> {
        self.with_number(Box::new(math::Max), value, low)
    }

    pub(super) fn at_most(&mut self, value: OutletId, high: f32) -> TractResult<OutletId> {
        self.with_number(Box::new(math::Min), value, high)
    }

    pub(super) fn cast(&mut self, value: OutletId, to: DatumType) -> TractResult<OutletId> {
        if self.datum_type(value)? == to { Ok(value) } else { self.wire(cast(to), &[value]) }
    }

    /// Applies an activation that the file has fused into the operator.
    pub(super) fn activation(&mut self, value: OutletId, activation: ActivationFunctionType) -> TractResult<OutletId> {
        match activation {
            ActivationFunctionType::NONE => Ok(value),
            ActivationFunctionType::RELU => self.at_least(value, 0.0),
            ActivationFunctionType::RELU6 => self.clamp(value, 0.0, 6.0),
            ActivationFunctionType::RELU_N1_TO_1 => self.clamp(value, -1.0, 1.0),
            ActivationFunctionType::TANH => self.wire(math::tanh(), &[value]),
            other => bail!("activation {} is not supported", other.variant_name().unwrap_or("unknown")),
        }
    }

    pub(super) fn clamp(&mut self, value: OutletId, low: f32, high: f32) -> TractResult<OutletId> {
        let value = self.at_least(value, low)?;
        self.at_most(value, high)
    }

    pub(super) fn leaky_relu(&mut self, value: OutletId, alpha: f32) -> TractResult<OutletId> {
        self.wire(
            tract_onnx::tract_core::ops::element_wise::ElementWiseOp(Box::new(LeakyRelu { alpha }), None),
            &[value],
        )
    }

    /// Reorders axes: axis `i` of the result is axis `order[i]` of the value.
    pub(super) fn permute(&mut self, value: OutletId, order: &[usize]) -> TractResult<OutletId> {
        let mut value = value;
        for op in perm_to_ops(order) {
            value = self.wire(op, &[value])?;
        }
        Ok(value)
    }

    /// Changes the shape and keeps the elements in their order.
    pub(super) fn reshape(&mut self, value: OutletId, to: &[usize]) -> TractResult<OutletId> {
        let from = self.shape(value)?;
        let elements = |shape: &[usize]| shape.iter().try_fold(1usize, |product, &side| product.checked_mul(side));
        ensure!(elements(&from) == elements(to), "cannot reshape {from:?} to {to:?}");
        let equal_pairs = |pairs: &mut dyn Iterator<Item = (&usize, &usize)>| pairs.take_while(|(a, b)| a == b).count();
        let before = equal_pairs(&mut from.iter().zip(to));
        let after = equal_pairs(&mut from[before..].iter().rev().zip(to[before..].iter().rev()));
        let (old, new) = (&from[before..from.len() - after], &to[before..to.len() - after]);
        let mut value = value;
        if old.iter().chain(new).all(|&length| length == 1) {
            for _ in new.len()..old.len() {
                value = self.wire(AxisOp::Rm(before), &[value])?;
            }
            for _ in old.len()..new.len() {
                value = self.wire(AxisOp::Add(before), &[value])?;
            }
            return Ok(value);
        }
        let dimensions = |lengths: &[usize]| lengths.iter().map(ToDim::to_dim).collect::<TVec<TDim>>();
        self.wire(AxisOp::Reshape(before, dimensions(old), dimensions(new)), &[value])
    }

    /// Reduces axes to length 1.
    pub(super) fn reduce(&mut self, reducer: Reducer, value: OutletId, axes: &[usize]) -> TractResult<OutletId> {
        self.wire(Reduce { axes: axes.into(), reducer }, &[value])
    }

    /// Picks elements along an axis.
    pub(super) fn pick(&mut self, value: OutletId, axis: usize, indices: &[usize]) -> TractResult<OutletId> {
        let indices: Vec<i64> = indices.iter().map(|&index| index as i64).collect();
        let indices = self.constant(tensor1(&indices))?;
        self.wire(tract_onnx::tract_core::ops::array::Gather::new(axis), &[value, indices])
    }

    /// Keeps a range along an axis.
    pub(super) fn slice(&mut self, value: OutletId, axis: usize, start: usize, end: usize) -> TractResult<OutletId> {
        let length = self.shape(value)?.get(axis).copied().context("an axis is out of range")?;
        ensure!(start <= end && end <= length, "the range {start}..{end} is outside of an axis of {length}");
        match (start, end) == (0, length) {
            true => Ok(value),
            false => self.wire(tract_onnx::tract_core::ops::array::Slice::new(axis, start, end), &[value]),
        }
    }

    /// Checks an axis, and counts a negative one from the end.
    pub(super) fn axis(&self, axis: i64, rank: usize) -> TractResult<usize> {
        let from_start = if axis < 0 { axis + rank as i64 } else { axis };
        usize::try_from(from_start)
            .ok()
            .filter(|&axis| axis < rank)
            .with_context(|| format!("axis {axis} is out of range for {rank} axes"))
    }
}
