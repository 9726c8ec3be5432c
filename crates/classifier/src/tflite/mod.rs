//! Reads TFLite files: an importer from the flatbuffer to a tract model, in the file's own order of axes (NHWC).
//!
//! - [`graph`] reads the file's parts and checks every index; [`constant`] reads the constants.
//! - [`ops`] has one table from operator to function, and one small file per family of operators. A function wires tract
//!   operators through [`operator::Operator`], which computes at once what depends on constants only. The batch is 1 and the
//!   image size is known, so all shape arithmetic disappears.
//! - Everything quantized is computed as real numbers. Weights become real numbers when the file is read. After an operator with a
//!   quantized output comes [`quantize::FakeQuantize`], which rounds and clamps as the integers of the file would, so a
//!   full-integer model gives the numbers that LiteRT gives, except for a step here and there where LiteRT approximates. Models
//!   with 8-bit weights and float activations (dynamic range) are computed in floats throughout: LiteRT also quantizes their
//!   activations, which loses precision, and differs between its backends.
//! - A quantized input of type uint8 takes the bytes of the pixels unchanged, and one of type int8 takes the byte minus 128. So
//!   feed them TensorFlow's and Coral's examples: the converter was shown the normalized images, and its scale and zero point
//!   map the lowest normalized value to the lowest integer. A quantized output gives real numbers.

mod advice;
mod constant;
mod graph;
mod operator;
mod ops;
mod quantize;
mod read;

pub(crate) use read::{TfliteModel, read};
