//! Memory layout: how wide a border each buffer needs, and which values share memory.

use crate::buffer::{BLOCK, Buffer};
use crate::fuse::{FusedGraph, FusedNode};
use crate::graph::{Operation, Shape, ValueId};
use crate::kernel::winograd;

/// Lays out the buffer of every value. Slots are assigned later.
pub(crate) fn lay_out(shapes: &[Shape], graph: &FusedGraph, inputs: &[ValueId]) -> Vec<Buffer> {
    let mut buffers: Vec<Buffer> =
        shapes.iter().map(|&shape| Buffer { slot: 0, shape, lanes: BLOCK, border: [0; 4] }).collect();
    for node in &graph.nodes {
        let Operation::Conv { window, groups, .. } = &node.operation else { continue };
        let (output, input) = (shapes[node.output], &mut buffers[node.inputs[0]]);
        let uses_winograd = *groups == 1 && winograd::is_worthwhile(window, input.shape, output);
        let lengths = [(output.height, input.shape.height), (output.width, input.shape.width)];
        for (axis, (output, input_length)) in lengths.into_iter().enumerate() {
            // Winograd computes tiles of 2×2 pixels, so it reads on as if the output had an even length.
            let output = if uses_winograd { output.next_multiple_of(2) } else { output };
            let reach =
                output.saturating_sub(1) * window.stride[axis] + (window.kernel[axis] - 1) * window.dilation[axis] + 1;
            let after = reach.saturating_sub(window.pad_before[axis] + input_length);
            input.border[axis] = input.border[axis].max(window.pad_before[axis]);
            input.border[axis + 2] = input.border[axis + 2].max(after);
        }
    }
    // An input of few channels would waste most of a block. Convolutions over all channels can read it without padding lanes;
    // other operations cannot.
    for &value in inputs {
        let reads = |node: &FusedNode| node.inputs.contains(&value) || node.residual == Some(value);
        let only_full_convs =
            graph.nodes.iter().filter(|node| reads(node)).all(|node| {
                node.residual != Some(value) && matches!(node.operation, Operation::Conv { groups: 1, .. })
            });
        let is_output = graph.outputs.iter().any(|output| output.0 == value);
        if only_full_convs && !is_output && shapes[value].channels < BLOCK {
            buffers[value].lanes = shapes[value].channels;
        }
    }
    buffers
}

/// Assigns values to memory slots. Values that are live at the same time never share a slot.
#[derive(Debug, Default)]
pub(crate) struct SlotAllocator {
    /// Size of each slot, in floats.
    pub(crate) sizes: Vec<usize>,
    free: Vec<usize>,
}

impl SlotAllocator {
    /// Takes the smallest free slot that is large enough, or else the largest one, which then grows.
    pub(crate) fn allocate(&mut self, length: usize) -> usize {
        let fitting =
            self.free.iter().copied().filter(|&slot| self.sizes[slot] >= length).min_by_key(|&slot| self.sizes[slot]);
        let chosen = fitting.or_else(|| self.free.iter().copied().max_by_key(|&slot| self.sizes[slot]));
        let slot = chosen.unwrap_or_else(|| {
            self.sizes.push(0);
            self.sizes.len() - 1
        });
        self.free.retain(|&free| free != slot);
        self.sizes[slot] = self.sizes[slot].max(length);
        slot
    }

    pub(crate) fn release(&mut self, slot: usize) {
        self.free.push(slot);
    }
}
