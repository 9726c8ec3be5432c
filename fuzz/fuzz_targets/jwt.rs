//! An Authorization header and the claims of a token, in the authorizer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| local_aws::fuzzing::jwt(data));
