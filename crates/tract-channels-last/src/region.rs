//! Which nodes are taken, and which of them make one operator.

use std::collections::HashSet;

use tract_core::internal::*;
use tract_core::ops::array::TypedConcat;
use tract_core::ops::binary::TypedBinOp;
use tract_core::ops::cast::Cast;
use tract_core::ops::cnn::{Conv, MaxPool, SumPool};

use crate::axes::{self, Axes};
use crate::constant::constant;
use crate::understand::{Known, Meaning, Understood, understand};

/// What is known of the model as a whole.
pub(crate) struct Survey {
    /// Axes of the outlets that are images.
    pub(crate) axes: HashMap<OutletId, Axes>,
    /// By node.
    pub(crate) understood: HashMap<usize, Understood>,
    /// Nodes that make one operator, in the order of evaluation.
    pub(crate) regions: Vec<Vec<usize>>,
    /// Nodes that are neither taken nor constants nor sources.
    pub(crate) left: Vec<usize>,
}

/// Goes through a model in the order of evaluation.
pub(crate) fn survey(model: &TypedModel) -> TractResult<Survey> {
    let order = model.eval_order()?;
    let hints = hints(model, &order);
    let mut axes: HashMap<OutletId, Axes> = HashMap::new();
    let mut understood: HashMap<usize, Understood> = HashMap::new();
    let mut level: HashMap<usize, usize> = HashMap::new();
    let mut others = Vec::new();
    for &id in &order {
        let node = model.node(id);
        if !node.outputs.is_empty()
            && (0..node.outputs.len()).all(|slot| constant(model, OutletId::new(id, slot)).is_some())
        {
            continue;
        }
        let found = understand(&Known { model, axes: &axes }, node);
        // Between two nodes of one level there is no way through a node of another kind: one operator can do both.
        let from = |&input: &OutletId| {
            let taken = understood.contains_key(&input.node);
            level.get(&input.node).map(|level| level + usize::from(taken != found.is_some()))
        };
        level.insert(id, node.inputs.iter().filter_map(from).max().unwrap_or(usize::from(found.is_some())));
        if let Some(found) = found {
            axes.insert(OutletId::new(id, 0), found.axes.clone());
            understood.insert(id, found);
            continue;
        }
        if !node.inputs.is_empty() {
            others.push(id);
        }
        for (slot, output) in node.outputs.iter().enumerate() {
            let (outlet, Some(lengths)) = (OutletId::new(id, slot), output.fact.shape.as_concrete()) else { continue };
            let fits = |axes: &Axes| axes::shape(axes, lengths).is_some() && axes::order(axes, lengths).is_some();
            let guess = hints.get(&outlet).cloned().filter(fits).or_else(|| axes::by_default(lengths));
            axes.extend(guess.map(|guess| (outlet, guess)));
        }
    }
    let regions = regions(model, &order, &understood, &level);
    let taken: HashSet<usize> = regions.iter().flatten().copied().collect();
    others.extend(understood.keys().copied().filter(|id| !taken.contains(id)));
    Ok(Survey { axes, understood, regions, left: others })
}

/// What the readers of a tensor want its axes to be, told backwards from convolutions and poolings.
fn hints(model: &TypedModel, order: &[usize]) -> HashMap<OutletId, Axes> {
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
        let wanted = match formats.into_iter().flatten().next() {
            Some(format) => Some(axes::of_format(format)),
            None if op.is::<TypedBinOp>() || op.is::<Cast>() || op.is::<TypedConcat>() => after,
            None => op.downcast_ref::<AxisOp>().zip(after).and_then(|(op, after)| axes::change_back(&after, op)),
        };
        let Some(wanted) = wanted else { continue };
        let data = if formats.iter().any(Option::is_some) { &node.inputs[..1] } else { &node.inputs[..] };
        for &input in data {
            let rank = model.outlet_fact(input).map_or(0, |fact| fact.rank());
            if rank == wanted.len() {
                hints.entry(input).or_insert_with(|| wanted.clone());
            }
        }
    }
    hints
}

/// Connected nodes of one level. What has neither a convolution nor a dense layer is not worth it.
fn regions(
    model: &TypedModel,
    order: &[usize],
    understood: &HashMap<usize, Understood>,
    level: &HashMap<usize, usize>,
) -> Vec<Vec<usize>> {
    let taken: Vec<usize> = order.iter().copied().filter(|id| understood.contains_key(id)).collect();
    let mut root: HashMap<usize, usize> = taken.iter().map(|&id| (id, id)).collect();
    fn find(root: &HashMap<usize, usize>, mut id: usize) -> usize {
        while root[&id] != id {
            id = root[&id];
        }
        id
    }
    for &id in &taken {
        for input in &model.node(id).inputs {
            if understood.contains_key(&input.node) && level[&input.node] == level[&id] {
                let (a, b) = (find(&root, id), find(&root, input.node));
                root.insert(a.max(b), a.min(b));
            }
        }
    }
    let mut regions: Vec<(usize, Vec<usize>)> = Vec::new();
    for &id in &taken {
        let root = find(&root, id);
        match regions.iter_mut().find(|(other, _)| *other == root) {
            Some((_, region)) => region.push(id),
            None => regions.push((root, vec![id])),
        }
    }
    let worth = |region: &Vec<usize>| {
        let heavy = |id: &usize| matches!(understood[id].meaning, Meaning::Conv(_) | Meaning::Dense { .. });
        region.iter().any(heavy)
    };
    regions.into_iter().map(|(_, region)| region).filter(worth).collect()
}
