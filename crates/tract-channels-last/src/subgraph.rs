//! Translates a region of the model to a channels-last graph.

use channels_last::{ElementType, Graph, Input, Operation, Output, ValueId};
use tract_core::internal::*;
use tract_core::ops::cnn::Conv;

use crate::analysis::Analysis;
use crate::axes;
use crate::constant::{constant, floats};
use crate::op_kind::OpKind;

/// A region as a graph, with the model outlets that it reads and replaces.
pub(crate) struct Subgraph {
    pub(crate) graph: Graph,
    pub(crate) inputs: Vec<OutletId>,
    pub(crate) outputs: Vec<OutletId>,
}

/// Translates a region; none if an output is not `f32`, or an input neither `f32` nor `u8`.
pub(crate) fn translate(model: &TypedModel, analysis: &Analysis, region: &[usize]) -> TractResult<Option<Subgraph>> {
    let mut builder = Builder { model, analysis, graph: Graph::default(), values: HashMap::new(), inputs: Vec::new() };
    for &id in region {
        builder.add_node(model.node(id)).with_context(|| format!("translating {}", model.node(id)))?;
    }
    let is_output = |outlet: &OutletId| {
        let read_outside = model.outlet_successors(*outlet).iter().any(|inlet| !region.contains(&inlet.node));
        read_outside || model.output_outlets().is_ok_and(|outputs| outputs.contains(outlet))
    };
    let outputs: Vec<OutletId> = region.iter().map(|&id| OutletId::new(id, 0)).filter(is_output).collect();
    for &outlet in &outputs {
        if model.outlet_fact(outlet)?.datum_type != f32::datum_type() {
            return Ok(None);
        }
        let order = builder.order(outlet)?;
        let value = builder.values[&outlet];
        builder.graph.outputs.push(Output { value, order });
    }
    let Builder { graph, inputs, .. } = builder;
    let is_byte_or_float = |&outlet: &OutletId| {
        model
            .outlet_fact(outlet)
            .is_ok_and(|fact| fact.datum_type == f32::datum_type() || fact.datum_type == u8::datum_type())
    };
    Ok(inputs.iter().all(is_byte_or_float).then_some(Subgraph { graph, inputs, outputs }))
}

struct Builder<'a> {
    model: &'a TypedModel,
    analysis: &'a Analysis,
    graph: Graph,
    values: HashMap<OutletId, ValueId>,
    inputs: Vec<OutletId>,
}

impl Builder<'_> {
    fn lengths(&self, outlet: OutletId) -> TractResult<TVec<usize>> {
        Ok(self.model.outlet_fact(outlet)?.shape.as_concrete().context("the shape is not concrete")?.into())
    }

    fn shape(&self, outlet: OutletId) -> TractResult<channels_last::Shape> {
        axes::image_shape(&self.analysis.axes[&outlet], &self.lengths(outlet)?).context("the tensor is not an image")
    }

    fn order(&self, outlet: OutletId) -> TractResult<channels_last::Order> {
        axes::element_order(&self.analysis.axes[&outlet], &self.lengths(outlet)?)
            .context("the element order is not supported")
    }

    /// The value of an outlet. An outlet from outside the region becomes an input.
    fn value(&mut self, outlet: OutletId) -> TractResult<ValueId> {
        if let Some(&value) = self.values.get(&outlet) {
            return Ok(value);
        }
        let (shape, order) = (self.shape(outlet)?, self.order(outlet)?);
        let is_u8 = self.model.outlet_fact(outlet)?.datum_type == u8::datum_type();
        let element_type = if is_u8 { ElementType::U8 } else { ElementType::F32 };
        let value = self.graph.add_value(shape);
        self.graph.inputs.push(Input { value, order, element_type });
        self.inputs.push(outlet);
        self.values.insert(outlet, value);
        Ok(value)
    }

    fn floats(&self, outlet: OutletId) -> TractResult<Vec<f32>> {
        floats(&*constant(self.model, outlet).context("the operand is not constant")?)
            .context("the operand is not a float tensor")
    }

    fn add_node(&mut self, node: &TypedNode) -> TractResult<()> {
        let output = OutletId::new(node.id, 0);
        let analysis = self.analysis;
        let (operation, inputs) = match &analysis.recognized[&node.id].kind {
            OpKind::Identity => {
                let value = self.value(node.inputs[0])?;
                self.values.insert(output, value);
                return Ok(());
            }
            OpKind::Flatten => (Operation::Flatten(self.order(node.inputs[0])?), vec![0]),
            OpKind::Conv(window) => {
                let conv = node.op_as::<Conv>().context("the operator is not a convolution")?;
                let kernel = constant(self.model, node.inputs[1]).context("the weights are not constant")?;
                let weights = floats(&conv.kernel_fmt.kernel_as_group_o_i_hw(&kernel, conv.group)?)
                    .context("the weights are not floats")?;
                let mut bias = self.floats(node.inputs[2])?;
                if bias.len() == 1 {
                    bias = vec![bias[0]; conv.output_channels()];
                }
                (Operation::Conv { window: *window, groups: conv.group, weights, bias }, vec![0])
            }
            OpKind::Direct { operation, inputs } => (operation.clone(), inputs.clone()),
            &OpKind::Dense { input, matrix, rows } => {
                let mut weights = self.floats(node.inputs[matrix])?;
                let outputs = self.shape(output)?.channels;
                if !rows {
                    weights = transpose(&weights, outputs);
                }
                (Operation::Dense { weights, bias: vec![0.0; outputs] }, vec![input])
            }
        };
        let inputs = inputs.into_iter().map(|input| self.value(node.inputs[input])).collect::<TractResult<Vec<_>>>()?;
        let shape = self.shape(output)?;
        let value = self.graph.add_node(operation, &inputs, shape);
        self.values.insert(output, value);
        Ok(())
    }
}

/// From `[input][output]` to `[output][input]`.
fn transpose(weights: &[f32], outputs: usize) -> Vec<f32> {
    let inputs = weights.len() / outputs.max(1);
    let mut transposed = Vec::with_capacity(weights.len());
    for output in 0..outputs {
        transposed.extend((0..inputs).map(|input| weights[input * outputs + output]));
    }
    transposed
}
