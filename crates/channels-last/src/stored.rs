//! The file format of a compiled program: a marker line, the length of the header, the header (steps) as JSON, and the packed
//! weights as little-endian floats.
//!
//! Loading is one copy of the weights. There is no compatibility between versions: a function reads only the file that was
//! packaged with it.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::sync::Arc;

use bytemuck::{cast_slice, cast_slice_mut};
use serde::{Deserialize, Serialize};

use crate::aligned::Aligned;
use crate::graph::ElementType;
use crate::program::Program;
use crate::step::Step;

/// The first bytes of a stored program, with the version of the format. Every executable that can load the format contains
/// them too, so packaging can check whether a bootstrap matches. Change the number whenever the stored bytes change.
pub static FORMAT_MARKER: [u8; 16] = *b"channels-last 2\n";
/// Upper limit for the header, in bytes.
const MAX_HEADER_BYTES: u64 = 64 << 20;
/// Upper limit for the weights, and for each memory slot, in floats.
const MAX_FLOATS: usize = 1 << 31;

/// Why a stored program cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// The file cannot be read, or is truncated.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file does not start with [`FORMAT_MARKER`].
    #[error("it is not a compiled model of this version")]
    Format,
    /// The header is damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

#[derive(Serialize, Deserialize)]
struct Header {
    steps: Vec<Step>,
    slots: Vec<usize>,
    inputs: Vec<(usize, ElementType)>,
    outputs: Vec<usize>,
    /// Number of floats.
    weights: usize,
}

impl Program {
    /// Writes the program in the format that [`Program::load`] reads.
    ///
    /// # Errors
    ///
    /// Any error of the writer.
    pub fn save(&self, writer: &mut impl Write) -> io::Result<()> {
        let header = Header {
            steps: self.steps.clone(),
            slots: self.slots.clone(),
            inputs: self.inputs.clone(),
            outputs: self.outputs.clone(),
            weights: self.weights.as_slice().len(),
        };
        let header = serde_json::to_vec(&header)?;
        writer.write_all(&FORMAT_MARKER)?;
        writer.write_all(&(header.len() as u64).to_le_bytes())?;
        writer.write_all(&header)?;
        if cfg!(target_endian = "little") {
            return writer.write_all(cast_slice(self.weights.as_slice()));
        }
        self.weights.as_slice().iter().try_for_each(|weight| writer.write_all(&weight.to_le_bytes()))
    }

    /// Reads a program that [`Program::save`] wrote.
    ///
    /// # Errors
    ///
    /// [`StoredError`] if the data is not a program of this version, is truncated, or refers to memory out of bounds.
    pub fn load(reader: &mut impl Read) -> Result<Arc<Self>, StoredError> {
        let mut start = [0; 24];
        reader.read_exact(&mut start)?;
        let (marker, length) = start.split_at(FORMAT_MARKER.len());
        let length = u64::from_le_bytes(length.try_into().map_err(|_| StoredError::Format)?);
        // black_box keeps the marker in one piece: split into immediates, it could not be found in the executable.
        if marker != black_box(&FORMAT_MARKER) || length > MAX_HEADER_BYTES {
            return Err(StoredError::Format);
        }
        let mut header = Vec::new();
        reader.take(length).read_to_end(&mut header)?;
        let header: Header =
            serde_json::from_slice(&header).map_err(|error| StoredError::Damaged(error.to_string()))?;
        check(&header).map_err(StoredError::Damaged)?;
        let mut weights = Aligned::zeroed(header.weights);
        reader.read_exact(cast_slice_mut(weights.as_mut_slice()))?;
        if cfg!(target_endian = "big") {
            weights
                .as_mut_slice()
                .iter_mut()
                .for_each(|weight| *weight = f32::from_bits(weight.to_bits().swap_bytes()));
        }
        let Header { steps, slots, inputs, outputs, .. } = header;
        Ok(Arc::new(Self { steps, slots, inputs, outputs, weights }))
    }
}

/// Checks that every step stays inside its slots and the weights.
fn check(header: &Header) -> Result<(), String> {
    if header.weights > MAX_FLOATS || header.slots.iter().any(|&slot| slot > MAX_FLOATS) {
        return Err("its header asks for too much memory".to_owned());
    }
    for (index, step) in header.steps.iter().enumerate() {
        let inside = |buffer: &crate::buffer::Buffer| {
            buffer.lanes != 0 && header.slots.get(buffer.slot).is_some_and(|&slot| buffer.len() <= slot)
        };
        let index_is_valid = match step {
            Step::ReadInput { input, .. } => *input < header.inputs.len(),
            Step::WriteOutput { output, .. } => *output < header.outputs.len(),
            _ => true,
        };
        let weights_fit = step
            .weight_ranges()
            .iter()
            .all(|&(start, length)| start.checked_add(length).is_some_and(|end| end <= header.weights));
        if !index_is_valid || !weights_fit || !step.buffers().iter().all(inside) {
            return Err(format!("step {index} accesses memory out of bounds"));
        }
    }
    Ok(())
}
