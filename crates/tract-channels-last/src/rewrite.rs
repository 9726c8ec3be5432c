//! The rewriting pass: replaces regions of a model with channels-last operators.

use std::collections::BTreeMap;

use channels_last::{Isa, Program};
use tract_core::internal::*;
use tract_core::ops::source::TypedSource;

use crate::analysis;
use crate::operator::ChannelsLast;
use crate::subgraph::{self, Subgraph};

/// What the pass did. Both maps count operators by tract's name.
#[derive(Debug, Clone, Default)]
pub struct Rewritten {
    /// Operators that the channels-last kernels compute.
    pub taken: BTreeMap<String, usize>,
    /// Operators that stay with tract.
    pub left: BTreeMap<String, usize>,
    /// Number of channels-last operators that replaced them.
    pub subgraphs: usize,
    /// The program, if it computes the whole model: one input, one output, nothing left to tract.
    pub whole_model: Option<Arc<Program>>,
}

/// Rewrites a typed model, which may be of any kind. It computes the same afterwards, up to rounding.
///
/// # Errors
///
/// Errors of tract, if the model is inconsistent.
pub fn rewrite(model: &mut TypedModel, isa: Isa) -> TractResult<Rewritten> {
    let analysis = analysis::analyze(model)?;
    let mut rewritten = Rewritten::default();
    let mut left = analysis.left.clone();
    let mut subgraphs = Vec::new();
    for region in &analysis.regions {
        match subgraph::translate(model, &analysis, region)? {
            Some(subgraph) => {
                region.iter().for_each(|&id| count(&mut rewritten.taken, model, id));
                subgraphs.push(subgraph);
            }
            None => left.extend(region),
        }
    }
    left.iter().for_each(|&id| count(&mut rewritten.left, model, id));
    rewritten.subgraphs = subgraphs.len();
    // A subgraph may read an output of another one that was replaced already.
    let mut replaced = HashMap::new();
    for (index, subgraph) in subgraphs.into_iter().enumerate() {
        replace(model, subgraph, index, isa, &mut replaced)?;
    }
    if rewritten.subgraphs > 0 {
        model.compact()?;
        rewritten.whole_model = whole_model(model)?;
    }
    Ok(rewritten)
}

/// Counts the operators of a model by tract's name, without constants and sources.
pub fn operators(model: &TypedModel) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let computed = model.nodes().iter().filter(|node| !node.inputs.is_empty());
    computed.for_each(|node| count(&mut counts, model, node.id));
    counts
}

fn count(counts: &mut BTreeMap<String, usize>, model: &TypedModel, id: usize) {
    *counts.entry(model.node(id).op.name().into_owned()).or_default() += 1;
}

/// Replaces the nodes of a subgraph with one operator. `replaced` maps old outlets to new ones.
fn replace(
    model: &mut TypedModel,
    subgraph: Subgraph,
    index: usize,
    isa: Isa,
    replaced: &mut HashMap<OutletId, OutletId>,
) -> TractResult<()> {
    let Subgraph { graph, inputs, outputs } = subgraph;
    let shapes = outputs
        .iter()
        .map(|&outlet| Ok(model.outlet_fact(outlet)?.shape.as_concrete().context("the shape is not concrete")?.into()))
        .collect::<TractResult<_>>()?;
    let operator = ChannelsLast::new(Program::compile(graph), isa, shapes);
    let mut patch = TypedModelPatch::new("channels last");
    let inputs: TVec<OutletId> = inputs.iter().map(|input| *replaced.get(input).unwrap_or(input)).collect();
    let taps = patch.taps(model, &inputs)?;
    let wires = patch.wire_node(format!("channels-last.{index}"), operator, &taps)?;
    for (&outlet, &wire) in outputs.iter().zip(&wires) {
        patch.shunt_outside(model, outlet, wire)?;
    }
    patch.apply(model)?;
    let node =
        model.nodes.iter().rposition(|node| node.op_is::<ChannelsLast>()).context("the new operator is missing")?;
    replaced.extend(outputs.iter().enumerate().map(|(slot, &outlet)| (outlet, OutletId::new(node, slot))));
    Ok(())
}

/// The program of a model that consists of one channels-last operator and nothing else.
fn whole_model(model: &TypedModel) -> TractResult<Option<Arc<Program>>> {
    let (&[input], &[output]) = (model.input_outlets()?, model.output_outlets()?) else { return Ok(None) };
    let node = model.node(output.node);
    let (program, reads_only_input) =
        (node.op_as::<ChannelsLast>().map(ChannelsLast::program), node.inputs.as_slice() == [input]);
    let is_source = model.node(input.node).op_is::<TypedSource>();
    Ok(program.filter(|_| reads_only_input && is_source && node.outputs.len() == 1).cloned())
}
