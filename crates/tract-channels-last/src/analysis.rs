//! Decides which nodes the kernels compute, and which of them form one operator.

use std::collections::HashSet;

use tract_core::internal::*;
use tract_core::ops::array::TypedConcat;
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::cast::Cast;
use tract_core::ops::cnn::{Conv, MaxPool, SumPool};

use crate::axes::{self, Axes};
use crate::constant::constant;
use crate::op_kind::{OpKind, Recognized};
use crate::recognize::{Context, recognize};

/// What is known about the whole model.
pub(crate) struct Analysis {
    /// The axes of all outlets that are images.
    pub(crate) axes: HashMap<OutletId, Axes>,
    /// By node id.
    pub(crate) recognized: HashMap<usize, Recognized>,
    /// The nodes of each future operator, in evaluation order.
    pub(crate) regions: Vec<Vec<usize>>,
    /// Nodes that stay with tract, except constants and sources.
    pub(crate) left: Vec<usize>,
}

/// Analyzes a model in evaluation order.
pub(crate) fn analyze(model: &TypedModel) -> TractResult<Analysis> {
    let order = model.eval_order()?;
    let hints = axis_hints(model, &order);
    let mut axes: HashMap<OutletId, Axes> = HashMap::new();
    let mut recognized: HashMap<usize, Recognized> = HashMap::new();
    let mut level: HashMap<usize, usize> = HashMap::new();
    let mut left = Vec::new();
    for &id in &order {
        let node = model.node(id);
        if !node.outputs.is_empty()
            && (0..node.outputs.len()).all(|slot| constant(model, OutletId::new(id, slot)).is_some())
        {
            continue;
        }
        let found = recognize(&Context { model, axes: &axes }, node);
        // The level counts the changes between recognized and other nodes on the way here. No path between two nodes of the
        // same level leaves that level, so one operator can compute both without a cycle.
        let level_after = |&input: &OutletId| {
            let is_recognized = recognized.contains_key(&input.node);
            level.get(&input.node).map(|level| level + usize::from(is_recognized != found.is_some()))
        };
        level.insert(id, node.inputs.iter().filter_map(level_after).max().unwrap_or(usize::from(found.is_some())));
        if let Some(found) = found {
            axes.insert(OutletId::new(id, 0), found.axes.clone());
            recognized.insert(id, found);
            continue;
        }
        if !node.inputs.is_empty() {
            left.push(id);
        }
        for (slot, output) in node.outputs.iter().enumerate() {
            let (outlet, Some(lengths)) = (OutletId::new(id, slot), output.fact.shape.as_concrete()) else { continue };
            let fits = |axes: &Axes| {
                axes::image_shape(axes, lengths).is_some() && axes::element_order(axes, lengths).is_some()
            };
            let guess = hints.get(&outlet).cloned().filter(fits).or_else(|| axes::default_for(lengths));
            axes.extend(guess.map(|guess| (outlet, guess)));
        }
    }
    let regions = regions(model, &order, &recognized, &level);
    let taken: HashSet<usize> = regions.iter().flatten().copied().collect();
    left.extend(recognized.keys().copied().filter(|id| !taken.contains(id)));
    Ok(Analysis { axes, recognized, regions, left })
}

/// The axes that the readers of a tensor expect, propagated backwards from convolutions and poolings.
fn axis_hints(model: &TypedModel, order: &[usize]) -> HashMap<OutletId, Axes> {
    let mut hints: HashMap<OutletId, Axes> = HashMap::new();
    for &id in order.iter().rev() {
        let node = model.node(id);
        let op: &dyn TypedOp = node.op.as_ref();
        let formats = [
            op.downcast_ref::<Conv>().map(|op| op.pool_spec.data_format),
            op.downcast_ref::<MaxPool>().map(|op| op.pool_spec.data_format),
            op.downcast_ref::<SumPool>().map(|op| op.pool_spec.data_format),
        ];
        let after = hints.get(&OutletId::new(id, 0)).cloned();
        let expected = match formats.into_iter().flatten().next() {
            Some(format) => Some(axes::from_format(format)),
            None if op.is::<TypedBinOp>() || op.is::<Cast>() || op.is::<TypedConcat>() => after,
            None => op.downcast_ref::<AxisOp>().zip(after).and_then(|(op, after)| axes::apply_inverse(&after, op)),
        };
        let Some(expected) = expected else { continue };
        let data = if formats.iter().any(Option::is_some) { &node.inputs[..1] } else { &node.inputs[..] };
        for &input in data {
            let rank = model.outlet_fact(input).map_or(0, |fact| fact.rank());
            if rank == expected.len() {
                hints.entry(input).or_insert_with(|| expected.clone());
            }
        }
    }
    hints
}

/// The connected components of recognized nodes of the same level. A region needs a convolution or a dense layer to be worth
/// an operator.
fn regions(
    model: &TypedModel,
    order: &[usize],
    recognized: &HashMap<usize, Recognized>,
    level: &HashMap<usize, usize>,
) -> Vec<Vec<usize>> {
    let nodes: Vec<usize> = order.iter().copied().filter(|id| recognized.contains_key(id)).collect();
    let mut root: HashMap<usize, usize> = nodes.iter().map(|&id| (id, id)).collect();
    fn find(root: &HashMap<usize, usize>, mut id: usize) -> usize {
        while root[&id] != id {
            id = root[&id];
        }
        id
    }
    for &id in &nodes {
        for input in &model.node(id).inputs {
            if recognized.contains_key(&input.node) && level[&input.node] == level[&id] {
                let (a, b) = (find(&root, id), find(&root, input.node));
                root.insert(a.max(b), a.min(b));
            }
        }
    }
    let mut regions: Vec<(usize, Vec<usize>)> = Vec::new();
    for &id in &nodes {
        let root = find(&root, id);
        match regions.iter_mut().find(|(other, _)| *other == root) {
            Some((_, region)) => region.push(id),
            None => regions.push((root, vec![id])),
        }
    }
    let is_worthwhile = |region: &Vec<usize>| {
        let is_heavy = |id: &usize| matches!(recognized[id].kind, OpKind::Conv(_) | OpKind::Dense { .. });
        region.iter().any(is_heavy)
    };
    regions.into_iter().map(|(_, region)| region).filter(is_worthwhile).collect()
}
