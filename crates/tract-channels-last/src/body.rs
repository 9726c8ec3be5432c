//! From nodes of a model to a graph.

use channels_last::{Element, Graph, Input, Operation, Output, Value};
use tract_core::internal::*;
use tract_core::ops::cnn::Conv;

use crate::axes;
use crate::constant::{constant, floats};
use crate::region::Survey;
use crate::understand::Meaning;

/// A part of the model as a graph, with the outlets that it reads and gives.
pub(crate) struct Body {
    pub(crate) graph: Graph,
    pub(crate) inputs: Vec<OutletId>,
    pub(crate) outputs: Vec<OutletId>,
}

/// Makes it; none where something that is handed over is neither floats nor, as an input, bytes.
pub(crate) fn body(model: &TypedModel, survey: &Survey, region: &[usize]) -> TractResult<Option<Body>> {
    let mut building = Building { model, survey, graph: Graph::default(), values: HashMap::new(), inputs: Vec::new() };
    for &id in region {
        building.node(model.node(id)).with_context(|| format!("taking {}", model.node(id)))?;
    }
    let is_output = |outlet: &OutletId| {
        let outside = model.outlet_successors(*outlet).iter().any(|inlet| !region.contains(&inlet.node));
        outside || model.output_outlets().is_ok_and(|outputs| outputs.contains(outlet))
    };
    let outputs: Vec<OutletId> = region.iter().map(|&id| OutletId::new(id, 0)).filter(is_output).collect();
    for &outlet in &outputs {
        if model.outlet_fact(outlet)?.datum_type != f32::datum_type() {
            return Ok(None);
        }
        let order = building.order(outlet)?;
        let value = building.values[&outlet];
        building.graph.outputs.push(Output { value, order });
    }
    let Building { graph, inputs, .. } = building;
    let bytes_or_floats = |&outlet: &OutletId| {
        model
            .outlet_fact(outlet)
            .is_ok_and(|fact| fact.datum_type == f32::datum_type() || fact.datum_type == u8::datum_type())
    };
    Ok(inputs.iter().all(bytes_or_floats).then_some(Body { graph, inputs, outputs }))
}

struct Building<'a> {
    model: &'a TypedModel,
    survey: &'a Survey,
    graph: Graph,
    values: HashMap<OutletId, Value>,
    inputs: Vec<OutletId>,
}

impl Building<'_> {
    fn lengths(&self, outlet: OutletId) -> TractResult<TVec<usize>> {
        Ok(self.model.outlet_fact(outlet)?.shape.as_concrete().context("an open shape")?.into())
    }

    fn shape(&self, outlet: OutletId) -> TractResult<channels_last::Shape> {
        axes::shape(&self.survey.axes[&outlet], &self.lengths(outlet)?).context("no image")
    }

    fn order(&self, outlet: OutletId) -> TractResult<channels_last::Order> {
        axes::order(&self.survey.axes[&outlet], &self.lengths(outlet)?).context("no order")
    }

    /// The value of an outlet; one that comes from outside becomes an input.
    fn value(&mut self, outlet: OutletId) -> TractResult<Value> {
        if let Some(&value) = self.values.get(&outlet) {
            return Ok(value);
        }
        let (shape, order) = (self.shape(outlet)?, self.order(outlet)?);
        let bytes = self.model.outlet_fact(outlet)?.datum_type == u8::datum_type();
        let value = self.graph.value(shape);
        self.graph.inputs.push(Input { value, order, element: if bytes { Element::U8 } else { Element::F32 } });
        self.inputs.push(outlet);
        self.values.insert(outlet, value);
        Ok(value)
    }

    fn floats(&self, outlet: OutletId) -> TractResult<Vec<f32>> {
        floats(&*constant(self.model, outlet).context("no constant")?).context("no floats")
    }

    fn node(&mut self, node: &TypedNode) -> TractResult<()> {
        let output = OutletId::new(node.id, 0);
        let survey = self.survey;
        let (operation, inputs) = match &survey.understood[&node.id].meaning {
            Meaning::Same => {
                let value = self.value(node.inputs[0])?;
                self.values.insert(output, value);
                return Ok(());
            }
            Meaning::Flatten => (Operation::Flatten(self.order(node.inputs[0])?), vec![0]),
            Meaning::Conv(window) => {
                let conv = node.op_as::<Conv>().context("no convolution")?;
                let kernel = constant(self.model, node.inputs[1]).context("no constant")?;
                let weights =
                    floats(&conv.kernel_fmt.kernel_as_group_o_i_hw(&kernel, conv.group)?).context("no floats")?;
                let mut bias = self.floats(node.inputs[2])?;
                if bias.len() == 1 {
                    bias = vec![bias[0]; conv.output_channels()];
                }
                (Operation::Conv { window: *window, groups: conv.group, weights, bias }, vec![0])
            }
            Meaning::MaxPool(window) => (Operation::MaxPool(*window), vec![0]),
            &Meaning::SumPool { window, normalise, count_padding } => {
                (Operation::SumPool { window, normalise, count_padding }, vec![0])
            }
            Meaning::Affine { input, scale, shift } => {
                (Operation::Affine { scale: scale.clone(), shift: shift.clone() }, vec![*input])
            }
            &Meaning::Clamp { input, low, high } => (Operation::Clamp { low, high }, vec![input]),
            Meaning::Add => (Operation::Add, vec![0, 1]),
            Meaning::Concat => (Operation::Concat, (0..node.inputs.len()).collect()),
            &Meaning::Dense { input, matrix, rows } => {
                let mut weights = self.floats(node.inputs[matrix])?;
                let outputs = self.shape(output)?.channels;
                if !rows {
                    weights = transposed(&weights, outputs);
                }
                (Operation::Dense { weights, bias: vec![0.0; outputs] }, vec![input])
            }
            Meaning::Softmax => (Operation::Softmax, vec![0]),
        };
        let inputs = inputs.into_iter().map(|input| self.value(node.inputs[input])).collect::<TractResult<Vec<_>>>()?;
        let shape = self.shape(output)?;
        let value = self.graph.add(operation, &inputs, shape);
        self.values.insert(output, value);
        Ok(())
    }
}

/// `[input][output]` to `[output][input]`.
fn transposed(weights: &[f32], outputs: usize) -> Vec<f32> {
    let inputs = weights.len() / outputs.max(1);
    let mut turned = Vec::with_capacity(weights.len());
    for output in 0..outputs {
        turned.extend((0..inputs).map(|input| weights[input * outputs + output]));
    }
    turned
}
