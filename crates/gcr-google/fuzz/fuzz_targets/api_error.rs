//! Fuzzes the parser of error responses.
#![no_main]

use gcr_google_fuzz::api_error;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| api_error::check(input));
