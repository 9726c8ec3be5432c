//! Reads TFLite files with tract, and rewrites in memory what tract-tflite does not support.

mod advice;
mod graph;
mod read;
mod rewrite;

pub(crate) use read::{TfliteModel, read};
