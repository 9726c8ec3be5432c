//! Folds scales into weights, and bounds and sums into what comes before them.

use crate::graph::{Graph, Node, Operation, Order, Value};
use crate::kernel::Bounds;

/// A node with what happens to its result before it is written.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) operation: Operation,
    pub(crate) inputs: Vec<Value>,
    pub(crate) output: Value,
    /// An image that is added.
    pub(crate) residual: Option<Value>,
    pub(crate) bounds: Bounds,
    /// The order in which a dense layer takes its image.
    pub(crate) order: Order,
}

/// A graph after fusing.
#[derive(Debug, Default)]
pub(crate) struct Fused {
    pub(crate) works: Vec<Work>,
    /// `scale` and `shift` of each input.
    pub(crate) inputs: Vec<(Vec<f32>, Vec<f32>)>,
    /// Value and order of each output.
    pub(crate) outputs: Vec<(Value, Order)>,
}

/// Takes a graph's nodes one by one and merges each with what computes its input, where nobody else reads that.
pub(crate) fn fuse(graph: Graph) -> Fused {
    let mut fusing = Fusing {
        uses: uses(&graph),
        makers: vec![Maker::Nobody; graph.shapes.len()],
        alias: (0..graph.shapes.len()).collect(),
        works: Vec::new(),
        inputs: vec![(vec![1.0], vec![0.0]); graph.inputs.len()],
    };
    for (index, input) in graph.inputs.iter().enumerate() {
        fusing.makers[input.value] = Maker::Input(index);
    }
    let vectors: Vec<bool> = graph.shapes.iter().map(|shape| shape.height * shape.width == 1).collect();
    for Node { operation, inputs, output } in graph.nodes {
        let inputs: Vec<Value> = inputs.iter().map(|&input| fusing.alias[input]).collect();
        match operation {
            Operation::Clamp { low, high } => fusing.clamp(inputs[0], output, low, high),
            Operation::Affine { scale, shift } => fusing.affine(inputs[0], output, scale, shift),
            Operation::Add => fusing.add(&inputs, output),
            // A vector is what it is in either order.
            Operation::Flatten(_) if vectors[inputs[0]] => {
                fusing.uses[inputs[0]] += fusing.uses[output];
                fusing.uses[inputs[0]] -= 1;
                fusing.alias[output] = inputs[0];
            }
            operation => fusing.push(operation, inputs, output),
        }
    }
    let mut fused = Fused { works: Vec::new(), inputs: fusing.inputs, outputs: Vec::new() };
    fused.outputs = graph.outputs.iter().map(|output| (fusing.alias[output.value], output.order)).collect();
    fused.works = fusing.works.into_iter().flatten().collect();
    unflatten(&mut fused);
    fused
}

fn uses(graph: &Graph) -> Vec<usize> {
    let mut uses = vec![0; graph.shapes.len()];
    let read = graph.nodes.iter().flat_map(|node| &node.inputs).copied();
    read.chain(graph.outputs.iter().map(|output| output.value)).for_each(|value| uses[value] += 1);
    uses
}

/// Dense layers and outputs take an image as it lies, so that it need not be copied to a vector.
fn unflatten(fused: &mut Fused) {
    let flattened: Vec<(Value, Value, Order)> = fused
        .works
        .iter()
        .filter_map(|work| match work.operation {
            Operation::Flatten(order) => Some((work.output, work.inputs[0], order)),
            _ => None,
        })
        .collect();
    for (vector, image, order) in flattened {
        for work in &mut fused.works {
            if matches!(work.operation, Operation::Dense { .. }) && work.inputs == [vector] {
                work.inputs = vec![image];
                work.order = order;
            }
        }
        for output in fused.outputs.iter_mut().filter(|output| output.0 == vector) {
            *output = (image, order);
        }
        let read = fused.works.iter().any(|work| work.inputs.contains(&vector) || work.residual == Some(vector));
        if !read && !fused.outputs.iter().any(|output| output.0 == vector) {
            fused.works.retain(|work| work.output != vector);
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Maker {
    Nobody,
    Input(usize),
    Work(usize),
}

struct Fusing {
    uses: Vec<usize>,
    makers: Vec<Maker>,
    /// The value that a value is.
    alias: Vec<Value>,
    /// None where one has moved on.
    works: Vec<Option<Work>>,
    inputs: Vec<(Vec<f32>, Vec<f32>)>,
}

impl Fusing {
    fn push(&mut self, operation: Operation, inputs: Vec<Value>, output: Value) {
        self.push_work(Work {
            operation,
            inputs,
            output,
            residual: None,
            bounds: Bounds::default(),
            order: Order::Chw,
        });
    }

    fn push_work(&mut self, work: Work) {
        self.makers[work.output] = Maker::Work(self.works.len());
        self.works.push(Some(work));
    }

    /// What makes a value that nobody else reads, taken out of its place.
    fn take(&mut self, value: Value, fits: impl Fn(&Work) -> bool) -> Option<Work> {
        match self.makers[value] {
            Maker::Work(index) if self.uses[value] == 1 && self.works[index].as_ref().is_some_and(fits) => {
                self.works[index].take()
            }
            _ => None,
        }
    }

    fn clamp(&mut self, input: Value, output: Value, low: f32, high: f32) {
        let finite = |bound: f32| bound.is_finite().then_some(bound);
        let takes_bounds = |work: &Work| {
            matches!(
                work.operation,
                Operation::Conv { .. } | Operation::Affine { .. } | Operation::Add | Operation::Dense { .. }
            )
        };
        if let Some(mut work) = self.take(input, takes_bounds) {
            let [before_low, before_high] = work.bounds.pair();
            let bounded = |bound: f32| finite(bound.max(low).min(high));
            work.bounds = Bounds { low: bounded(before_low), high: bounded(before_high) };
            self.push_work(Work { output, ..work });
            return;
        }
        self.push(Operation::Affine { scale: vec![1.0], shift: vec![0.0] }, vec![input], output);
        if let Some(Some(work)) = self.works.last_mut() {
            work.bounds = Bounds { low: finite(low), high: finite(high) };
        }
    }

    fn affine(&mut self, input: Value, output: Value, scale: Vec<f32>, shift: Vec<f32>) {
        if let (Maker::Input(index), 1) = (self.makers[input], self.uses[input]) {
            compose(&mut self.inputs[index], &scale, &shift);
            self.alias[output] = input;
            self.uses[input] = self.uses[output];
            return;
        }
        let plain = |work: &Work| {
            let takes =
                matches!(work.operation, Operation::Conv { .. } | Operation::Dense { .. } | Operation::Affine { .. });
            takes && work.residual.is_none() && work.bounds == Bounds::default()
        };
        let Some(mut work) = self.take(input, plain) else {
            return self.push(Operation::Affine { scale, shift }, vec![input], output);
        };
        match &mut work.operation {
            Operation::Conv { weights, bias, .. } | Operation::Dense { weights, bias } => {
                let length = weights.len() / bias.len().max(1);
                for (channel, (weights, bias)) in weights.chunks_exact_mut(length).zip(bias).enumerate() {
                    let factor = of(&scale, channel);
                    weights.iter_mut().for_each(|weight| *weight *= factor);
                    *bias = *bias * factor + of(&shift, channel);
                }
            }
            Operation::Affine { scale: first_scale, shift: first_shift } => {
                let mut both = (std::mem::take(first_scale), std::mem::take(first_shift));
                compose(&mut both, &scale, &shift);
                (*first_scale, *first_shift) = both;
            }
            _ => {}
        }
        self.push_work(Work { output, ..work });
    }

    /// The convolution that comes last takes the sum in; what it is added to is there by then.
    fn add(&mut self, inputs: &[Value], output: Value) {
        let place = |value: Value| match self.makers[value] {
            Maker::Work(index) => index + 1,
            _ => 0,
        };
        let (mut last, mut other) = (inputs[0], inputs[1]);
        if place(other) > place(last) {
            (last, other) = (other, last);
        }
        let is_depthwise = |operation: &Operation| matches!(operation, Operation::Conv { groups, bias, .. } if *groups == bias.len() && *groups > 1);
        let free = |work: &Work| {
            matches!(work.operation, Operation::Conv { .. })
                && !is_depthwise(&work.operation)
                && work.residual.is_none()
                && work.bounds == Bounds::default()
        };
        if last != other {
            for (conv, other) in [(last, other), (other, last)] {
                if let Some(work) = self.take(conv, free) {
                    return self.push_work(Work { output, residual: Some(other), ..work });
                }
            }
        }
        self.push(Operation::Add, vec![last, other], output);
    }
}

/// The second after the first.
fn compose(first: &mut (Vec<f32>, Vec<f32>), scale: &[f32], shift: &[f32]) {
    let length = [first.0.len(), first.1.len(), scale.len(), shift.len()].into_iter().max().unwrap_or(1);
    let scales = (0..length).map(|channel| of(&first.0, channel) * of(scale, channel)).collect();
    let shifts = (0..length).map(|channel| of(&first.1, channel) * of(scale, channel) + of(shift, channel)).collect();
    *first = (scales, shifts);
}

/// The value of a channel; one stands for all.
pub(crate) fn of(values: &[f32], channel: usize) -> f32 {
    if let [one] = values { *one } else { values[channel] }
}
