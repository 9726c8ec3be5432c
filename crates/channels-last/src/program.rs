//! A network that is ready to run.

use std::ops::Range;
use std::sync::Arc;

use crate::aligned::Aligned;
use crate::buffer::{BLOCK, Buffer};
use crate::compile;
use crate::graph::{Element, Graph};
use crate::isa::Isa;
use crate::kernel::winograd::POSITIONS;
use crate::kernel::{self, Conv, Dense, Depthwise, Places, Pointwise, Pool, Softmax, Winograd};
use crate::step::Step;

/// Steps with their weights.
#[derive(Debug)]
pub struct Program {
    pub(crate) steps: Vec<Step>,
    /// Floats of each slot of memory.
    pub(crate) slots: Vec<usize>,
    /// Elements of each input, and their type.
    pub(crate) inputs: Vec<(usize, Element)>,
    /// Elements of each output.
    pub(crate) outputs: Vec<usize>,
    pub(crate) weights: Aligned,
}

/// The elements of one input.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// 32-bit floats.
    F32(&'a [f32]),
    /// Bytes.
    U8(&'a [u8]),
}

/// The memory that a run needs; it can be used again and again.
#[derive(Debug, Default)]
pub struct State {
    slots: Vec<Aligned>,
}

impl Program {
    /// Makes a program of a graph. Shapes and lengths must fit, as the graph's documentation says.
    pub fn compile(graph: Graph) -> Arc<Self> {
        Arc::new(compile::compile(graph))
    }

    /// Elements of each input.
    pub fn inputs(&self) -> impl Iterator<Item = (usize, Element)> + '_ {
        self.inputs.iter().copied()
    }

    /// Elements of each output.
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// Bytes of the packed weights.
    pub fn weight_bytes(&self) -> usize {
        size_of_val(self.weights.as_slice())
    }

    /// Bytes that a run works in.
    pub fn state_bytes(&self) -> usize {
        self.slots.iter().sum::<usize>() * size_of::<f32>()
    }

    /// Memory for runs of this program.
    pub fn state(&self) -> State {
        State { slots: self.slots.iter().map(|&length| Aligned::zeroed(length)).collect() }
    }

    /// Runs once. `state` must be of this program; `sources` and `targets` are in the order of the graph's inputs and
    /// outputs and have their lengths and types.
    pub fn run(&self, isa: Isa, state: &mut State, sources: &[Source<'_>], targets: &mut [&mut [f32]]) {
        for step in &self.steps {
            match step {
                Step::Write { from, output, order } => {
                    kernel::write(from, state.of(from), *order, targets[*output]);
                }
                _ => self.step(isa, state, sources, step),
            }
        }
    }

    fn step(&self, isa: Isa, state: &mut State, sources: &[Source<'_>], step: &Step) {
        let Some(to) = step.target() else { return };
        // Out of the state, so that other slots can be read while it is written. Values of one step never share a slot.
        let mut taken = std::mem::take(&mut state.slots[to.slot]);
        let output = &mut taken.as_mut_slice()[..to.len()];
        let state_of = |buffer: &Buffer| state.of(buffer);
        match step {
            Step::ClearBorder { buffer } => buffer.clear_border(output),
            Step::ClearLast { buffer } => {
                let first = output.len() - buffer.plane() * buffer.lanes;
                output[first..].fill(0.0);
            }
            Step::Read { input, order, to, scale, shift, .. } => {
                let channels = to.shape.channels;
                let (scale, shift) = (self.weights(*scale, channels), self.weights(*shift, channels));
                match sources[*input] {
                    Source::F32(source) => kernel::read(source, *order, to, output, scale, shift, |value| value),
                    Source::U8(source) => kernel::read(source, *order, to, output, scale, shift, f32::from),
                }
            }
            Step::Conv { places, weights, bias } => {
                let residual = places.residual.as_ref().map(state_of);
                let input = state_of(&places.input);
                self.conv(isa, places, [*weights, *bias], 0..places.output_blocks(), input, residual, output);
            }
            Step::Winograd { places, point, scratch, weights, bias } => {
                let mut held = std::mem::take(&mut state.slots[scratch.slot]);
                let all = POSITIONS * point.output_blocks() * BLOCK;
                let winograd = Winograd {
                    places,
                    point,
                    input: state.of(&places.input),
                    scratch: &mut held.as_mut_slice()[..scratch.len()],
                    output,
                    residual: places.residual.as_ref().map(|buffer| state.of(buffer)),
                    weights: self.weights(*weights, all * point.weight_rows()),
                    bias: self.weights(*bias, all),
                };
                winograd.run(isa);
                state.slots[scratch.slot] = held;
            }
            Step::Depthwise { places, weights, bias } => {
                let input = state_of(&places.input);
                self.depthwise(isa, places, [*weights, *bias], 0..places.output_blocks(), input, output);
            }
            Step::Expand { conv, conv_weights, conv_bias, places, weights, bias } => {
                let mut between = std::mem::take(&mut state.slots[conv.output.slot]);
                let input = state.of(&conv.input);
                let held = &mut between.as_mut_slice()[..conv.output.len()];
                for first in (0..places.output_blocks()).step_by(conv.output.blocks()) {
                    let blocks = first..(first + conv.output.blocks()).min(places.output_blocks());
                    self.conv(isa, conv, [*conv_weights, *conv_bias], blocks.clone(), input, None, held);
                    self.depthwise(isa, places, [*weights, *bias], blocks, held, output);
                }
                state.slots[conv.output.slot] = between;
            }
            Step::Pool { from, to, window, reduction } => {
                isa.run(Pool { from, to, window, reduction: *reduction, input: state_of(from), output });
            }
            Step::Pointwise { from, other, to, scale, shift, bounds } => isa.run(Pointwise {
                from,
                to,
                input: state_of(from),
                other: other.as_ref().map(|buffer| (buffer, state_of(buffer))),
                output,
                scale: self.weights(*scale, to.blocks() * BLOCK),
                shift: self.weights(*shift, to.blocks() * BLOCK),
                bounds: *bounds,
            }),
            Step::Append { from, to, channel } => kernel::append(from, state_of(from), to, output, *channel),
            Step::Flatten { from, to, order } => {
                kernel::write(from, state_of(from), *order, &mut output[..to.shape.channels]);
            }
            Step::Dense { from, to, weights, bias, bounds } => isa.run(Dense {
                input: state_of(from),
                output,
                weights: self.weights(*weights, to.shape.channels * from.len()),
                bias: self.weights(*bias, to.shape.channels),
                bounds: *bounds,
            }),
            Step::Softmax { from, to } => {
                let channels = to.shape.channels;
                Softmax::run(&state_of(from)[..channels], &mut output[..channels]);
            }
            Step::Write { .. } => {}
        }
        state.slots[to.slot] = taken;
    }

    #[expect(clippy::too_many_arguments, reason = "a kernel's memory, piece by piece")]
    fn conv(
        &self,
        isa: Isa,
        places: &Places,
        [weights, bias]: [usize; 2],
        blocks: Range<usize>,
        input: &[f32],
        residual: Option<&[f32]>,
        output: &mut [f32],
    ) {
        let all = places.output_blocks();
        let weights = self.weights(weights, all * places.weight_rows() * BLOCK);
        isa.run(Conv { places, blocks, input, output, residual, weights, bias: self.weights(bias, all * BLOCK) });
    }

    fn depthwise(
        &self,
        isa: Isa,
        places: &Places,
        [weights, bias]: [usize; 2],
        blocks: Range<usize>,
        input: &[f32],
        output: &mut [f32],
    ) {
        let all = places.output_blocks();
        let weights = self.weights(weights, all * places.kernel[0] * places.kernel[1] * BLOCK);
        isa.run(Depthwise { places, blocks, input, output, weights, bias: self.weights(bias, all * BLOCK) });
    }

    fn weights(&self, start: usize, length: usize) -> &[f32] {
        &self.weights.as_slice()[start..start + length]
    }
}

impl State {
    fn of(&self, buffer: &Buffer) -> &[f32] {
        &self.slots[buffer.slot].as_slice()[..buffer.len()]
    }
}
