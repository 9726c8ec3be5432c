//! Gives each value its buffer: how wide a border its readers want, and which memory it shares.

use crate::buffer::{BLOCK, Buffer};
use crate::fuse::Fused;
use crate::graph::{Operation, Shape, Value};
use crate::kernel::winograd;

/// Buffers of all values that are read or written. Slots are not given yet.
pub(crate) fn layouts(shapes: &[Shape], fused: &Fused, inputs: &[Value]) -> Vec<Buffer> {
    let mut buffers: Vec<Buffer> =
        shapes.iter().map(|&shape| Buffer { slot: 0, shape, lanes: BLOCK, border: [0; 4] }).collect();
    for work in &fused.works {
        let Operation::Conv { window, groups, .. } = &work.operation else { continue };
        let (output, input) = (shapes[work.output], &mut buffers[work.inputs[0]]);
        let tiled = *groups == 1 && winograd::suits(window, input.shape, output);
        let lengths = [(output.height, input.shape.height), (output.width, input.shape.width)];
        for (axis, (output, input_length)) in lengths.into_iter().enumerate() {
            // Tiles of two pixels read on, to where an even number would end.
            let output = if tiled { output.next_multiple_of(2) } else { output };
            let reach =
                output.saturating_sub(1) * window.stride[axis] + (window.kernel[axis] - 1) * window.dilation[axis] + 1;
            let after = reach.saturating_sub(window.before[axis] + input_length);
            input.border[axis] = input.border[axis].max(window.before[axis]);
            input.border[axis + 2] = input.border[axis + 2].max(after);
        }
    }
    // Few channels in a block of 16 would be mostly nothing; but only convolutions over all channels read them otherwise.
    for &value in inputs {
        let reads = |work: &crate::fuse::Work| work.inputs.contains(&value) || work.residual == Some(value);
        let all_flat =
            fused.works.iter().filter(|work| reads(work)).all(|work| {
                work.residual != Some(value) && matches!(work.operation, Operation::Conv { groups: 1, .. })
            });
        let given = fused.outputs.iter().any(|output| output.0 == value);
        if all_flat && !given && shapes[value].channels < BLOCK {
            buffers[value].lanes = shapes[value].channels;
        }
    }
    buffers
}

/// Slots of memory, each for values that do not live at the same time.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// Floats of each.
    pub(crate) sizes: Vec<usize>,
    free: Vec<usize>,
}

impl Slots {
    /// A free slot: the smallest that is large enough, or the largest, which then grows.
    pub(crate) fn take(&mut self, length: usize) -> usize {
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

    pub(crate) fn give_back(&mut self, slot: usize) {
        self.free.push(slot);
    }
}
