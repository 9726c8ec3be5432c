//! A signed request's headers, and the signature over the rest of the request.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| local_aws::fuzzing::sigv4(data));
