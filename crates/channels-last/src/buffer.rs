//! Where a value is stored: which slot it uses, and how its elements are laid out.

use serde::{Deserialize, Serialize};

use crate::graph::Shape;

/// Channels per block: one AVX-512 vector, two AVX2 vectors, or four NEON vectors.
pub(crate) const BLOCK: usize = 16;

/// A value laid out as `[block][row][column][lane]`, with a border of zeros around each block's image. Serialized names are
/// part of the stored form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Buffer {
    /// Index of the slot in the program's memory.
    pub(crate) slot: usize,
    pub(crate) shape: Shape,
    /// Floats per pixel of a block. This is [`BLOCK`], or fewer for a compact network input, which only convolutions read.
    pub(crate) lanes: usize,
    /// Border in pixels: top, left, bottom, right.
    pub(crate) border: [usize; 4],
}

impl Buffer {
    pub(crate) fn blocks(&self) -> usize {
        self.shape.channels.div_ceil(self.lanes)
    }

    /// Distance from one row to the next, in pixels.
    pub(crate) fn pitch(&self) -> usize {
        self.border[1] + self.shape.width + self.border[3]
    }

    /// Distance from one block to the next, in pixels.
    pub(crate) fn plane(&self) -> usize {
        (self.border[0] + self.shape.height + self.border[2]) * self.pitch()
    }

    /// Size in floats, borders included.
    pub(crate) fn len(&self) -> usize {
        self.blocks() * self.plane() * self.lanes
    }

    /// Index of a pixel inside the border, counted in pixels.
    pub(crate) fn pixel(&self, block: usize, row: usize, column: usize) -> usize {
        block * self.plane() + (self.border[0] + row) * self.pitch() + self.border[1] + column
    }

    pub(crate) fn has_border(&self) -> bool {
        self.border != [0; 4]
    }

    /// Sets the border to zero. Needed because slots are reused and may hold old values.
    pub(crate) fn clear_border(&self, data: &mut [f32]) {
        if !self.has_border() {
            return;
        }
        let [top, left, bottom, right] = self.border.map(|width| width * self.lanes);
        let row = self.pitch() * self.lanes;
        for plane in data[..self.len()].chunks_exact_mut(self.plane() * self.lanes) {
            let below = plane.len() - bottom / self.lanes * row;
            plane[..top / self.lanes * row].fill(0.0);
            plane[below..].fill(0.0);
            for row in plane[top / self.lanes * row..below].chunks_exact_mut(row) {
                let end = row.len() - right;
                row[..left].fill(0.0);
                row[end..].fill(0.0);
            }
        }
    }
}
