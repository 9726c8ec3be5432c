//! Compiles a graph to a program: fusion, memory layout, weight packing.

use std::sync::Arc;

use crate::aligned::Aligned;
use crate::buffer::{BLOCK, Buffer};
use crate::fuse::{self, FusedGraph, FusedNode};
use crate::graph::{Graph, Input, Operation, Shape, ValueId, Window};
use crate::kernel::{Bounds, ConvSpec, Reduction, winograd};
use crate::layout::{self, SlotAllocator};
use crate::pack::WeightPacker;
use crate::program::Program;
use crate::step::Step;

/// Blocks that a convolution computes at a time for the depthwise convolution fused with it.
const CONV_DEPTHWISE_BLOCKS: usize = 2;

impl Program {
    /// Compiles a graph. Shapes and lengths must agree as documented at [`Graph`] and [`Operation`]; this is not checked.
    pub fn compile(graph: Graph) -> Arc<Self> {
        let (shapes, inputs) = (graph.shapes.clone(), graph.inputs.clone());
        let output_lengths = graph.outputs.iter().map(|output| graph.shapes[output.value].len()).collect();
        let fused = fuse::fuse(graph);
        let input_values: Vec<ValueId> = inputs.iter().map(|input| input.value).collect();
        let mut lowering = Lowering {
            buffers: layout::lay_out(&shapes, &fused, &input_values),
            last_use: last_uses(&shapes, &fused),
            slots: SlotAllocator::default(),
            weights: WeightPacker::default(),
            steps: Vec::new(),
        };
        for (index, (input, (scale, shift))) in inputs.iter().zip(&fused.inputs).enumerate() {
            lowering.read_input(index, input, scale, shift);
        }
        lowering.lower_nodes(&fused);
        for (index, &(value, order)) in fused.outputs.iter().enumerate() {
            lowering.steps.push(Step::WriteOutput { from: lowering.buffers[value], output: index, order });
        }
        let mut weights = Aligned::zeroed(lowering.weights.data.len());
        weights.as_mut_slice().copy_from_slice(&lowering.weights.data);
        Arc::new(Self {
            steps: lowering.steps,
            slots: lowering.slots.sizes,
            inputs: inputs.iter().map(|input| (shapes[input.value].len(), input.element_type)).collect(),
            outputs: output_lengths,
            weights,
        })
    }
}

/// For each value, how many nodes have run once it is no longer needed. Outputs are needed until the end.
fn last_uses(shapes: &[Shape], graph: &FusedGraph) -> Vec<usize> {
    let mut last = vec![0; shapes.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        for &value in node.inputs.iter().chain(&node.residual) {
            last[value] = index + 1;
        }
    }
    graph.outputs.iter().for_each(|output| last[output.0] = usize::MAX);
    last
}

/// Turns fused nodes into steps.
struct Lowering {
    buffers: Vec<Buffer>,
    last_use: Vec<usize>,
    slots: SlotAllocator,
    weights: WeightPacker,
    steps: Vec<Step>,
}

impl Lowering {
    fn read_input(&mut self, index: usize, input: &Input, scale: &[f32], shift: &[f32]) {
        self.allocate(input.value);
        let to = self.buffers[input.value];
        let scale = self.weights.pack_channels(scale, to.shape.channels);
        let shift = self.weights.pack_channels(shift, to.shape.channels);
        let (order, element_type) = (input.order, input.element_type);
        self.steps.push(Step::ReadInput { input: index, order, element_type, to, scale, shift });
    }

    fn lower_nodes(&mut self, graph: &FusedGraph) {
        let mut done = 0;
        while let Some(node) = graph.nodes.get(done) {
            let depthwise = graph.nodes.get(done + 1).filter(|next| self.can_fuse_depthwise(graph, node, next));
            let lowered = match depthwise {
                Some(depthwise) => {
                    self.lower_conv_depthwise(node, depthwise);
                    2
                }
                None => {
                    self.allocate(node.output);
                    self.lower(node);
                    1
                }
            };
            let read: Vec<ValueId> = node.inputs.iter().copied().chain(node.residual).collect();
            for _ in 0..lowered {
                done += 1;
                self.release(&read, done);
            }
        }
    }

    /// Assigns memory to a value and clears its border.
    fn allocate(&mut self, value: ValueId) {
        let buffer = &mut self.buffers[value];
        buffer.slot = self.slots.allocate(buffer.len());
        if buffer.has_border() {
            self.steps.push(Step::ClearBorder { buffer: *buffer });
        }
    }

    /// Releases the memory of those values that are not needed after the first `done` nodes.
    fn release(&mut self, values: &[ValueId], done: usize) {
        for (index, &value) in values.iter().enumerate() {
            if self.last_use[value] == done && !values[..index].contains(&value) {
                self.slots.release(self.buffers[value].slot);
            }
        }
    }

    /// Clears the last block if the next step leaves some of its lanes unwritten.
    fn clear_last_block(&mut self, buffer: Buffer) {
        if !buffer.shape.channels.is_multiple_of(BLOCK) {
            self.steps.push(Step::ClearLastBlock { buffer });
        }
    }

    fn lower(&mut self, node: &FusedNode) {
        let (from, to) = (self.buffers[node.inputs[0]], self.buffers[node.output]);
        let channels = to.shape.channels;
        match &node.operation {
            Operation::Conv { window, groups, weights, bias } => {
                let spec = self.conv_spec(node, window, *groups);
                if *groups == 1 && winograd::is_worthwhile(window, from.shape, to.shape) {
                    return self.lower_winograd(spec, weights, bias);
                }
                let bias = self.weights.pack_channels(bias, channels);
                if is_depthwise(&node.operation, from.shape, to.shape) {
                    let weights = self.weights.pack_depthwise(weights, &spec);
                    self.steps.push(Step::Depthwise { spec, weights, bias });
                } else {
                    let weights = self.weights.pack_conv(weights, *groups, channels, &spec);
                    self.steps.push(Step::Conv { spec, weights, bias });
                }
            }
            Operation::MaxPool(window) => {
                self.steps.push(Step::Pool { from, to, window: *window, reduction: Reduction::Max });
            }
            Operation::SumPool { window, normalize, count_include_pad } => {
                let reduction = match (normalize, count_include_pad) {
                    (false, _) => Reduction::Sum,
                    (true, false) => Reduction::Mean,
                    (true, true) => Reduction::MeanWithPadding,
                };
                self.steps.push(Step::Pool { from, to, window: *window, reduction });
            }
            Operation::Affine { scale, shift } => self.lower_pointwise(node, scale, shift),
            Operation::Add => self.lower_pointwise(node, &[1.0], &[0.0]),
            Operation::Clamp { .. } => self.lower_pointwise(node, &[1.0], &[0.0]),
            Operation::Concat => {
                self.clear_last_block(to);
                let mut channel = 0;
                for &input in &node.inputs {
                    let from = self.buffers[input];
                    self.steps.push(Step::CopyChannels { from, to, channel });
                    channel += from.shape.channels;
                }
            }
            Operation::Flatten(order) => {
                self.clear_last_block(to);
                self.steps.push(Step::Flatten { from, to, order: *order });
            }
            Operation::Dense { weights, bias } => {
                let weights = self.weights.pack_dense(weights, node.flatten_order, &from);
                let bias = self.weights.pack_channels(bias, channels);
                self.steps.push(Step::Dense { from, to, weights, bias, bounds: node.bounds });
            }
            Operation::Softmax => {
                self.clear_last_block(to);
                self.steps.push(Step::Softmax { from, to });
            }
        }
    }

    /// Whether `node` is a convolution, `next` is a depthwise convolution and its only reader, and the value between them is
    /// large enough to gain from never being stored whole. MobileNet's inverted residuals start like this.
    fn can_fuse_depthwise(&self, graph: &FusedGraph, node: &FusedNode, next: &FusedNode) -> bool {
        let value = node.output;
        let between = &self.buffers[value];
        let is_plain_conv = matches!(node.operation, Operation::Conv { groups: 1, .. }) && node.residual.is_none();
        let readers = graph.nodes.iter().flat_map(|node| node.inputs.iter().chain(&node.residual));
        let has_one_reader = readers.filter(|&&input| input == value).count() == 1
            && graph.outputs.iter().all(|output| output.0 != value);
        is_plain_conv
            && is_depthwise(&next.operation, between.shape, self.buffers[next.output].shape)
            && next.inputs == [value]
            && has_one_reader
            && between.blocks() > CONV_DEPTHWISE_BLOCKS
    }

    fn lower_conv_depthwise(&mut self, node: &FusedNode, depthwise_node: &FusedNode) {
        let Operation::Conv { window, weights, bias, .. } = &node.operation else { return };
        let channels = self.buffers[node.output].shape.channels;
        self.buffers[node.output].shape.channels = CONV_DEPTHWISE_BLOCKS * BLOCK;
        self.allocate(node.output);
        self.allocate(depthwise_node.output);
        let mut conv = self.conv_spec(node, window, 1);
        (conv.first_input_block, conv.input_blocks) = input_blocks(&conv.input, channels, 1);
        let conv_bias = self.weights.pack_channels(bias, channels);
        let conv_weights = self.weights.pack_conv(weights, 1, channels, &conv);
        let Operation::Conv { window, weights, bias, .. } = &depthwise_node.operation else { return };
        let depthwise = self.conv_spec(depthwise_node, window, channels);
        let bias = self.weights.pack_channels(bias, channels);
        let weights = self.weights.pack_depthwise(weights, &depthwise);
        self.steps.push(Step::ConvDepthwise { conv, conv_weights, conv_bias, depthwise, weights, bias });
        self.slots.release(self.buffers[node.output].slot);
    }

    /// Allocates scratch memory: first for the products of [`winograd::PANEL`] output blocks, then for the transformed input of
    /// a batch of tiles.
    fn lower_winograd(&mut self, spec: ConvSpec, weights: &[f32], bias: &[f32]) {
        let (inputs, outputs) = (spec.input.shape.channels, spec.output.shape.channels);
        let batch = winograd::batch_size(spec.input.shape, spec.output.shape);
        let product_channels = outputs.min(winograd::PANEL * BLOCK);
        let blocks = product_channels.div_ceil(BLOCK) + spec.input.blocks();
        let shape = Shape { channels: blocks * BLOCK, height: winograd::POSITIONS, width: batch };
        let mut scratch = Buffer { slot: 0, shape, lanes: BLOCK, border: [0; 4] };
        scratch.slot = self.slots.allocate(scratch.len());
        self.slots.release(scratch.slot);
        // The first position. The border below makes room for the others.
        let first_position = |channels: usize| Buffer {
            shape: Shape { channels, height: 1, width: batch },
            border: [0, 0, winograd::POSITIONS - 1, 0],
            ..scratch
        };
        let pointwise = ConvSpec {
            input: Buffer { lanes: inputs, ..first_position(inputs) },
            output: first_position(product_channels),
            residual: None,
            kernel: [1; 2],
            stride: [1; 2],
            dilation: [1; 2],
            padding: [0; 2],
            first_input_block: vec![0; outputs.div_ceil(BLOCK)],
            input_blocks: 1,
            one_row: true,
            bounds: Bounds::default(),
        };
        let weights = self.weights.pack_winograd(weights, inputs, &pointwise);
        let bias = self.weights.pack_winograd_bias(bias, outputs);
        self.steps.push(Step::Winograd { spec, pointwise, scratch, weights, bias });
    }

    fn lower_pointwise(&mut self, node: &FusedNode, scale: &[f32], shift: &[f32]) {
        let (from, to) = (self.buffers[node.inputs[0]], self.buffers[node.output]);
        let addend = node.inputs.get(1).map(|&value| self.buffers[value]);
        let scale = self.weights.pack_channels(scale, to.shape.channels);
        let shift = self.weights.pack_channels(shift, to.shape.channels);
        self.steps.push(Step::Pointwise { from, addend, to, scale, shift, bounds: node.bounds });
    }

    fn conv_spec(&self, node: &FusedNode, window: &Window, groups: usize) -> ConvSpec {
        let (input, output) = (self.buffers[node.inputs[0]], self.buffers[node.output]);
        let residual = node.residual.map(|value| self.buffers[value]);
        let buffers = [Some(input), Some(output), residual];
        let rows_touch = buffers.into_iter().flatten().all(|buffer| buffer.border[1] + buffer.border[3] == 0);
        let (first_input_block, input_blocks) = input_blocks(&input, output.shape.channels, groups);
        ConvSpec {
            one_row: window.is_pointwise() && rows_touch && input.lanes == BLOCK,
            input,
            output,
            residual,
            kernel: window.kernel,
            stride: window.stride,
            dilation: window.dilation,
            padding: window.pad_before,
            first_input_block,
            input_blocks,
            bounds: node.bounds,
        }
    }
}

/// Whether an operation is a convolution with one input and one output channel per group.
fn is_depthwise(operation: &Operation, input: Shape, output: Shape) -> bool {
    match operation {
        Operation::Conv { groups, .. } => *groups > 1 && *groups == input.channels && *groups == output.channels,
        _ => false,
    }
}

/// For each output block, the first input block that it reads; and how many it reads. Without groups it reads all.
fn input_blocks(input: &Buffer, outputs: usize, groups: usize) -> (Vec<usize>, usize) {
    let (group_inputs, group_outputs) = (input.shape.channels / groups, outputs / groups);
    let ranges: Vec<(usize, usize)> = (0..outputs)
        .step_by(BLOCK)
        .map(|first| {
            let last = (first + BLOCK).min(outputs) - 1;
            let start = first / group_outputs * group_inputs;
            let end = (last / group_outputs + 1) * group_inputs;
            (start / input.lanes, end.div_ceil(input.lanes))
        })
        .collect();
    let count = ranges.iter().map(|(start, end)| end - start).max().unwrap_or(1);
    // All output blocks read the same number. A range near the end starts earlier; its extra weights are zero.
    let firsts = ranges.iter().map(|(start, _)| (*start).min(input.blocks() - count)).collect();
    (firsts, count)
}
