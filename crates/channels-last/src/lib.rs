//! Runs convolutional networks on one core, with the channels of a pixel side by side in memory.
//!
//! A [`Graph`] says what is to be computed. [`Program::compile`] folds, fuses and lays it out once: buffers hold blocks of
//! 16 channels, `[block][row][column][16]`, each with the zero border that its readers want, so that there is neither a
//! padding step nor an im2col; weights are packed in the same blocks, one form for all processors. [`Program::run`]
//! allocates nothing after its first time. The instructions are chosen at run time: AVX-512, AVX2, NEON, or plain Rust.
//!
//! A program can be written to a file and read back ([`Program::save`], [`Program::load`]): reading it is one copy of its
//! weights, without parsing, folding or packing.

mod aligned;
mod buffer;
mod compile;
mod fuse;
mod graph;
mod isa;
mod kernel;
mod pack;
mod place;
mod program;
mod step;
mod stored;

pub use graph::{Element, Graph, Input, Node, Operation, Order, Output, Shape, Value, Window};
pub use isa::Isa;
pub use program::{Program, Source, State};
pub use stored::{FORM, StoredError};
