//! The pass over a model.

use std::collections::BTreeMap;

use channels_last::{Isa, Program};
use tract_core::internal::*;
use tract_core::ops::source::TypedSource;

use crate::body::{self, Body};
use crate::operator::ChannelsLast;
use crate::region;

/// What the pass did.
#[derive(Debug, Clone, Default)]
pub struct Rewritten {
    /// Operators that were taken, by name.
    pub taken: BTreeMap<String, usize>,
    /// Operators that stay with tract, by name.
    pub left: BTreeMap<String, usize>,
    /// Operators that were put in the place of what was taken.
    pub parts: usize,
    /// The program, where it is the whole model: one input, one output, and nothing left.
    pub whole: Option<Arc<Program>>,
}

/// Rewrites all that it understands. The model may be of any kind; it computes the same as before, but for rounding.
///
/// # Errors
///
/// What tract fails with where a model is not consistent.
pub fn rewrite(model: &mut TypedModel, isa: Isa) -> TractResult<Rewritten> {
    let survey = region::survey(model)?;
    let mut rewritten = Rewritten::default();
    let mut left = survey.left.clone();
    let mut parts = Vec::new();
    for region in &survey.regions {
        match body::body(model, &survey, region)? {
            Some(body) => {
                region.iter().for_each(|&id| count(&mut rewritten.taken, model, id));
                parts.push(body);
            }
            None => left.extend(region),
        }
    }
    left.iter().for_each(|&id| count(&mut rewritten.left, model, id));
    rewritten.parts = parts.len();
    // A part may read what another part, already in place, gives.
    let mut moved = HashMap::new();
    for (index, part) in parts.into_iter().enumerate() {
        replace(model, part, index, isa, &mut moved)?;
    }
    if rewritten.parts > 0 {
        model.compact()?;
        rewritten.whole = whole(model)?;
    }
    Ok(rewritten)
}

/// The operators of a model, by name; constants and sources are none.
pub fn operators(model: &TypedModel) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    let computed = model.nodes().iter().filter(|node| !node.inputs.is_empty());
    computed.for_each(|node| count(&mut counts, model, node.id));
    counts
}

fn count(counts: &mut BTreeMap<String, usize>, model: &TypedModel, id: usize) {
    *counts.entry(model.node(id).op.name().into_owned()).or_default() += 1;
}

/// Puts one operator in the place of a part.
fn replace(
    model: &mut TypedModel,
    part: Body,
    index: usize,
    isa: Isa,
    moved: &mut HashMap<OutletId, OutletId>,
) -> TractResult<()> {
    let Body { graph, inputs, outputs } = part;
    let shapes = outputs
        .iter()
        .map(|&outlet| Ok(model.outlet_fact(outlet)?.shape.as_concrete().context("an open shape")?.into()))
        .collect::<TractResult<_>>()?;
    let operator = ChannelsLast::new(Program::compile(graph), isa, shapes);
    let mut patch = TypedModelPatch::new("channels last");
    let inputs: TVec<OutletId> = inputs.iter().map(|input| *moved.get(input).unwrap_or(input)).collect();
    let taps = patch.taps(model, &inputs)?;
    let wires = patch.wire_node(format!("channels-last.{index}"), operator, &taps)?;
    for (&outlet, &wire) in outputs.iter().zip(&wires) {
        patch.shunt_outside(model, outlet, wire)?;
    }
    patch.apply(model)?;
    let node = model.nodes.iter().rposition(|node| node.op_is::<ChannelsLast>()).context("the operator is gone")?;
    moved.extend(outputs.iter().enumerate().map(|(slot, &outlet)| (outlet, OutletId::new(node, slot))));
    Ok(())
}

/// The program of a model that is nothing else.
fn whole(model: &TypedModel) -> TractResult<Option<Arc<Program>>> {
    let (&[input], &[output]) = (model.input_outlets()?, model.output_outlets()?) else { return Ok(None) };
    let node = model.node(output.node);
    let (program, only) = (node.op_as::<ChannelsLast>().map(ChannelsLast::program), node.inputs.as_slice() == [input]);
    let from_outside = model.node(input.node).op_is::<TypedSource>();
    Ok(program.filter(|_| only && from_outside && node.outputs.len() == 1).cloned())
}
