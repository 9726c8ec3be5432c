//! A function's zip, unpacked for an environment.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| local_aws::fuzzing::function_zip(data));
