//! Operator fusion: folds affine operations (such as batch normalization) into weights, fuses clamps and residual sums into
//! the convolution before them, and elides copies.

use crate::graph::{Graph, Node, Operation, Order, ValueId};
use crate::kernel::Bounds;

/// A node with its fused epilogue: an addition, then a clamp.
#[derive(Debug)]
pub(crate) struct FusedNode {
    pub(crate) operation: Operation,
    pub(crate) inputs: Vec<ValueId>,
    pub(crate) output: ValueId,
    /// The value that a convolution adds to its result.
    pub(crate) residual: Option<ValueId>,
    pub(crate) bounds: Bounds,
    /// The order in which a dense layer flattens its input.
    pub(crate) flatten_order: Order,
}

/// A graph after fusion.
#[derive(Debug, Default)]
pub(crate) struct FusedGraph {
    pub(crate) nodes: Vec<FusedNode>,
    /// `scale` and `shift` to apply to each input while it is read.
    pub(crate) inputs: Vec<(Vec<f32>, Vec<f32>)>,
    /// The value and the order of each output.
    pub(crate) outputs: Vec<(ValueId, Order)>,
}

/// Fuses each node with the one that produces its input, if no other node reads that.
pub(crate) fn fuse(graph: Graph) -> FusedGraph {
    let mut fusion = Fusion {
        uses: count_uses(&graph),
        producers: vec![Producer::None; graph.shapes.len()],
        alias: (0..graph.shapes.len()).collect(),
        nodes: Vec::new(),
        inputs: vec![(vec![1.0], vec![0.0]); graph.inputs.len()],
    };
    for (index, input) in graph.inputs.iter().enumerate() {
        fusion.producers[input.value] = Producer::Input(index);
    }
    let is_vector: Vec<bool> = graph.shapes.iter().map(|shape| shape.height * shape.width == 1).collect();
    for Node { operation, inputs, output } in graph.nodes {
        let inputs: Vec<ValueId> = inputs.iter().map(|&input| fusion.alias[input]).collect();
        match operation {
            Operation::Clamp { low, high } => fusion.clamp(inputs[0], output, low, high),
            Operation::Affine { scale, shift } => fusion.affine(inputs[0], output, scale, shift),
            Operation::Add => fusion.add(&inputs, output),
            // Flattening a vector does nothing.
            Operation::Flatten(_) if is_vector[inputs[0]] => {
                fusion.uses[inputs[0]] += fusion.uses[output];
                fusion.uses[inputs[0]] -= 1;
                fusion.alias[output] = inputs[0];
            }
            operation => fusion.push(operation, inputs, output),
        }
    }
    let mut fused = FusedGraph { nodes: Vec::new(), inputs: fusion.inputs, outputs: Vec::new() };
    fused.outputs = graph.outputs.iter().map(|output| (fusion.alias[output.value], output.order)).collect();
    fused.nodes = fusion.nodes.into_iter().flatten().collect();
    elide_flattens(&mut fused);
    fused
}

fn count_uses(graph: &Graph) -> Vec<usize> {
    let mut uses = vec![0; graph.shapes.len()];
    let read = graph.nodes.iter().flat_map(|node| &node.inputs).copied();
    read.chain(graph.outputs.iter().map(|output| output.value)).for_each(|value| uses[value] += 1);
    uses
}

/// Lets dense layers and outputs read the image itself, so that it need not be copied into a vector first.
fn elide_flattens(fused: &mut FusedGraph) {
    let flattened: Vec<(ValueId, ValueId, Order)> = fused
        .nodes
        .iter()
        .filter_map(|node| match node.operation {
            Operation::Flatten(order) => Some((node.output, node.inputs[0], order)),
            _ => None,
        })
        .collect();
    for (vector, image, order) in flattened {
        for node in &mut fused.nodes {
            if matches!(node.operation, Operation::Dense { .. }) && node.inputs == [vector] {
                node.inputs = vec![image];
                node.flatten_order = order;
            }
        }
        for output in fused.outputs.iter_mut().filter(|output| output.0 == vector) {
            *output = (image, order);
        }
        let read = fused.nodes.iter().any(|node| node.inputs.contains(&vector) || node.residual == Some(vector));
        if !read && !fused.outputs.iter().any(|output| output.0 == vector) {
            fused.nodes.retain(|node| node.output != vector);
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Producer {
    None,
    Input(usize),
    Node(usize),
}

struct Fusion {
    uses: Vec<usize>,
    producers: Vec<Producer>,
    /// For each value, the value that it is identical to.
    alias: Vec<ValueId>,
    /// None where a node was merged into a later one.
    nodes: Vec<Option<FusedNode>>,
    inputs: Vec<(Vec<f32>, Vec<f32>)>,
}

impl Fusion {
    fn push(&mut self, operation: Operation, inputs: Vec<ValueId>, output: ValueId) {
        self.push_node(FusedNode {
            operation,
            inputs,
            output,
            residual: None,
            bounds: Bounds::default(),
            flatten_order: Order::Chw,
        });
    }

    fn push_node(&mut self, node: FusedNode) {
        self.producers[node.output] = Producer::Node(self.nodes.len());
        self.nodes.push(Some(node));
    }

    /// Removes and returns the node that produces a value, if that value has one reader and the node is suitable.
    fn take_producer(&mut self, value: ValueId, is_suitable: impl Fn(&FusedNode) -> bool) -> Option<FusedNode> {
        match self.producers[value] {
            Producer::Node(index) if self.uses[value] == 1 && self.nodes[index].as_ref().is_some_and(is_suitable) => {
                self.nodes[index].take()
            }
            _ => None,
        }
    }

    fn clamp(&mut self, input: ValueId, output: ValueId, low: f32, high: f32) {
        let finite = |bound: f32| bound.is_finite().then_some(bound);
        let can_clamp = |node: &FusedNode| {
            matches!(
                node.operation,
                Operation::Conv { .. } | Operation::Affine { .. } | Operation::Add | Operation::Dense { .. }
            )
        };
        if let Some(mut node) = self.take_producer(input, can_clamp) {
            let [inner_low, inner_high] = node.bounds.pair();
            let clamped = |bound: f32| finite(bound.max(low).min(high));
            node.bounds = Bounds { low: clamped(inner_low), high: clamped(inner_high) };
            self.push_node(FusedNode { output, ..node });
            return;
        }
        self.push(Operation::Affine { scale: vec![1.0], shift: vec![0.0] }, vec![input], output);
        if let Some(Some(node)) = self.nodes.last_mut() {
            node.bounds = Bounds { low: finite(low), high: finite(high) };
        }
    }

    fn affine(&mut self, input: ValueId, output: ValueId, scale: Vec<f32>, shift: Vec<f32>) {
        if let (Producer::Input(index), 1) = (self.producers[input], self.uses[input]) {
            compose_affine(&mut self.inputs[index], &scale, &shift);
            self.alias[output] = input;
            self.uses[input] = self.uses[output];
            return;
        }
        let has_no_epilogue = |node: &FusedNode| {
            let is_linear =
                matches!(node.operation, Operation::Conv { .. } | Operation::Dense { .. } | Operation::Affine { .. });
            is_linear && node.residual.is_none() && node.bounds == Bounds::default()
        };
        let Some(mut node) = self.take_producer(input, has_no_epilogue) else {
            return self.push(Operation::Affine { scale, shift }, vec![input], output);
        };
        match &mut node.operation {
            Operation::Conv { weights, bias, .. } | Operation::Dense { weights, bias } => {
                let length = weights.len() / bias.len().max(1);
                for (channel, (weights, bias)) in weights.chunks_exact_mut(length).zip(bias).enumerate() {
                    let factor = channel_value(&scale, channel);
                    weights.iter_mut().for_each(|weight| *weight *= factor);
                    *bias = *bias * factor + channel_value(&shift, channel);
                }
            }
            Operation::Affine { scale: first_scale, shift: first_shift } => {
                let mut composed = (std::mem::take(first_scale), std::mem::take(first_shift));
                compose_affine(&mut composed, &scale, &shift);
                (*first_scale, *first_shift) = composed;
            }
            _ => {}
        }
        self.push_node(FusedNode { output, ..node });
    }

    /// Fuses a sum into the later of the two producers, if that is a convolution: its other operand is computed by then.
    fn add(&mut self, inputs: &[ValueId], output: ValueId) {
        let order = |value: ValueId| match self.producers[value] {
            Producer::Node(index) => index + 1,
            _ => 0,
        };
        let (mut last, mut other) = (inputs[0], inputs[1]);
        if order(other) > order(last) {
            (last, other) = (other, last);
        }
        let is_depthwise = |operation: &Operation| matches!(operation, Operation::Conv { groups, bias, .. } if *groups == bias.len() && *groups > 1);
        let can_add = |node: &FusedNode| {
            matches!(node.operation, Operation::Conv { .. })
                && !is_depthwise(&node.operation)
                && node.residual.is_none()
                && node.bounds == Bounds::default()
        };
        if last != other {
            for (conv, other) in [(last, other), (other, last)] {
                if let Some(node) = self.take_producer(conv, can_add) {
                    return self.push_node(FusedNode { output, residual: Some(other), ..node });
                }
            }
        }
        self.push(Operation::Add, vec![last, other], output);
    }
}

/// Replaces `first` with `first` followed by `scale` and `shift`.
fn compose_affine(first: &mut (Vec<f32>, Vec<f32>), scale: &[f32], shift: &[f32]) {
    let length = [first.0.len(), first.1.len(), scale.len(), shift.len()].into_iter().max().unwrap_or(1);
    let scales = (0..length).map(|channel| channel_value(&first.0, channel) * channel_value(scale, channel)).collect();
    let shifts = (0..length)
        .map(|channel| channel_value(&first.1, channel) * channel_value(scale, channel) + channel_value(shift, channel))
        .collect();
    *first = (scales, shifts);
}

/// The value for a channel, given one value per channel or one for all.
pub(crate) fn channel_value(values: &[f32], channel: usize) -> f32 {
    if let [one] = values { *one } else { values[channel] }
}
