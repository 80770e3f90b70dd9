//! Fuzzes the parser of service account key files.
#![no_main]

use gcr_core_fuzz::key_file;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| key_file::check(input));
