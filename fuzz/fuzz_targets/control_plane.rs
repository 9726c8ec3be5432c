//! A request to the control plane: the wire protocols, AWS's models, and the operation itself on a stack.
#![no_main]

mod stack;

libfuzzer_sys::fuzz_target!(|data: &[u8]| stack::CLOUD.with(|cloud| cloud.control_plane(data)));
