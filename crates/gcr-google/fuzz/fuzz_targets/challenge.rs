//! Fuzzes the parser of challenges.
#![no_main]

use gcr_google_fuzz::challenge;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| challenge::check(input));
