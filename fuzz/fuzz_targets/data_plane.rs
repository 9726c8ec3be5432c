//! A request to the data plane: token endpoint, key set, API endpoint.
#![no_main]

mod stack;

libfuzzer_sys::fuzz_target!(|data: &[u8]| stack::CLOUD.with(|cloud| cloud.data_plane(data)));
