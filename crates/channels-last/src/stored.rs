//! A program as a file: a line that names the form, its length, the steps as JSON, and the weights as they lie in memory.
//!
//! Reading it is one copy. The form is this version's own: it is written where a function is packaged and read by the
//! function that was packaged with it.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::sync::Arc;

use bytemuck::{cast_slice, cast_slice_mut};
use serde::{Deserialize, Serialize};

use crate::aligned::Aligned;
use crate::graph::Element;
use crate::program::Program;
use crate::step::Step;

/// The first bytes of a stored program; they name its form. Every executable that reads the form has them in it, too.
pub static FORM: [u8; 16] = *b"channels-last 2\n";
/// Bytes that steps may have.
const MOST_STEPS: u64 = 64 << 20;
/// Floats that weights may have.
const MOST_WEIGHTS: usize = 1 << 31;

/// Why a stored program cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// It cannot be read at all, or ends too early.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is something else, or of another version.
    #[error("it is no stored program of this version")]
    Form,
    /// It is damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
}

#[derive(Serialize, Deserialize)]
struct Head {
    steps: Vec<Step>,
    slots: Vec<usize>,
    inputs: Vec<(usize, Element)>,
    outputs: Vec<usize>,
    weights: usize,
}

impl Program {
    /// Writes it.
    ///
    /// # Errors
    ///
    /// What the writer fails with.
    pub fn save(&self, writer: &mut impl Write) -> io::Result<()> {
        let head = Head {
            steps: self.steps.clone(),
            slots: self.slots.clone(),
            inputs: self.inputs.clone(),
            outputs: self.outputs.clone(),
            weights: self.weights.as_slice().len(),
        };
        let head = serde_json::to_vec(&head)?;
        writer.write_all(&FORM)?;
        writer.write_all(&(head.len() as u64).to_le_bytes())?;
        writer.write_all(&head)?;
        if cfg!(target_endian = "little") {
            return writer.write_all(cast_slice(self.weights.as_slice()));
        }
        self.weights.as_slice().iter().try_for_each(|weight| writer.write_all(&weight.to_le_bytes()))
    }

    /// Reads what [`Program::save`] has written.
    ///
    /// # Errors
    ///
    /// [`StoredError`] for what is no stored program, is cut short, or has places outside its memory.
    pub fn load(reader: &mut impl Read) -> Result<Arc<Self>, StoredError> {
        let mut start = [0; 24];
        reader.read_exact(&mut start)?;
        let (magic, length) = start.split_at(FORM.len());
        let length = u64::from_le_bytes(length.try_into().map_err(|_| StoredError::Form)?);
        // Compared as it lies in memory: else a compiler would take it apart, and nobody would find it in the executable.
        if magic != black_box(&FORM) || length > MOST_STEPS {
            return Err(StoredError::Form);
        }
        let mut head = Vec::new();
        reader.take(length).read_to_end(&mut head)?;
        let head: Head = serde_json::from_slice(&head).map_err(|error| StoredError::Damaged(error.to_string()))?;
        check(&head).map_err(StoredError::Damaged)?;
        let mut weights = Aligned::zeroed(head.weights);
        reader.read_exact(cast_slice_mut(weights.as_mut_slice()))?;
        if cfg!(target_endian = "big") {
            weights
                .as_mut_slice()
                .iter_mut()
                .for_each(|weight| *weight = f32::from_bits(weight.to_bits().swap_bytes()));
        }
        let Head { steps, slots, inputs, outputs, .. } = head;
        Ok(Arc::new(Self { steps, slots, inputs, outputs, weights }))
    }
}

/// Whether all places lie inside the memory.
fn check(head: &Head) -> Result<(), String> {
    if head.weights > MOST_WEIGHTS || head.slots.iter().any(|&slot| slot > MOST_WEIGHTS) {
        return Err("its sizes are beyond what a program has".to_owned());
    }
    for (index, step) in head.steps.iter().enumerate() {
        let inside = |buffer: &crate::buffer::Buffer| {
            buffer.lanes != 0 && head.slots.get(buffer.slot).is_some_and(|&slot| buffer.len() <= slot)
        };
        let known = match step {
            Step::Read { input, .. } => *input < head.inputs.len(),
            Step::Write { output, .. } => *output < head.outputs.len(),
            _ => true,
        };
        let fits = step
            .weights()
            .iter()
            .all(|&(start, length)| start.checked_add(length).is_some_and(|end| end <= head.weights));
        if !known || !fits || !step.buffers().iter().all(inside) {
            return Err(format!("step {index} lies outside its memory"));
        }
    }
    Ok(())
}
