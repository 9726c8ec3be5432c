//! Runs convolutional networks with vector kernels. The README follows.
//!
#![doc = include_str!("../README.md")]

mod aligned;
mod buffer;
mod compile;
mod fuse;
mod graph;
mod isa;
mod kernel;
mod layout;
mod pack;
mod program;
mod step;
mod stored;

pub use graph::{ElementType, Graph, Input, Node, Operation, Order, Output, Shape, ValueId, Window};
pub use isa::Isa;
pub use kernel::softmax;
pub use program::{InputData, Program, Workspace};
pub use stored::{FORMAT_MARKER, StoredError};
