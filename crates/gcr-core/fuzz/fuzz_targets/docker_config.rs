//! Fuzzes the parser of Docker configs in Secrets.
#![no_main]

use gcr_core_fuzz::docker_config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| docker_config::check(input));
