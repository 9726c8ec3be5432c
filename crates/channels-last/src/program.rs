//! A compiled network and its interpreter.

use std::ops::Range;

use crate::aligned::Aligned;
use crate::buffer::{BLOCK, Buffer};
use crate::graph::ElementType;
use crate::isa::Isa;
use crate::kernel::winograd::POSITIONS;
use crate::kernel::{self, Conv, ConvSpec, Dense, Depthwise, Pointwise, Pool, Winograd};
use crate::step::Step;

/// A compiled network: steps and packed weights. Immutable; any number of threads may run it, each with its own
/// [`Workspace`].
#[derive(Debug)]
pub struct Program {
    pub(crate) steps: Vec<Step>,
    /// Size of each memory slot, in floats.
    pub(crate) slots: Vec<usize>,
    /// Element count and type of each input.
    pub(crate) inputs: Vec<(usize, ElementType)>,
    /// Element count of each output.
    pub(crate) outputs: Vec<usize>,
    pub(crate) weights: Aligned,
}

/// The data of one input.
#[derive(Debug, Clone, Copy)]
pub enum InputData<'a> {
    /// 32-bit floats.
    F32(&'a [f32]),
    /// Unsigned bytes.
    U8(&'a [u8]),
}

/// The memory that a run works in. Reuse it, so that a run allocates nothing.
#[derive(Debug, Default)]
pub struct Workspace {
    slots: Vec<Aligned>,
}

impl Program {
    /// The element count and type of each input.
    pub fn inputs(&self) -> impl Iterator<Item = (usize, ElementType)> + '_ {
        self.inputs.iter().copied()
    }

    /// The element count of each output.
    pub fn outputs(&self) -> &[usize] {
        &self.outputs
    }

    /// Size of the packed weights in bytes.
    pub fn weight_bytes(&self) -> usize {
        size_of_val(self.weights.as_slice())
    }

    /// Size of a workspace in bytes.
    pub fn workspace_bytes(&self) -> usize {
        self.slots.iter().sum::<usize>() * size_of::<f32>()
    }

    /// Allocates a workspace for this program.
    pub fn workspace(&self) -> Workspace {
        Workspace { slots: self.slots.iter().map(|&length| Aligned::zeroed(length)).collect() }
    }

    /// Runs the network once. `inputs` and `outputs` are in the order of the graph's.
    ///
    /// # Panics
    ///
    /// If the workspace belongs to another program, or a length or type differs from [`Program::inputs`] and
    /// [`Program::outputs`].
    pub fn run(&self, isa: Isa, workspace: &mut Workspace, inputs: &[InputData<'_>], outputs: &mut [&mut [f32]]) {
        for step in &self.steps {
            match step {
                Step::WriteOutput { from, output, order } => {
                    kernel::write_image(from, workspace.values(from), *order, outputs[*output]);
                }
                _ => self.step(isa, workspace, inputs, step),
            }
        }
    }

    fn step(&self, isa: Isa, workspace: &mut Workspace, inputs: &[InputData<'_>], step: &Step) {
        let Some(to) = step.output_buffer() else { return };
        // Taken out of the workspace, so that the step can read other slots while it writes this one. The buffers of one step
        // never share a slot.
        let mut output_slot = std::mem::take(&mut workspace.slots[to.slot]);
        let output = &mut output_slot.as_mut_slice()[..to.len()];
        let values = |buffer: &Buffer| workspace.values(buffer);
        match step {
            Step::ClearBorder { buffer } => buffer.clear_border(output),
            Step::ClearLastBlock { buffer } => {
                let first = output.len() - buffer.plane() * buffer.lanes;
                output[first..].fill(0.0);
            }
            Step::ReadInput { input, order, to, scale, shift, .. } => {
                let channels = to.shape.channels;
                let (scale, shift) = (self.weights(*scale, channels), self.weights(*shift, channels));
                match inputs[*input] {
                    InputData::F32(data) => kernel::read_image(data, *order, to, output, scale, shift, |value| value),
                    InputData::U8(data) => kernel::read_image(data, *order, to, output, scale, shift, f32::from),
                }
            }
            Step::Conv { spec, weights, bias } => {
                let residual = spec.residual.as_ref().map(values);
                let input = values(&spec.input);
                self.conv(isa, spec, [*weights, *bias], 0..spec.output_blocks(), input, residual, output);
            }
            Step::Winograd { spec, pointwise, scratch, weights, bias } => {
                let mut scratch_slot = std::mem::take(&mut workspace.slots[scratch.slot]);
                let bias_length = POSITIONS * pointwise.output_blocks() * BLOCK;
                let winograd = Winograd {
                    spec,
                    pointwise,
                    input: workspace.values(&spec.input),
                    scratch: &mut scratch_slot.as_mut_slice()[..scratch.len()],
                    output,
                    residual: spec.residual.as_ref().map(|buffer| workspace.values(buffer)),
                    weights: self.weights(*weights, bias_length * pointwise.weight_rows()),
                    bias: self.weights(*bias, bias_length),
                };
                winograd.run(isa);
                workspace.slots[scratch.slot] = scratch_slot;
            }
            Step::Depthwise { spec, weights, bias } => {
                let input = values(&spec.input);
                self.depthwise(isa, spec, [*weights, *bias], 0..spec.output_blocks(), input, output);
            }
            Step::ConvDepthwise { conv, conv_weights, conv_bias, depthwise, weights, bias } => {
                let mut between_slot = std::mem::take(&mut workspace.slots[conv.output.slot]);
                let input = workspace.values(&conv.input);
                let between = &mut between_slot.as_mut_slice()[..conv.output.len()];
                for first in (0..depthwise.output_blocks()).step_by(conv.output.blocks()) {
                    let blocks = first..(first + conv.output.blocks()).min(depthwise.output_blocks());
                    self.conv(isa, conv, [*conv_weights, *conv_bias], blocks.clone(), input, None, between);
                    self.depthwise(isa, depthwise, [*weights, *bias], blocks, between, output);
                }
                workspace.slots[conv.output.slot] = between_slot;
            }
            Step::Pool { from, to, window, reduction } => {
                isa.run(Pool { from, to, window, reduction: *reduction, input: values(from), output });
            }
            Step::Pointwise { from, addend, to, scale, shift, bounds } => isa.run(Pointwise {
                from,
                to,
                input: values(from),
                addend: addend.as_ref().map(|buffer| (buffer, values(buffer))),
                output,
                scale: self.weights(*scale, to.blocks() * BLOCK),
                shift: self.weights(*shift, to.blocks() * BLOCK),
                bounds: *bounds,
            }),
            Step::CopyChannels { from, to, channel } => kernel::copy_channels(from, values(from), to, output, *channel),
            Step::Flatten { from, to, order } => {
                kernel::write_image(from, values(from), *order, &mut output[..to.shape.channels]);
            }
            Step::Dense { from, to, weights, bias, bounds } => isa.run(Dense {
                input: values(from),
                output,
                weights: self.weights(*weights, to.shape.channels * from.len()),
                bias: self.weights(*bias, to.shape.channels),
                bounds: *bounds,
            }),
            Step::Softmax { from, to } => {
                let output = &mut output[..to.shape.channels];
                output.copy_from_slice(&values(from)[..to.shape.channels]);
                kernel::softmax(output);
            }
            Step::WriteOutput { .. } => {}
        }
        workspace.slots[to.slot] = output_slot;
    }

    #[expect(clippy::too_many_arguments, reason = "the operands of a kernel")]
    fn conv(
        &self,
        isa: Isa,
        spec: &ConvSpec,
        [weights, bias]: [usize; 2],
        blocks: Range<usize>,
        input: &[f32],
        residual: Option<&[f32]>,
        output: &mut [f32],
    ) {
        let all_blocks = spec.output_blocks();
        let weights = self.weights(weights, all_blocks * spec.weight_rows() * BLOCK);
        isa.run(Conv { spec, blocks, input, output, residual, weights, bias: self.weights(bias, all_blocks * BLOCK) });
    }

    fn depthwise(
        &self,
        isa: Isa,
        spec: &ConvSpec,
        [weights, bias]: [usize; 2],
        blocks: Range<usize>,
        input: &[f32],
        output: &mut [f32],
    ) {
        let all_blocks = spec.output_blocks();
        let weights = self.weights(weights, all_blocks * spec.kernel[0] * spec.kernel[1] * BLOCK);
        isa.run(Depthwise { spec, blocks, input, output, weights, bias: self.weights(bias, all_blocks * BLOCK) });
    }

    fn weights(&self, start: usize, length: usize) -> &[f32] {
        &self.weights.as_slice()[start..start + length]
    }
}

impl Workspace {
    fn values(&self, buffer: &Buffer) -> &[f32] {
        &self.slots[buffer.slot].as_slice()[..buffer.len()]
    }
}
