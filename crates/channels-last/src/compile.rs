//! From a graph to a program.

use crate::aligned::Aligned;
use crate::buffer::{BLOCK, Buffer};
use crate::fuse::{self, Work};
use crate::graph::{Graph, Input, Operation, Shape, Value};
use crate::kernel::{Bounds, Places, Reduction, winograd};
use crate::pack::Weights;
use crate::place::{self, Slots};
use crate::program::Program;
use crate::step::Step;

/// Blocks that are held at a time between a convolution and the depthwise one that reads it.
const HELD_BLOCKS: usize = 2;

/// Fuses, lays out and packs.
pub(crate) fn compile(graph: Graph) -> Program {
    let (shapes, inputs) = (graph.shapes.clone(), graph.inputs.clone());
    let output_shapes = graph.outputs.iter().map(|output| graph.shapes[output.value].len()).collect();
    let fused = fuse::fuse(graph);
    let input_values: Vec<Value> = inputs.iter().map(|input| input.value).collect();
    let mut lowering = Lowering {
        buffers: place::layouts(&shapes, &fused, &input_values),
        last_use: last_uses(&shapes, &fused),
        slots: Slots::default(),
        weights: Weights::default(),
        steps: Vec::new(),
    };
    for (index, (input, (scale, shift))) in inputs.iter().zip(&fused.inputs).enumerate() {
        lowering.read(index, input, scale, shift);
    }
    let outputs = fused.outputs.clone();
    let mut time = 0;
    while let Some(work) = fused.works.get(time) {
        let pair = fused.works.get(time + 1).filter(|next| lowering.expands(&fused, work, next));
        match pair {
            Some(depthwise) => lowering.expand(work, depthwise),
            None => {
                lowering.place(work.output);
                lowering.work(work);
            }
        }
        let read: Vec<Value> = work.inputs.iter().copied().chain(work.residual).collect();
        for _ in 0..if pair.is_some() { 2 } else { 1 } {
            time += 1;
            lowering.release(&read, time);
        }
    }
    for (index, &(value, order)) in outputs.iter().enumerate() {
        lowering.steps.push(Step::Write { from: lowering.buffers[value], output: index, order });
    }
    let mut weights = Aligned::zeroed(lowering.weights.data.len());
    weights.as_mut_slice().copy_from_slice(&lowering.weights.data);
    Program {
        steps: lowering.steps,
        slots: lowering.slots.sizes,
        inputs: inputs.iter().map(|input| (shapes[input.value].len(), input.element)).collect(),
        outputs: output_shapes,
        weights,
    }
}

/// The time at which each value is read last; outputs are read at the end.
fn last_uses(shapes: &[Shape], fused: &fuse::Fused) -> Vec<usize> {
    let mut last = vec![0; shapes.len()];
    for (time, work) in fused.works.iter().enumerate() {
        for &value in work.inputs.iter().chain(&work.residual) {
            last[value] = time + 1;
        }
    }
    fused.outputs.iter().for_each(|output| last[output.0] = usize::MAX);
    last
}

struct Lowering {
    buffers: Vec<Buffer>,
    last_use: Vec<usize>,
    slots: Slots,
    weights: Weights,
    steps: Vec<Step>,
}

impl Lowering {
    fn read(&mut self, index: usize, input: &Input, scale: &[f32], shift: &[f32]) {
        self.place(input.value);
        let to = self.buffers[input.value];
        let scale = self.weights.channels(scale, to.shape.channels);
        let shift = self.weights.channels(shift, to.shape.channels);
        self.steps.push(Step::Read { input: index, order: input.order, element: input.element, to, scale, shift });
    }

    /// Gives a value its memory, with a clean border.
    fn place(&mut self, value: Value) {
        let buffer = &mut self.buffers[value];
        buffer.slot = self.slots.take(buffer.len());
        if buffer.has_border() {
            self.steps.push(Step::ClearBorder { buffer: *buffer });
        }
    }

    /// Sets the last block to zero where not all of its lanes will be written.
    fn clear_last(&mut self, buffer: Buffer) {
        if !buffer.shape.channels.is_multiple_of(BLOCK) {
            self.steps.push(Step::ClearLast { buffer });
        }
    }

    /// Gives back the memory of what is not read any more.
    fn release(&mut self, values: &[Value], time: usize) {
        for (index, &value) in values.iter().enumerate() {
            if self.last_use[value] == time && !values[..index].contains(&value) {
                self.slots.give_back(self.buffers[value].slot);
            }
        }
    }

    fn work(&mut self, work: &Work) {
        let (from, to) = (self.buffers[work.inputs[0]], self.buffers[work.output]);
        let channels = to.shape.channels;
        match &work.operation {
            Operation::Conv { window, groups, weights, bias } => {
                let places = self.places(work, window, *groups);
                if *groups == 1 && winograd::suits(window, from.shape, to.shape) {
                    return self.winograd(places, weights, bias);
                }
                let bias = self.weights.channels(bias, channels);
                let one_each = *groups == from.shape.channels && *groups == channels;
                if one_each && *groups > 1 {
                    let weights = self.weights.depthwise(weights, &places);
                    self.steps.push(Step::Depthwise { places, weights, bias });
                } else {
                    let weights = self.weights.conv(weights, *groups, channels, &places);
                    self.steps.push(Step::Conv { places, weights, bias });
                }
            }
            Operation::MaxPool(window) => {
                self.steps.push(Step::Pool { from, to, window: *window, reduction: Reduction::Max });
            }
            Operation::SumPool { window, normalise, count_padding } => {
                let reduction = match (normalise, count_padding) {
                    (false, _) => Reduction::Sum,
                    (true, false) => Reduction::Mean,
                    (true, true) => Reduction::MeanWithPadding,
                };
                self.steps.push(Step::Pool { from, to, window: *window, reduction });
            }
            Operation::Affine { scale, shift } => self.pointwise(work, scale, shift),
            Operation::Add => self.pointwise(work, &[1.0], &[0.0]),
            Operation::Clamp { .. } => self.pointwise(work, &[1.0], &[0.0]),
            Operation::Concat => {
                self.clear_last(to);
                let mut channel = 0;
                for &input in &work.inputs {
                    let from = self.buffers[input];
                    self.steps.push(Step::Append { from, to, channel });
                    channel += from.shape.channels;
                }
            }
            Operation::Flatten(order) => {
                self.clear_last(to);
                self.steps.push(Step::Flatten { from, to, order: *order });
            }
            Operation::Dense { weights, bias } => {
                let weights = self.weights.dense(weights, work.order, &from);
                let bias = self.weights.channels(bias, channels);
                self.steps.push(Step::Dense { from, to, weights, bias, bounds: work.bounds });
            }
            Operation::Softmax => {
                self.clear_last(to);
                self.steps.push(Step::Softmax { from, to });
            }
        }
    }

    /// Whether a convolution is read by the depthwise one after it alone, and is worth computing in parts.
    fn expands(&self, fused: &fuse::Fused, work: &Work, next: &Work) -> bool {
        let value = work.output;
        let channels = self.buffers[value].shape.channels;
        let one_each = |work: &Work| match &work.operation {
            Operation::Conv { groups, bias, .. } => *groups == channels && bias.len() == channels && channels > 1,
            _ => false,
        };
        let expands = matches!(work.operation, Operation::Conv { groups: 1, .. }) && work.residual.is_none();
        let readers = fused.works.iter().flat_map(|work| work.inputs.iter().chain(&work.residual));
        let alone = readers.filter(|&&input| input == value).count() == 1
            && fused.outputs.iter().all(|output| output.0 != value);
        expands && one_each(next) && next.inputs == [value] && alone && self.buffers[value].blocks() > HELD_BLOCKS
    }

    /// Both, with room between them for some blocks only.
    fn expand(&mut self, work: &Work, depthwise: &Work) {
        let Operation::Conv { window, weights, bias, .. } = &work.operation else { return };
        let channels = self.buffers[work.output].shape.channels;
        self.buffers[work.output].shape.channels = HELD_BLOCKS * BLOCK;
        self.place(work.output);
        self.place(depthwise.output);
        let mut conv = self.places(work, window, 1);
        (conv.first, conv.blocks) = input_blocks(&conv.input, channels, 1);
        let conv_bias = self.weights.channels(bias, channels);
        let conv_weights = self.weights.conv(weights, 1, channels, &conv);
        let Operation::Conv { window, weights, bias, .. } = &depthwise.operation else { return };
        let places = self.places(depthwise, window, channels);
        let bias = self.weights.channels(bias, channels);
        let weights = self.weights.depthwise(weights, &places);
        self.steps.push(Step::Expand { conv, conv_weights, conv_bias, places, weights, bias });
        self.slots.give_back(self.buffers[work.output].slot);
    }

    /// A convolution of 3×3 with room for the products of a panel, then for the input of a batch of tiles.
    fn winograd(&mut self, places: Places, weights: &[f32], bias: &[f32]) {
        let (inputs, outputs) = (places.input.shape.channels, places.output.shape.channels);
        let batch = winograd::batch(places.input.shape, places.output.shape);
        let held = outputs.min(winograd::PANEL * BLOCK);
        let blocks = held.div_ceil(BLOCK) + places.input.blocks();
        let shape = Shape { channels: blocks * BLOCK, height: winograd::POSITIONS, width: batch };
        let mut scratch = Buffer { slot: 0, shape, lanes: BLOCK, border: [0; 4] };
        scratch.slot = self.slots.take(scratch.len());
        self.slots.give_back(scratch.slot);
        // One position; the others are below.
        let one = |channels: usize| Buffer {
            shape: Shape { channels, height: 1, width: batch },
            border: [0, 0, winograd::POSITIONS - 1, 0],
            ..scratch
        };
        let point = Places {
            input: Buffer { lanes: inputs, ..one(inputs) },
            output: one(held),
            residual: None,
            kernel: [1; 2],
            stride: [1; 2],
            dilation: [1; 2],
            before: [0; 2],
            first: vec![0; outputs.div_ceil(BLOCK)],
            blocks: 1,
            one_row: true,
            bounds: Bounds::default(),
        };
        let weights = self.weights.winograd(weights, inputs, &point);
        let bias = self.weights.winograd_bias(bias, outputs);
        self.steps.push(Step::Winograd { places, point, scratch, weights, bias });
    }

    fn pointwise(&mut self, work: &Work, scale: &[f32], shift: &[f32]) {
        let (from, to) = (self.buffers[work.inputs[0]], self.buffers[work.output]);
        let other = work.inputs.get(1).map(|&value| self.buffers[value]);
        let scale = self.weights.channels(scale, to.shape.channels);
        let shift = self.weights.channels(shift, to.shape.channels);
        self.steps.push(Step::Pointwise { from, other, to, scale, shift, bounds: work.bounds });
    }

    fn places(&self, work: &Work, window: &crate::graph::Window, groups: usize) -> Places {
        let (input, output) = (self.buffers[work.inputs[0]], self.buffers[work.output]);
        let residual = work.residual.map(|value| self.buffers[value]);
        let sides = [Some(input), Some(output), residual];
        let no_sides = sides.into_iter().flatten().all(|buffer| buffer.border[1] + buffer.border[3] == 0);
        let (first, blocks) = input_blocks(&input, output.shape.channels, groups);
        Places {
            one_row: window.is_point() && no_sides && input.lanes == BLOCK,
            input,
            output,
            residual,
            kernel: window.kernel,
            stride: window.stride,
            dilation: window.dilation,
            before: window.before,
            first,
            blocks,
            bounds: work.bounds,
        }
    }
}

/// The first input block that each output block reads, and how many: all, unless groups keep them apart.
fn input_blocks(input: &Buffer, outputs: usize, groups: usize) -> (Vec<usize>, usize) {
    let (group_inputs, group_outputs) = (input.shape.channels / groups, outputs / groups);
    let ranges: Vec<(usize, usize)> = (0..outputs)
        .step_by(BLOCK)
        .map(|first| {
            let last = (first + BLOCK).min(outputs) - 1;
            let begin = first / group_outputs * group_inputs;
            let end = (last / group_outputs + 1) * group_inputs;
            (begin / input.lanes, end.div_ceil(input.lanes))
        })
        .collect();
    let most = ranges.iter().map(|(begin, end)| end - begin).max().unwrap_or(1);
    // The same number for all, so a range near the end begins earlier; its extra weights are zero.
    let firsts = ranges.iter().map(|(begin, _)| (*begin).min(input.blocks() - most)).collect();
    (firsts, most)
}
