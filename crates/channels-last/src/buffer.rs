//! Where a value lies: in which slot of the memory, and how.

use serde::{Deserialize, Serialize};

use crate::graph::Shape;

/// Channels of a block. One vector of AVX-512, two of AVX2, four of NEON.
pub(crate) const BLOCK: usize = 16;

/// `[block][row][column][lane]`, with a border around each block's rows and columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Buffer {
    pub(crate) slot: usize,
    pub(crate) shape: Shape,
    /// Lanes of a pixel in a block: [`BLOCK`], or the channels themselves where there are few and only convolutions read.
    pub(crate) lanes: usize,
    /// Width of the border above, to the left, below, to the right.
    pub(crate) border: [usize; 4],
}

impl Buffer {
    pub(crate) fn blocks(&self) -> usize {
        self.shape.channels.div_ceil(self.lanes)
    }

    /// Pixels from one row to the next.
    pub(crate) fn pitch(&self) -> usize {
        self.border[1] + self.shape.width + self.border[3]
    }

    /// Pixels from one block to the next.
    pub(crate) fn plane(&self) -> usize {
        (self.border[0] + self.shape.height + self.border[2]) * self.pitch()
    }

    /// Floats in all.
    pub(crate) fn len(&self) -> usize {
        self.blocks() * self.plane() * self.lanes
    }

    /// The pixel of a block, row and column; the rows and columns of the border come before 0.
    pub(crate) fn pixel(&self, block: usize, row: usize, column: usize) -> usize {
        block * self.plane() + (self.border[0] + row) * self.pitch() + self.border[1] + column
    }

    pub(crate) fn has_border(&self) -> bool {
        self.border != [0; 4]
    }

    /// Sets the border to zero. The memory may have held something else.
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
